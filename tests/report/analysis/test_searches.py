"""Compared searches: kinds paired by seed, claims on them, and the margin of scores that are no accuracies."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from paper_optimizers import from_text, get
from reproduce.outcomes import Outcome, ScoreBeside, ScreenedOut, Trained
from reproduce.report.analysis.searches import (
    contenders_against,
    equal_finds,
    kinds_against,
    margin_of_scores,
    unpaired_seeds,
)
from reproduce.report.claims.search import KindBeats, SearchesBeat
from reproduce.report.collection import Collection
from reproduce.report.stored_search import StoredComparison
from reproduce.report.tables.search_comparison import comparison_table
from reproduce.report.tables.search_finds import finds_table
from reproduce.search.protocol import SearchProtocol, load_search_protocol
from reproduce.search.rescoring import baselines
from reproduce.search.trials import SCHEMA, Contender, Trial

SMOKE = load_search_protocol("smoke")
SEEDS = (0, 1, 2, 3, 4)
FRESH = (101, 102, 103)
PROTOCOL: SearchProtocol = replace(
    SMOKE,
    comparison=replace(SMOKE.comparison, seeds=SEEDS, algorithms=("paper", "random", "aging"), spaces=(), top=1),
    rescoring=replace(SMOKE.rescoring, seeds=FRESH),
)
ADAM = baselines(["Adam"])[0]
NOISE = (0.004, -0.004, 0.002, -0.002, 0.0)
#: What is added to that for another kind than "paper, full": small beside it only where pairs are pairs.
OWN = (0.0002, -0.0001, 0.0, 0.0001, -0.0002)


def contender(kind: str, seed: int) -> Contender:
    name = f"{kind}-{seed}"
    return Contender(name, get("SGD"), name)


def searches(kinds: tuple[str, ...]) -> list[SimpleNamespace]:
    """The parts of a search that the analysis asks for: its kind, its seed, and its best."""

    def one(kind: str, seed: int) -> SimpleNamespace:
        find = SimpleNamespace(contender=contender(kind, seed), search_score=0.8)
        return SimpleNamespace(
            kind=kind, plan=SimpleNamespace(seed=seed, name=kind), finds=lambda protocol: [find], records=()
        )

    return [one(kind, seed) for seed in SEEDS for kind in kinds]


def trial(fingerprint: str, seed: int, outcome: Outcome) -> Trial:
    return Trial(SCHEMA, "hash", "data", "evolution", fingerprint, fingerprint, seed, outcome, 1.0, "a CPU", {})


def trained(score: float, beside: tuple[ScoreBeside, ...] = ()) -> Trained:
    return Trained(score, 0.1, (), (score,), (score,), cut=False, beside=beside or None)


def scored(kinds: dict[str, float], **settings: object) -> list[Trial]:
    """Fresh scores: of each kind its mean, moved by seed; of Adam 0.8."""
    trials = [
        trial(
            f"{kind}-{seed}",
            fresh,
            trained(mean + NOISE[seed] + (0.0 if kind == "paper, full" else OWN[seed]), **settings),
        )
        for kind, mean in kinds.items()
        for seed in SEEDS
        for fresh in FRESH
    ]
    return [*trials, *(trial(ADAM.fingerprint, fresh, trained(0.8, **settings)) for fresh in FRESH)]


def test_kinds_are_paired_by_the_seeds_of_their_searches() -> None:
    kinds = {"paper, full": 0.85, "random, full": 0.80, "aging, full": 0.85}
    found = kinds_against(PROTOCOL, searches(tuple(kinds)), scored(kinds), "paper, full")
    assert list(found) == ["random, full", "aging, full"]
    assert found["random, full"].mean == pytest.approx(-0.05)
    assert (found["random, full"].n, found["random, full"].comparisons) == (5, 2)
    assert found["random, full"].sd == pytest.approx(0.000158, abs=1e-6)
    assert found["random, full"].verdict == "CONTRADICTED"
    assert found["aging, full"].verdict == "EQUIVALENT"


def test_a_search_whose_find_was_not_scored_with_every_seed_does_not_count() -> None:
    kinds = {"paper, full": 0.85, "random, full": 0.80}
    trials = [each for each in scored(kinds) if (each.fingerprint, each.seed) != ("random, full-3", FRESH[1])]
    difference = kinds_against(PROTOCOL, searches(tuple(kinds)), trials, "paper, full")["random, full"]
    # Aging evolution was not run, and counts.
    assert (difference.n, difference.verdict, difference.comparisons) == (4, "NOT RUN", 2)
    assert kinds_against(PROTOCOL, searches(tuple(kinds)), [], "paper, full") == {}


def test_a_run_that_could_not_be_trained_counts_0() -> None:
    kinds = {"paper, full": 0.9, "random, full": 0.9}
    trials = [
        replace(each, outcome=ScreenedOut("first", ())) if each.fingerprint.startswith("random") else each
        for each in scored(kinds)
    ]
    assert kinds_against(PROTOCOL, searches(tuple(kinds)), trials, "paper, full")["random, full"].mean < -0.89


def test_the_margin_of_mean_shares_is_a_point() -> None:
    share = (ScoreBeside("text", 0.4, 0.1, 3),)
    assert margin_of_scores(scored({}, beside=share), 1.1) == 0.01
    assert margin_of_scores(scored({}), 0.95) == pytest.approx(0.005)
    contenders = [contender("paper, full", 0)]
    found = contenders_against(scored({"paper, full": 0.8}, beside=share), contenders, ADAM, 3)
    assert found["paper, full-0"].margin == 0.01


def collection(kinds: dict[str, float], protocol: SearchProtocol = PROTOCOL) -> Collection:
    compared = StoredComparison(protocol, searches(tuple(kinds)), scored(kinds))  # type: ignore[arg-type]
    return Collection("own", Path(), (), {}, comparison=compared)


def test_claims_on_kinds_of_search() -> None:
    found = collection({"paper, full": 0.85, "random, full": 0.80})
    beats = KindBeats("random, full", "paper, full", 5).check(found)
    assert beats.verdict == "CONTRADICTED"
    assert beats.evidence.startswith("random, full against paper, full: -5.00 points of the best validation accuracy (")
    assert beats.evidence.endswith(
        "n = 5 searches of each, the best of each with 3 fresh seeds, 96 % for 2 comparisons together; "
        "the same find in 0 of them; digits, on a CPU"
    )
    assert KindBeats("paper, full", "random, full", 5).check(found).verdict == "SUPPORTED"
    assert KindBeats("paper, full", "random, full", 6).check(found).verdict == "NOT RUN"
    assert KindBeats("aging, full", "random, full", 5).check(found).verdict == "NOT RUN"
    nothing = replace(found, comparison=None)
    assert KindBeats("paper, full", "random, full", 5).check(nothing).verdict == "NOT RUN"


def test_an_undecided_claim_on_kinds_says_how_many_searches_would_settle_it() -> None:
    found = collection({"paper, full": 0.85, "random, full": 0.80})
    compared = found.comparison
    assert compared is not None
    spread = dict(zip(SEEDS, (0.08, -0.06, 0.05, -0.04, 0.02), strict=True))
    trials = [
        replace(each, outcome=trained(0.85 + spread[int(each.fingerprint[-1])]))
        if each.fingerprint.startswith("random")
        else each
        for each in compared.trials
    ]
    wide = replace(found, comparison=replace(compared, trials=trials))
    finding = KindBeats("random, full", "paper, full", 5).check(wide)
    difference = kinds_against(PROTOCOL, compared.searches, trials, "paper, full")["random, full"]
    assert finding.verdict == difference.verdict == "UNDECIDED"
    needed = difference.seeds_to_settle
    assert needed is not None
    assert needed > 5
    end = f"in 0 of them; {needed} searches of each kind would settle it; digits, on a CPU"
    assert finding.evidence.endswith(end)
    assert "would settle it" not in KindBeats("random, full", "paper, full", 5).check(found).evidence


def test_claims_on_finds_of_searches_beside_a_known_optimizer() -> None:
    found = collection({"paper, full": 0.85, "random, full": 0.80})
    # Runs of one find are all alike here, and without a spread nothing is decided.
    assert SearchesBeat("paper, full", "Adam", 3, 5).check(found).verdict == "UNDECIDED"
    compared = found.comparison
    assert compared is not None
    spread = [
        replace(each, outcome=trained(each.score + 0.001 * (each.seed - 102)))
        if each.fingerprint.startswith("paper") and each.score is not None
        else each
        for each in compared.trials
    ]
    spread_found = replace(found, comparison=replace(compared, trials=spread))
    fewer = replace(spread_found, comparison=replace(compared, trials=spread, searches=compared.searches[:-2]))
    assert SearchesBeat("paper, full", "Adam", 3, 4).check(fewer).verdict == "NOT RUN"
    beats = SearchesBeat("paper, full", "Adam", 3, 5).check(spread_found)
    assert beats.verdict == "SUPPORTED"
    assert beats.evidence.startswith("finds better than Adam: 5 SUPPORTED (")
    assert SearchesBeat("paper, full", "Adam", 3, 6).check(spread_found).verdict == "NOT RUN"
    assert SearchesBeat("paper, full", "Nadam", 1, 1).check(spread_found).verdict == "NOT RUN"
    assert SearchesBeat("aging, full", "Adam", 1, 1).check(spread_found).verdict == "NOT RUN"


def test_seeds_with_which_two_kinds_found_the_same_are_counted() -> None:
    compared = searches(("paper, full", "random, full"))
    assert equal_finds(PROTOCOL, compared, ("paper, full", "random, full")) == 0
    for each in compared[:4]:
        each.finds(PROTOCOL)[0].contender = contender("same", each.plan.seed)
    assert equal_finds(PROTOCOL, compared, ("paper, full", "random, full")) == 2
    assert equal_finds(PROTOCOL, compared, ("paper, full", "aging, full")) == 0


def test_the_table_tests_differences_from_five_searches_on() -> None:
    kinds = {"paper, full": 0.85, "random, full": 0.80}
    table = comparison_table(PROTOCOL, searches(tuple(kinds)), scored(kinds), "here")  # type: ignore[arg-type]
    titles = [column.title for column in table.columns]
    lines = {line[0].text: [cell.text for cell in line] for line in table.lines()}
    assert lines["random, full"][titles.index("To paper, full")] == "-5.00"
    assert lines["random, full"][titles.index("Verdict")] == "CONTRADICTED"
    assert lines["paper, full"][titles.index("Verdict")] == lines["Adam"][titles.index("Verdict")] == "-"
    assert "searches paired by seed" in table.caption
    unscored = comparison_table(PROTOCOL, searches(tuple(kinds)), [], "here")  # type: ignore[arg-type]
    verdicts = {line[0].text: line[titles.index("Verdict")].text for line in unscored.lines()}
    assert verdicts == {"paper, full": "-", "random, full": "not run", "Adam": "-", "AdamW": "-", "Nesterov": "-"}
    few = replace(PROTOCOL, comparison=replace(PROTOCOL.comparison, seeds=SEEDS[:4]))
    untested = comparison_table(few, searches(tuple(kinds)), scored(kinds), "here")  # type: ignore[arg-type]
    assert "Verdict" not in [column.title for column in untested.columns]
    assert "shows, and does not test, differences" in untested.caption


def test_the_table_of_finds_has_what_a_reader_needs_to_load_one() -> None:
    """The formula, the rate chosen most often on each task, and differences as the claim on the searches has them."""
    kinds = {"paper, full": 0.85, "random, full": 0.80}
    trials = scored(kinds, beside=(ScoreBeside("text", 0.5, 0.01, 3),))
    (digits,) = PROTOCOL.evolution.tasks
    tasks = (replace(digits, reference=0.9), replace(digits, name="text", reference=0.5))
    both = replace(PROTOCOL, evolution=replace(PROTOCOL.evolution, tasks=tasks))
    table = finds_table(both, searches(tuple(kinds)), trials, "here")  # type: ignore[arg-type]
    assert [section.title for section in table.sections] == ["paper, full", "random, full", "baselines"]
    assert [len(section.lines) for section in table.sections] == [5, 5, 3]
    titles = [column.title for column in table.columns]
    own, *_ = table.sections[0].lines
    shown = dict(zip(titles, (cell.text for cell in own), strict=False))
    assert from_text(shown["formula"]) == get("SGD")
    assert (shown["rate"], shown["To Adam"]) == ("0.1, 0.01", "+5.40")
    assert " on digits, then on text; " in table.caption
    claimed = contenders_against(trials, [contender("paper, full", seed) for seed in SEEDS], ADAM, 3)
    assert shown["Verdict"] == claimed["paper, full-0"].verdict
    assert own[titles.index("To Adam")].value == claimed["paper, full-0"].mean
    assert "points of the mean share of the tasks' reference accuracies, paired by seed" in table.caption
    unscored = finds_table(PROTOCOL, searches(tuple(kinds)), [], "here")  # type: ignore[arg-type]
    assert {line[titles.index("again")].text for line in unscored.lines()} == {"not run"}


def moved(trials: list[Trial], fingerprint: str, seeds: tuple[int, ...] = FRESH) -> list[Trial]:
    """The same trials, those of one find with these fresh seeds on another device."""
    return [
        replace(each, device="another CPU") if each.fingerprint == fingerprint and each.seed in seeds else each
        for each in trials
    ]


def test_searches_that_were_scored_on_different_devices_are_no_pair() -> None:
    kinds = {"paper, full": 0.85, "random, full": 0.80}
    compared, trials = searches(tuple(kinds)), scored(kinds)
    for some in (FRESH, FRESH[1:2]):
        apart = moved(trials, "random, full-3", some)
        difference = kinds_against(PROTOCOL, compared, apart, "paper, full")["random, full"]
        assert (difference.n, difference.planned, difference.verdict) == (4, 5, "NOT RUN")
        assert unpaired_seeds(PROTOCOL, compared, apart, ("random, full", "paper, full")) == [3]
        # A pair that was moved as a whole is a pair, seed by fresh seed.
        together = moved(apart, "paper, full-3", some)
        assert kinds_against(PROTOCOL, compared, together, "paper, full") == kinds_against(
            PROTOCOL, compared, trials, "paper, full"
        )
        assert unpaired_seeds(PROTOCOL, compared, together, ("random, full", "paper, full")) == []
    assert unpaired_seeds(PROTOCOL, compared, trials, ("aging, full", "paper, full")) == list(SEEDS)


def test_a_claim_names_the_seeds_that_lack_a_pair() -> None:
    found = collection({"paper, full": 0.85, "random, full": 0.80})
    compared = found.comparison
    assert compared is not None
    trials = moved(moved(list(compared.trials), "random, full-3"), "paper, full-1", FRESH[:1])
    apart = replace(found, comparison=replace(compared, trials=trials))
    finding = KindBeats("paper, full", "random, full", 5).check(apart)
    assert finding.verdict == "NOT RUN"
    assert finding.evidence == (
        "no comparison of 5 searches each of paper, full and random, full: no pair scored on one device with the seeds "
        "1 and 3"
    )
    table = comparison_table(PROTOCOL, compared.searches, trials, "here")
    assert table.caption.endswith(" random, full has no pair scored on one device with the seeds 1 and 3.")
    few = KindBeats("paper, full", "random, full", 6).check(found)
    assert few.evidence == "no comparison of 6 searches each of paper, full and random, full"


def test_a_find_and_a_baseline_on_different_devices_are_not_compared() -> None:
    trials = scored({"paper, full": 0.85})
    own = contender("paper, full", 0)
    apart = contenders_against(moved(trials, own.fingerprint, FRESH[:1]), [own], ADAM, 3)[own.fingerprint]
    assert (apart.n, apart.verdict) == (2, "NOT RUN")
    assert contenders_against(moved(trials, own.fingerprint), [own], ADAM, 3) == {}
