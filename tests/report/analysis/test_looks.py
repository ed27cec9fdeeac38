"""Planted studies that were run on: what the first look decided stays, the rest is judged once more with 99 %."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from reproduce.report.analysis.families import Difference, PairedRuns, compare_at_looks, compare_family
from reproduce.report.analysis.studies import Compared, against, best_against_best, in_pairs
from reproduce.report.claims.predicates import BeatReference, RunsFinish
from reproduce.report.results import StudyResults
from reproduce.report.tables.comparisons import levels_words, planned_words, verdict_words
from reproduce.study.looks import FIRST_LOOK, MOST_SEEDS
from reproduce.study.rows import Row
from tests.report.claims.test_claims import collection
from tests.report.result_cases import invented, protocol_of

#: Of the paper, a family of four; and two baselines.
NAMES = ("Opt1", "Opt4", "Opt6", "Opt9", "SGD", "Adam")
FIRST = range(1, FIRST_LOOK + 1)
#: The mean difference to Adam, in points, with the first 20 seeds and with the others.
MEANS = {"Opt1": (3, -9), "Opt4": (-3, 9), "Opt6": (0, 9), "Opt9": (1, 1), "SGD": (0.4, -2.4), "Adam": (0, 0)}
#: The standard deviation of that.
SPREADS = {"Opt1": 1.0, "Opt4": 1.0, "Opt6": 0.3, "Opt9": 2.0, "SGD": 2.0, "Adam": 0.0}


def study_of(planned: int, total: int | None, accuracy: Callable[[str, int], float]) -> StudyResults:
    """A study of the task digits whose final runs have these accuracies, by optimizer and seed."""
    protocol = protocol_of("main", NAMES)
    further = None if total is None else {"digits": total}
    seeds = dataclasses.replace(protocol.seeds, final=tuple(range(1, planned + 1)), run_on_to=further)
    study = invented(dataclasses.replace(protocol, seeds=seeds))

    def changed(row: Row) -> Row:
        final = row.phase == "final"
        return dataclasses.replace(row, test_accuracy=accuracy(row.optimizer, row.seed)) if final else row

    return dataclasses.replace(study, rows=tuple(map(changed, study.rows)))


def planted(total: int | None, planned: int = FIRST_LOOK) -> StudyResults:
    """A study whose first 20 seeds say other things than the rest; noise has its mean and spread in each of the two."""
    random = np.random.default_rng(3)
    table = {}
    for name, means in MEANS.items():
        noise = random.normal(size=MOST_SEEDS)
        for part, mean in zip((slice(FIRST_LOOK), slice(FIRST_LOOK, None)), means, strict=True):
            noise[part] = mean + SPREADS[name] * stats.zscore(noise[part], ddof=1)
        table[name] = 0.5 + noise / 100
    return study_of(planned, total, lambda name, seed: float(table[name][seed - 1]))


def drawn_study(total: int, random: np.random.Generator) -> StudyResults:
    """A study of random means and spreads, run on."""
    means, spreads = random.normal(0, 0.008, len(NAMES)), random.choice([0.002, 0.01, 0.02], len(NAMES))
    runs = np.clip(0.5 + means + spreads * random.normal(size=(total, len(NAMES))), 0, 1)
    return study_of(FIRST_LOOK, total, lambda name, seed: float(runs[seed - 1, NAMES.index(name)]))


def beside_adam(study: StudyResults) -> dict[str, Compared]:
    return {each.label: each for each in against(study, "digits", study.results["digits", "Adam"])}


def differences(study: StudyResults) -> dict[str, Difference]:
    return {name: each.difference for name, each in beside_adam(study).items() if each.difference is not None}


def test_what_the_first_look_decided_does_not_change_at_the_second() -> None:
    once, twice = differences(planted(None)), differences(planted(MOST_SEEDS))
    assert {name: each.verdict for name, each in once.items()} == {
        **{"Opt1": "SUPPORTED", "Opt4": "CONTRADICTED", "Opt6": "EQUIVALENT"},
        **{"Opt9": "UNDECIDED", "SGD": "UNDECIDED"},
    }
    for name in ("Opt1", "Opt4", "Opt6"):
        assert twice[name] == once[name]
        assert twice[name].n == FIRST_LOOK


def test_what_it_left_undecided_is_judged_by_all_seeds_with_99_percent() -> None:
    study = planted(MOST_SEEDS)
    found = differences(study)
    runs = {name: list(study.results["digits", name].test_by_seed.values()) for name in NAMES}
    for name, family, verdict in (("Opt9", 4, "SUPPORTED"), ("SGD", 1, "CONTRADICTED")):
        expected = stats.ttest_rel(runs[name], runs["Adam"]).confidence_interval(1 - 0.01 / family)
        assert (found[name].low, found[name].high) == pytest.approx((expected.low, expected.high))
        assert (found[name].n, found[name].comparisons, found[name].verdict) == (MOST_SEEDS, family, verdict)


def test_a_second_look_of_runs_that_are_missing_is_not_run_and_what_was_decided_stays() -> None:
    study = planted(30)
    rows = tuple(row for row in study.rows if (row.optimizer, row.seed) != ("Opt9", 25))
    found = differences(dataclasses.replace(study, rows=rows))
    assert {name: each.verdict for name, each in found.items()} == {
        **{"Opt1": "SUPPORTED", "Opt4": "CONTRADICTED", "Opt6": "EQUIVALENT"},
        **{"Opt9": "NOT RUN", "SGD": "UNDECIDED"},
    }
    moved = tuple(dataclasses.replace(row, device="another") if row.seed > 25 else row for row in study.rows)
    assert differences(dataclasses.replace(study, rows=moved)) == differences(study)
    early = tuple(row for row in study.rows if (row.optimizer, row.seed) != ("Opt9", 5))
    assert differences(dataclasses.replace(study, rows=early))["Opt9"].n == FIRST_LOOK - 1


def test_a_study_planned_with_more_seeds_is_judged_with_99_percent_from_the_start() -> None:
    study = planted(None, planned=30)
    rows = tuple(row for row in study.rows if row.phase == "tune" or row.seed <= 10)
    for part, n in ((study, 30), (dataclasses.replace(study, rows=rows), 10)):
        runs = {name: list(part.results["digits", name].test_by_seed.values()) for name in NAMES}
        expected = stats.ttest_rel(runs["Opt9"], runs["Adam"]).confidence_interval(1 - 0.01 / 4)
        found = differences(part)["Opt9"]
        assert (found.n, found.seeds_judged) == (n, 30)
        assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert differences(dataclasses.replace(study, rows=rows))["Opt9"].verdict == "NOT RUN"


def test_a_family_keeps_the_functions_of_its_first_look() -> None:
    """Two that trained alike on 20 seeds stay one function, whatever more seeds show."""

    def twins(name: str, seed: int) -> float:
        own = 0.0 if seed in FIRST else 0.1
        return {"Opt4": 0.5 + own, "Opt6": 0.5}.get(name, 0.6) + 0.001 * (seed % 5)

    skills = dict.fromkeys(NAMES, 0.2) | {"SGD": 0.3, "Adam": 0.1, "Opt1": 0.0, "Opt9": 0.15}
    study = study_of(FIRST_LOOK, 30, twins)
    alike = invented(study.protocol, skills)
    accuracies = {(row.optimizer, row.seed): row.test_accuracy for row in study.rows if row.phase == "final"}
    rows = tuple(
        dataclasses.replace(row, test_accuracy=accuracies[row.optimizer, row.seed]) if row.phase == "final" else row
        for row in alike.rows
    )
    study = dataclasses.replace(alike, rows=rows)
    assert ("Opt4", "Opt6") in [each.names for each in study.functions("digits")]


def test_the_best_and_pairs_have_their_looks_too() -> None:
    study = planted(MOST_SEEDS)
    for found, n, verdicts in (
        (planted(None), FIRST_LOOK, ["UNDECIDED", "UNDECIDED"]),
        (study, MOST_SEEDS, ["SUPPORTED", "CONTRADICTED"]),
    ):
        pairs = in_pairs(found, "digits", [("Opt9", "Adam"), ("SGD", "Adam")])
        assert [each.verdict for each in pairs] == verdicts
        assert [each.difference.n for each in pairs if each.difference] == [n, n]
    best = best_against_best(study, "digits")
    assert best is not None
    assert [best] == in_pairs(study, "digits", [(best.result.optimizer, best.reference.optimizer)])


def test_looks_of_families() -> None:
    first, second = (
        {
            name: PairedRuns({n: mean + noise[n] for n in range(seeds)}, dict.fromkeys(range(seeds), 0.0), 1.0, seeds)
            for name, mean, noise in (("clear", 5.0, NOISE), ("open", 0.3, NOISE))
        }
        for seeds in (20, 40)
    )
    found = compare_at_looks(first, second)
    assert found["clear"] == compare_family(first)["clear"]
    assert found["open"] == compare_family(second)["open"]
    assert compare_family(first)["open"].verdict == "UNDECIDED"


NOISE = np.random.default_rng(2).normal(0, 2.0, 40).tolist()


def test_claims_and_captions_say_which_look_they_are_of() -> None:
    study, once = planted(MOST_SEEDS), planted(None)
    claim = BeatReference("main", "digits", 2, NAMES[:4], ("Adam",))
    assert claim.check(collection(once)).verdict == "UNDECIDED"
    finding = claim.check(collection(study))
    assert finding.verdict == "SUPPORTED"
    assert "n = 20 to 60, 96 % or 99 % for 4 comparisons together" in finding.evidence
    assert RunsFinish("main", 0).check(collection(study)).verdict == "SUPPORTED"
    fewer = dataclasses.replace(study, rows=study.rows[:-1])
    assert RunsFinish("main", 0).check(collection(fewer)).verdict == "NOT RUN"
    assert planned_words(once) == "20 planned"
    assert planned_words(study) == "20 planned, digits run on to 60"
    assert levels_words(study) == "96 % or, on digits, 99 %"
    assert "with 96 %, and where that left a task UNDECIDED that was run on, with 99 %." in verdict_words(study, "all")
    assert "with 96 %. " in verdict_words(once, "all")
