"""Rate sensitivity: validation accuracy against the peak learning rate, from the runs that chose the rate."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from reproduce.report.multiples import Axis, Band, Mark, Panel, Stroke, draw_multiples
from reproduce.report.results import Alike, Result, StudyResults, counted_accuracy, num_diverged, number_of_runs
from reproduce.report.style import Picture, file_name, picture, plain

#: A rate is good if its accuracy is within this share of the best.
GOOD = 0.02


@dataclass(frozen=True)
class Sensitivity(Alike):
    """One panel, of optimizers that are one function.

    Attributes:
        counts: Runs at each rate: one a tuning seed, of which most rates may have had the first alone.
        rates: Ascending.
        accuracies: Mean validation accuracy at each; a diverged run counts as guessing.
        extremes: The lowest and highest of these runs at each.
        diverged: For each rate, whether a run diverged.
        chosen: The rate of the final runs, or None.
    """

    counts: tuple[int, ...]
    rates: tuple[float, ...]
    accuracies: tuple[float, ...]
    extremes: tuple[tuple[float, float], ...]
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
    counts = number_of_runs(count for each in found for count in each.counts)
    title = (
        f"Rate sensitivity on {task} ({study.title}): mean and range of validation accuracy over peak learning rate, "
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
    rates = tuple(sorted({row.rate for row in tuning}))
    by_rate = [[row for row in tuning if row.rate == rate] for rate in rates]
    values = [[counted_accuracy(row, row.validation_accuracy) for row in runs] for runs in by_rate]
    return Sensitivity(
        names=(result.optimizer,),
        counts=tuple(map(len, values)),
        rates=rates,
        accuracies=tuple(math.fsum(each) / len(each) for each in values),
        extremes=tuple((min(each), max(each)) for each in values),
        diverged=tuple(num_diverged(runs) > 0 for runs in by_rate),
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
    low, high = zip(*((100 * low, 100 * high) for low, high in each.extremes), strict=True)
    several = [Band(each.rates, low, high)] if max(each.counts) > 1 else []
    return Panel(plain(each.label), [Stroke(each.rates, heights)], bands=several, marks=marks, spans=[each.good])
