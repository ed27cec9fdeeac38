"""Rate sensitivity: validation accuracy against the peak learning rate, from the runs that chose the rate."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from reproduce.report.multiples import Axis, Mark, Panel, Stroke, draw_multiples
from reproduce.report.results import Alike, Result, StudyResults, counted_accuracy, num_diverged, number_of_runs
from reproduce.report.style import Picture, file_name, picture, plain

#: A rate is good if its accuracy is within this share of the best.
GOOD = 0.02


@dataclass(frozen=True)
class Sensitivity(Alike):
    """One panel, of optimizers that are one function.

    Attributes:
        n: Runs at each rate.
        rates: Ascending.
        accuracies: Mean validation accuracy at each; a diverged run counts as guessing.
        diverged: For each rate, whether a run diverged.
        chosen: The rate of the final runs, or None.
    """

    n: int
    rates: tuple[float, ...]
    accuracies: tuple[float, ...]
    diverged: tuple[bool, ...]
    chosen: float | None

    @property
    def good(self) -> tuple[float, float]:
        """The smallest and largest rate of the unbroken range around the best whose accuracy is within `GOOD` of it."""
        best = max(range(len(self.rates)), key=lambda index: self.accuracies[index])
        low = high = best
        floor = self.accuracies[best] - GOOD
        while low > 0 and self.accuracies[low - 1] >= floor:
            low -= 1
        while high + 1 < len(self.rates) and self.accuracies[high + 1] >= floor:
            high += 1
        return self.rates[low], self.rates[high]


def rate_picture(study: StudyResults, task: str) -> Picture:
    """One panel for each optimizer."""
    found = sensitivities(study, task)
    counts = number_of_runs(each.n for each in found)
    title = (
        f"Rate sensitivity on {task} ({study.title}): validation accuracy over peak learning rate, "
        f"{counts} at each rate"
    )
    return picture(file_name("rates", study.name, task), title, reading(found), lambda: draw(found))


def sensitivities(study: StudyResults, task: str) -> list[Sensitivity]:
    """The panels of one task, one for each function."""
    return [replace(sensitivity(each.first), names=each.names) for each in study.functions(task) if each.first.tuning]


def sensitivity(result: Result) -> Sensitivity:
    """How one optimizer answers to the rate, from the runs that chose it, of which there are some.

    Of one that is tuned over several weight decays these are the runs with the chosen one.
    """
    tuning = [row for row in result.tuning if result.choice.rate is None or row.weight_decay == result.weight_decay]
    by_rate = {rate: [row for row in tuning if row.rate == rate] for rate in {row.rate for row in tuning}}
    rates = tuple(sorted(by_rate))
    return Sensitivity(
        names=(result.optimizer,),
        n=max(len(runs) for runs in by_rate.values()),
        rates=rates,
        accuracies=tuple(
            math.fsum(counted_accuracy(row, row.validation_accuracy) for row in by_rate[rate]) / len(by_rate[rate])
            for rate in rates
        ),
        diverged=tuple(num_diverged(by_rate[rate]) > 0 for rate in rates),
        chosen=result.choice.rate if result.finals else None,
    )


def reading(found: Sequence[Sensitivity]) -> str:
    """Which optimizers forgive a wrong rate most and least."""
    decades = {each.label: math.log10(each.good[1] / each.good[0]) for each in found}
    if not decades:
        return "Nothing has been run."
    widest, narrowest = max(decades, key=lambda label: decades[label]), min(decades, key=lambda label: decades[label])
    if decades[widest] == decades[narrowest]:
        return f"Rates within {100 * GOOD:g} points of the best span {decades[widest]:.1f} decades for every optimizer."
    return (
        f"Rates within {100 * GOOD:g} points of the best span most decades for {widest} ({decades[widest]:.1f}) and "
        f"fewest for {narrowest} ({decades[narrowest]:.1f})."
    )


def draw(found: Sequence[Sensitivity]) -> Any:
    """The figure: a filled marker is the chosen rate, a cross one at which a run diverged."""
    across = f"peak learning rate (shaded: within {100 * GOOD:g} points of the best; filled: chosen; x: a run diverged)"
    return draw_multiples(
        [_panel(each) for each in found],
        Axis(across, logarithmic=True),
        Axis("validation accuracy, %"),
        columns=5,
    )


def _panel(each: Sensitivity) -> Panel:
    heights = [100 * accuracy for accuracy in each.accuracies]
    marks = [
        Mark(rate, height, "cross" if diverged else "filled" if rate == each.chosen else "open")
        for rate, height, diverged in zip(each.rates, heights, each.diverged, strict=True)
    ]
    return Panel(plain(each.label), [Stroke(each.rates, heights)], marks=marks, spans=[each.good])
