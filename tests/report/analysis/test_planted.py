"""Planted cases: what is equal comes out so, what is shuffled proves nothing but as often as is said."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from reproduce.report.analysis.studies import against, best_tuned
from reproduce.report.claims.predicates import BeatReference
from reproduce.report.results import StudyResults
from reproduce.study.rows import Row
from tests.report.claims.test_claims import collection
from tests.report.result_cases import invented, protocol_of

NAMES = ("Opt1", "Opt4", "Opt6", "Opt9", "SGD", "Adam")
MEANS = dict(zip(NAMES, (0.50, 0.53, 0.56, 0.55, 0.52, 0.51), strict=True))


def study_of(seeds: int, accuracy: Callable[[str, int], float]) -> StudyResults:
    """A study whose final runs have these accuracies, by optimizer and seed."""
    protocol = protocol_of("main", NAMES)
    final = dataclasses.replace(protocol.seeds, final=tuple(range(1, seeds + 1)))
    study = invented(dataclasses.replace(protocol, seeds=final))

    def changed(row: Row) -> Row:
        return dataclasses.replace(row, test_accuracy=accuracy(row.optimizer, row.seed)) if row.test_accuracy else row

    return dataclasses.replace(study, rows=tuple(map(changed, study.rows)))


def test_adam_under_another_name_is_equivalent_once_there_are_runs_enough() -> None:
    """Its own draws of the same luck, not Adam's runs again."""
    random = np.random.default_rng(5)
    drawn = {(name, seed): random.normal(0.5, 0.006) for name in NAMES for seed in range(1, 41)}
    verdicts = {}
    for seeds in (3, 40):
        study = study_of(seeds, lambda name, seed: drawn[name, seed])
        (twin,) = (each for each in against(study, "digits", study.results["digits", "Adam"]) if each.label == "Opt9")
        verdicts[seeds] = twin.verdict
    assert verdicts == {3: "UNDECIDED", 40: "EQUIVALENT"}


def test_labels_shuffled_within_seeds_support_no_claim_but_by_the_stated_error() -> None:
    """Of 200 shuffles of a study with large differences, 0.04 may have a false claim; five or six standard errors."""
    random, supported = np.random.default_rng(7), 0
    claim = BeatReference("main", "digits", 1, NAMES[:4], ("Adam",))
    study = study_of(20, lambda name, seed: MEANS[name])
    true = {(name, seed): MEANS[name] + random.normal(0, 0.01) for name in NAMES for seed in range(1, 21)}
    assert claim.check(collection(with_accuracies(study, true))).verdict == "SUPPORTED"
    for _ in range(200):
        shuffled = {}
        for seed in range(1, 21):
            for name, other in zip(NAMES, random.permutation(NAMES), strict=True):
                shuffled[name, seed] = true[str(other), seed]
        supported += claim.check(collection(with_accuracies(study, shuffled))).verdict == "SUPPORTED"
    assert supported / 200 <= 0.04 + 3 * (0.04 * 0.96 / 200) ** 0.5


def with_accuracies(study: StudyResults, accuracies: dict[tuple[str, int], float]) -> StudyResults:
    rows = [
        dataclasses.replace(row, test_accuracy=float(accuracies[row.optimizer, row.seed]))
        if row.phase == "final"
        else row
        for row in study.rows
    ]
    return dataclasses.replace(study, rows=tuple(rows))


def test_runs_on_another_device_are_not_compared() -> None:
    study = study_of(5, lambda name, seed: MEANS[name] + seed / 1000 * len(name))
    moved = tuple(
        dataclasses.replace(row, device="another") if (row.optimizer, row.seed) == ("Adam", 2) else row
        for row in study.rows
    )
    study = dataclasses.replace(study, rows=moved)
    found = against(study, "digits", study.results["digits", "Adam"])
    assert {each.difference.n for each in found} == {4}
    assert {each.verdict for each in found} == {"NOT RUN"}


@pytest.mark.parametrize("origin", ["paper", "baseline"])
def test_the_best_of_an_origin_takes_no_test_accuracy(origin: str) -> None:
    study = study_of(3, lambda name, seed: MEANS[name])
    other = study_of(3, lambda name, seed: 1 - MEANS[name])
    assert best_tuned(study, "digits", origin) is not None
    assert best_tuned(study, "digits", origin).optimizer == best_tuned(other, "digits", origin).optimizer
    open_ = tuple(row for row in study.rows if row.optimizer not in ("Opt9", "SGD"))
    assert best_tuned(dataclasses.replace(study, rows=open_), "digits", origin) is None
