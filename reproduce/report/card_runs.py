"""What cards say of an optimizer's runs in studies: the rates that worked, and how it did beside the reference."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

from reproduce.report.card import Comparison, Rates
from reproduce.report.figures.rates import sensitivities
from reproduce.report.results import counted_accuracy
from reproduce.report.runs import final_runs, number_diverged, tasks
from reproduce.report.statistics import paired_difference
from reproduce.report.table import Source
from reproduce.study.rows import Row


def rates_of(studies: Mapping[str, Sequence[Row]]) -> dict[str, list[Rates]]:
    """The rates that worked on each task, by optimizer."""
    found: dict[str, list[Rates]] = {}
    for study, rows in studies.items():
        for task in tasks(rows):
            for each in sensitivities(task, rows):
                for name in each.names:
                    found.setdefault(name, []).append(Rates(Source(study, task, name, "tune"), *each.good))
    return found


def comparisons_of(studies: Mapping[str, Sequence[Row]], reference: str) -> dict[str, list[Comparison]]:
    """The final runs of each task beside those of the reference, by optimizer."""
    found: dict[str, list[Comparison]] = {}
    for study, rows in studies.items():
        for task in tasks(rows):
            final = final_runs(rows, task)
            against = _by_seed(final.get(reference, ()))
            for name, runs in final.items():
                accuracies = _by_seed(runs)
                found.setdefault(name, []).append(
                    Comparison(
                        source=Source(study, task, name, "final"),
                        accuracy=statistics.fmean(accuracies.values()),
                        n=len(runs),
                        diverged=number_diverged(runs),
                        difference=None if name == reference else paired_difference(accuracies, against),
                    )
                )
    return found


def middle_rate(rates: Sequence[Rates]) -> float:
    """The rate that examples show: to one digit the median over tasks of the middle of what worked, or 0.01."""
    middle = statistics.median((each.low * each.high) ** 0.5 for each in rates) if rates else 0.01
    return float(f"{middle:.1g}")


def _by_seed(runs: Sequence[Row]) -> dict[int, float]:
    return {row.seed: counted_accuracy(row, row.test_accuracy) for row in runs}
