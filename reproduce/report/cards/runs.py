"""What cards say of an optimizer's runs in studies: the rates that worked, and how it did beside the reference."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from reproduce.report.cards.card import Comparison, Rates
from reproduce.report.figures.rates import sensitivities
from reproduce.report.results import counted_accuracy
from reproduce.report.runs import final_runs, number_diverged, tuning_runs
from reproduce.report.same_tasks import Place, Runs, same_tasks
from reproduce.report.statistics import paired_difference
from reproduce.report.table import Source
from reproduce.study.rows import Row


class Measured(NamedTuple):
    """What was measured of one optimizer, by task."""

    rates: list[Rates]
    comparisons: list[Comparison]


def measured_of(
    studies: Mapping[str, Sequence[Row]], settings: Mapping[Place, str], reference: str
) -> dict[str, Measured]:
    """The rates that worked on each task, and the final runs there beside those of the reference, by optimizer.

    Args:
        studies: The rows of each study, by its name.
        settings: Says which tasks of these studies are one; see `same_tasks`.
        reference: The optimizer that others are compared with.
    """
    found: dict[str, Measured] = {}
    for same in same_tasks(studies, settings):
        on_task = {place: _OnTask(studies[place.study], place.task) for place in same.places}
        for name, place in same.most({place: each.runs for place, each in on_task.items()}).items():
            measured, each = found.setdefault(name, Measured([], [])), on_task[place]
            if name in each.good:
                measured.rates.append(Rates(Source(*place, name, "tune"), *each.good[name]))
            if name in each.final:
                measured.comparisons.append(_comparison(place, name, each.final, reference))
    return found


def middle_rate(rates: Sequence[Rates]) -> float | None:
    """The rate that examples show: to one digit the median over tasks of the middle of what worked; None of nothing."""
    if not rates:
        return None
    return float(f"{statistics.median((each.low * each.high) ** 0.5 for each in rates):.1g}")


class _OnTask:
    """The rows of one study on one task, by optimizer: final runs, rates that worked, and how many there are."""

    def __init__(self, rows: Sequence[Row], task: str) -> None:
        self.final = final_runs(rows, task)
        self.good = {name: each.good for each in sensitivities(task, rows) for name in each.names}
        tuning = tuning_runs(rows, task)
        self.runs = {
            name: Runs(len(self.final.get(name, ())), len(tuning.get(name, ()))) for name in {**tuning, **self.final}
        }


def _comparison(place: Place, name: str, final: Mapping[str, Sequence[Row]], reference: str) -> Comparison:
    accuracies = _by_seed(final[name])
    against = _by_seed(final.get(reference, ()))
    return Comparison(
        source=Source(*place, name, "final"),
        accuracy=statistics.fmean(accuracies.values()),
        n=len(final[name]),
        diverged=number_diverged(final[name]),
        difference=None if name == reference else paired_difference(accuracies, against),
    )


def _by_seed(runs: Sequence[Row]) -> dict[int, float]:
    return {row.seed: counted_accuracy(row, row.test_accuracy) for row in runs}
