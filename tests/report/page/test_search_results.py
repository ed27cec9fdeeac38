"""Searches read from disk, shown and judged without scoring anything; scores are invented."""

import dataclasses
import json
import re
import shutil
from pathlib import Path

import pytest

from reproduce.elimination.protocol import load_elimination_protocol
from reproduce.elimination.rounds import eliminate, read_entrants
from reproduce.errors import LedgerError
from reproduce.outcomes import Outcome, ScreenedOut
from reproduce.protocols import plain_settings
from reproduce.report.claims.findings import Finding
from reproduce.report.claims.search import BestScoresShrink, FindsBeat, NothingScoredTwice
from reproduce.report.collection import Collection, read_collection
from reproduce.report.forms import FORMS
from reproduce.report.page.search import search_results
from reproduce.report.stored_search import StoredSearch
from reproduce.report.tables.search_cost import search_cost_table
from reproduce.results_layout import COMPARISON, ELIMINATION, LEDGER_FILE, NOISE, RESCORING_FILE, SEARCH, SETTINGS_FILE
from reproduce.search.comparison import compare_finals, run_comparison
from reproduce.search.plan import search_plan
from reproduce.search.protocol import SearchProtocol
from reproduce.search.records import Rejection, Sample, StageEvaluation
from reproduce.search.rescoring import baselines, different, rescore
from reproduce.search.results import top
from reproduce.search.search import run_search
from reproduce.search.trials import Trial
from reproduce.stored_settings import write_stored_settings
from tests.report.figures.test_search_figures import TINY as PICTURED
from tests.report.tables.test_accuracy_tables import shown
from tests.search.fakes import FakeScorer, Witness, fake_scorers

PROTOCOL: SearchProtocol = PICTURED
ROUNDS = load_elimination_protocol("smoke")


def bare(place: Path) -> Collection:
    """A profile of which neither search nor comparison was read."""
    return Collection(place.name, place, (), {})


def settings(folder: Path, protocol: object, **beside: object) -> None:
    """The settings that commands write beside a ledger; nobody takes their word for a hash."""
    write_stored_settings(folder, plain_settings(protocol), **beside)


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of results with a search, a comparison, a noise floor and an elimination."""
    place = tmp_path_factory.mktemp("rows") / PROTOCOL.profile
    scorers = fake_scorers()
    silent = {"on_trial": lambda trial, left: None, "notify": lambda text: None}

    def run(plan, path, cache=None):
        return run_search(plan, path, scorers, Witness(), cache)

    settings(place / SEARCH, PROTOCOL, hash=PROTOCOL.search_hash())
    records = run(search_plan(PROTOCOL), place / SEARCH / LEDGER_FILE)
    contenders = [each.contender for each in top(records, PROTOCOL.rescoring.top)]
    known = baselines(PROTOCOL.rescoring.baselines)
    again = [*contenders, *known]
    rescore(PROTOCOL, place / SEARCH / RESCORING_FILE, scorers["evolution"], again, PROTOCOL.rescoring.seeds, **silent)
    settings(place / COMPARISON, PROTOCOL, hash=PROTOCOL.comparison_hash())
    searches = run_comparison(PROTOCOL, place / COMPARISON, scorers, run)
    compare_finals(PROTOCOL, place / COMPARISON / RESCORING_FILE, searches, scorers, **silent)
    settings(place / NOISE, PROTOCOL, hash=PROTOCOL.scoring_hash())
    noisy = baselines([PROTOCOL.noise.optimizer])
    rescore(PROTOCOL, place / NOISE / LEDGER_FILE, scorers["evolution"], noisy, PROTOCOL.noise.seeds, **silent)
    settings(place / ELIMINATION, ROUNDS, searches=[f"../{SEARCH}/{LEDGER_FILE}"])
    entrants = different([each.contender for each in top(records, ROUNDS.entrants)])
    fake = FakeScorer()
    eliminate(
        ROUNDS, place / ELIMINATION / LEDGER_FILE, entrants, baselines(ROUNDS.baselines), lambda _: fake, **silent
    )
    return place.parent


@pytest.fixture(scope="module")
def found(rows: Path) -> Collection:
    return read_collection(rows, PROTOCOL.profile)


def test_everything_that_searches_left_is_shown(found: Collection) -> None:
    results = search_results(found)
    assert [table.name for table in results.tables] == [
        "rescoring", "search_cost", "elimination", "noise_floor", "search_comparison",
        "search_finds", "search_comparison_cost",
    ]  # fmt: skip
    again = search_results(found)
    for table, other in zip(results.tables, again.tables, strict=True):
        assert not table.is_empty
        for form in FORMS.values():
            assert form(table) == form(other)
    assert [picture.name for picture in results.pictures] == [
        "best_so_far", "acceptance", "operators", "shrinkage", "elimination",
        "best_so_far_compared",
    ]  # fmt: skip


def test_nothing_is_shown_of_nothing(tmp_path: Path) -> None:
    empty = read_collection(tmp_path, "tiny")
    assert empty.search is None
    results = search_results(empty)
    assert (results.tables, results.pictures) == ((), ())


def test_an_elimination_that_is_not_over_shows_the_rounds_that_are(found: Collection, tmp_path: Path) -> None:
    shutil.copytree(found.folder / SEARCH, tmp_path / "partial" / SEARCH)
    place = tmp_path / "partial"
    settings(place / ELIMINATION, ROUNDS, searches=[f"../{SEARCH}/{LEDGER_FILE}"])
    lines = (found.folder / ELIMINATION / LEDGER_FILE).read_bytes().splitlines(keepends=True)
    first = [line for line in lines if json.loads(line)["part"] == ROUNDS.rounds[0].name]
    (place / ELIMINATION / LEDGER_FILE).write_bytes(b"".join([*first, *lines[len(first) : len(first) + 1]]))
    (table,) = search_results(bare(place)).tables
    assert [column.title for column in table.columns[1:-1]] == [ROUNDS.rounds[0].name]
    (place / ELIMINATION / LEDGER_FILE).write_bytes(b"".join(first[:-1]))
    assert search_results(bare(place)).tables == ()


def test_an_elimination_of_the_finds_of_two_searches_is_shown(found: Collection, tmp_path: Path) -> None:
    """The profile's own search is another, or there is none."""
    for name in ("one", "two"):
        shutil.copytree(found.folder / SEARCH, tmp_path / name)
    folder, ledgers = tmp_path / "profile" / ELIMINATION, [tmp_path / name / LEDGER_FILE for name in ("one", "two")]
    settings(folder, ROUNDS, searches=[f"../../{name}/{LEDGER_FILE}" for name in ("one", "two")])
    entrants = read_entrants(ROUNDS, ledgers)
    fake = FakeScorer()
    silent = {"on_trial": lambda trial, left: None, "notify": lambda text: None}
    eliminate(ROUNDS, folder / LEDGER_FILE, entrants, baselines(ROUNDS.baselines), lambda _: fake, **silent)
    (table,) = search_results(bare(tmp_path / "profile")).tables
    names = [line[0].text for line in table.lines()]
    assert sorted(names[: len(entrants)]) == sorted(each.name for each in entrants)
    assert all(name.startswith("1#") for name in names[: len(entrants)])  # The second search found the same.
    (tmp_path / "two" / LEDGER_FILE).unlink()
    with pytest.raises(LedgerError, match="no ledger"):
        search_results(bare(tmp_path / "profile"))


def edited(value: object, *keys: str | int, to: object) -> object:
    """Plain data with one value in it replaced."""
    if not keys:
        return to
    first, *others = keys
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[first] = edited(copy[first], *others, to=to)
    return copy


@pytest.mark.parametrize(
    ("name", "keys", "to", "field"),
    [
        (SEARCH, ("sizes", "children"), 3, "protocol"),
        (SEARCH, ("evolution", "tasks", 0, "model", "width"), 8, "protocol"),
        (SEARCH, ("seed",), 5, "seed"),
        (SEARCH, ("algorithm",), "elitist", "algorithm"),
        (SEARCH, ("profile",), "gpu", "profile"),
        (COMPARISON, ("comparison", "epochs"), 21, "protocol"),
        (NOISE, ("evolution", "tasks", 0, "model", "width"), 8, "protocol"),
        (ELIMINATION, ("rounds", 0, "surrogate", "tasks", 0, "model", "width"), 9, "protocol"),
    ],
)
def test_settings_that_were_edited_after_the_run_are_refused(
    rows: Path, tmp_path: Path, name: str, keys: tuple[str | int, ...], to: object, field: str
) -> None:
    """The ledger's own hash says what was measured, whatever hash still stands in the file."""
    place = tmp_path / PROTOCOL.profile
    shutil.copytree(rows / PROTOCOL.profile, place)
    path = place / name / SETTINGS_FILE
    document = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(edited(document, "protocol", *keys, to=to)), encoding="utf-8")
    with pytest.raises(LedgerError, match=rf"protocol\.json was changed after .*: {field} is \S+ in line 1 of that"):
        search_results(read_collection(tmp_path, PROTOCOL.profile))


@pytest.mark.parametrize("name", [SEARCH, COMPARISON])
def test_finals_that_were_scored_under_other_settings_are_refused(rows: Path, tmp_path: Path, name: str) -> None:
    place = tmp_path / PROTOCOL.profile
    shutil.copytree(rows / PROTOCOL.profile, place)
    path = place / name / RESCORING_FILE
    path.write_text(path.read_text(encoding="utf-8").replace(PROTOCOL.scoring_hash(), "0" * 16), encoding="utf-8")
    with pytest.raises(LedgerError, match=f"protocol is {'0' * 16} in line 1 of that ledger"):
        search_results(read_collection(tmp_path, PROTOCOL.profile))


def test_the_cost_counts_every_record_once(found: Collection) -> None:
    assert found.search is not None
    records = found.search.records
    table = search_cost_table(records, {"initial": 1, "evolution": 2}, "profile tiny, invented")
    counted = sum(line[1].value for line in table.lines())
    assert counted == sum(isinstance(record, Rejection | StageEvaluation) for record in records)
    diverged = next(line for line in shown(table)[-1:])
    assert diverged[0] == "diverged"
    assert search_cost_table([], {"initial": 1, "evolution": 2}, "nothing").is_empty


def test_claims_about_searches(found: Collection) -> None:
    search = found.search
    assert search is not None
    shrink = BestScoresShrink(1).check(found)
    assert shrink.verdict == "SUPPORTED"  # Invented scores are noise, so the best of them shrink.
    assert "mean of the best n = " in shrink.evidence
    assert "of their runs could not be trained" in shrink.evidence
    assert BestScoresShrink(99).check(found).verdict == "NOT RUN"
    assert NothingScoredTwice().check(found).verdict == "SUPPORTED"
    beat = FindsBeat("Adam", 1).check(found)
    counts = re.findall(r"(\d+) (?:SUPPORTED|CONTRADICTED|EQUIVALENT|UNDECIDED)", beat.evidence)
    assert sum(map(int, counts)) == len(search.finalists)
    assert NothingScoredTwice().check(found).evidence.endswith("; digits, on nothing")
    assert FindsBeat("Nadam", 1).check(found).verdict == "NOT RUN"


def scored(search: StoredSearch, scores: dict[str, list[float]]) -> StoredSearch:
    """The search with these scores with fresh seeds, by fingerprint, in place of its own; 0 could not be trained."""
    trained = next(each for each in search.trials if each.outcome.kind == "trained")
    seeds = search.protocol.rescoring.seeds
    trials = [
        dataclasses.replace(trained, fingerprint=fingerprint, seed=seed, outcome=outcome_of(trained, score))
        for fingerprint, values in scores.items()
        for seed, score in zip(seeds, values, strict=True)
    ]
    return dataclasses.replace(search, trials=trials)


def outcome_of(trained: Trial, score: float) -> Outcome:
    return dataclasses.replace(trained.outcome, score=score) if score else ScreenedOut("first", ())


def test_finds_are_better_by_the_verdict_of_the_tables(found: Collection) -> None:
    """One beats Adam where the intervals of all finds together say so, and not by an interval of its own alone."""
    assert found.search is not None
    noise = [0.01, -0.01, 0.02, -0.02, 0.0]
    finds = [each.contender.fingerprint for each in found.search.finalists]
    adam = baselines(["Adam"])[0].fingerprint
    alike = {fingerprint: [0.8 + each for each in noise[::-1]] for fingerprint in finds[1:]}
    flat = {adam: [0.8] * 5}

    def check(values: list[float]) -> Finding:
        search = scored(found.search, {finds[0]: values, **alike, **flat})
        return FindsBeat("Adam", 1).check(dataclasses.replace(found, search=search))

    number, name = len(finds), found.search.finalists[0].contender.name
    clear = check([0.9 + each for each in noise])
    assert clear.verdict == "SUPPORTED"
    assert clear.evidence.startswith(f"finds better than Adam: 1 SUPPORTED ({name} +10.0, ")
    assert f"; 1 needed; n = 5, 96 % for {number} comparisons together; differences in points" in clear.evidence
    assert clear.evidence.endswith(" points of the best validation accuracy; digits, on nothing")
    # An interval of its own is t(0.975, 4) * 1.58 / sqrt(5) = 1.96 points to each side.
    barely = check([0.823 + each for each in noise])
    assert barely.verdict == "UNDECIDED"
    assert "seeds would settle it" in barely.evidence
    assert check([0.0, 0.9, 0.9, 0.9, 0.9]).verdict == "UNDECIDED"  # One that fails now and then gains nothing by it.


def test_shrinkage_is_of_trained_runs(found: Collection) -> None:
    assert found.search is not None
    chosen = {each.contender.fingerprint: each.search_score for each in found.search.finalists}
    takes = [0.01, 0.012, 0.011, 0.013, 0.01]
    scores = {
        fingerprint: [0.0, *(score - take for _ in range(4))]
        for (fingerprint, score), take in zip(chosen.items(), takes, strict=False)
    }
    finding = BestScoresShrink(1).check(dataclasses.replace(found, search=scored(found.search, scores)))
    assert finding.verdict == "SUPPORTED"
    lost = 100 * sum(takes[: len(chosen)]) / len(chosen)
    assert finding.evidence.startswith(f"-{lost:.2f} points of the best validation accuracy (")
    assert finding.evidence.endswith(f"{len(chosen)} of their runs could not be trained; digits, on nothing")


def test_trials_of_seeds_that_the_protocol_no_longer_asks_for_are_not_shown(rows: Path, tmp_path: Path) -> None:
    """As after an edit of the protocol: the ledgers keep what they were asked for before."""
    place = tmp_path / PROTOCOL.profile
    shutil.copytree(rows / PROTOCOL.profile, place)
    fewer = dataclasses.replace(
        PROTOCOL,
        rescoring=dataclasses.replace(PROTOCOL.rescoring, seeds=PROTOCOL.rescoring.seeds[:2]),
        noise=dataclasses.replace(PROTOCOL.noise, seeds=PROTOCOL.noise.seeds[:4]),
    )
    for name, code in ((SEARCH, fewer.search_hash()), (COMPARISON, fewer.comparison_hash()), (NOISE, "")):
        settings(place / name, fewer, hash=code)
    collection = read_collection(tmp_path, PROTOCOL.profile)
    assert collection.search is not None
    assert {trial.seed for trial in collection.search.trials} == set(fewer.rescoring.seeds)
    tables = {table.name: table for table in search_results(collection).tables}
    assert "n = 2 fresh seeds" in tables["rescoring"].caption
    counts = re.search(r"n = (\d+) seeds(?: \((\d+) more could not)?", tables["noise_floor"].caption)
    assert counts is not None
    assert sum(int(count or 0) for count in counts.groups()) == 4
    runs = [line[5].text.partition("/")[2] for line in tables["search_comparison"].lines()]
    assert runs[-1] == "2"


def test_claims_that_rows_do_not_bear_out(found: Collection) -> None:
    search = found.search
    assert search is not None
    higher = [
        dataclasses.replace(each, outcome=dataclasses.replace(each.outcome, score=0.999))
        for each in search.trials
        if each.outcome.kind == "trained"
    ]
    risen = dataclasses.replace(found, search=dataclasses.replace(search, trials=higher))
    assert BestScoresShrink(1).check(risen).verdict in ("CONTRADICTED", "UNDECIDED")
    first = next(record for record in search.records if isinstance(record, Sample))
    same = [
        dataclasses.replace(record, fingerprint=first.fingerprint) if isinstance(record, Sample) else record
        for record in search.records
    ]
    twice = NothingScoredTwice().check(dataclasses.replace(found, search=dataclasses.replace(search, records=same)))
    assert twice.verdict == "CONTRADICTED"
    unfinished = dataclasses.replace(found, search=dataclasses.replace(search, trials=()))
    assert FindsBeat("Adam", 1).check(unfinished).verdict == "NOT RUN"
    nothing = dataclasses.replace(found, search=None)
    for predicate in (BestScoresShrink(1), NothingScoredTwice(), FindsBeat("Adam", 1)):
        assert predicate.check(nothing).verdict == "NOT RUN"
