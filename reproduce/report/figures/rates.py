"""Rate sensitivity: validation accuracy against the peak learning rate, from the runs that chose the rate."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from reproduce.report.figures.learning import file_name
from reproduce.report.multiples import Axis, Mark, Panel, Stroke, draw_multiples
from reproduce.report.results import counted_accuracy
from reproduce.report.runs import final_runs, number_of_runs, tuning_runs, with_profile
from reproduce.report.style import Picture, picture, plain
from reproduce.study.rows import Row

#: A rate is good if its accuracy is within this share of the best.
GOOD = 0.02


@dataclass(frozen=True)
class Sensitivity:
    """One panel.

    Attributes:
        names: The optimizer, or those with the same accuracies at the same rates.
        n: Runs at each rate.
        rates: Ascending.
        accuracies: Mean validation accuracy at each; a diverged run counts as guessing.
        diverged: For each rate, whether a run diverged.
        chosen: The rate of the final runs, or None.
    """

    names: tuple[str, ...]
    n: int
    rates: tuple[float, ...]
    accuracies: tuple[float, ...]
    diverged: tuple[bool, ...]
    chosen: float | None

    @property
    def label(self) -> str:
        """The names, joined by commas."""
        return ", ".join(self.names)

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


def rate_picture(study: str, task: str, rows: Sequence[Row]) -> Picture:
    """One panel for each optimizer."""
    found = sensitivities(task, rows)
    counts = number_of_runs(each.n for each in found)
    title = (
        f"Rate sensitivity on {task} ({with_profile(study, rows)}): validation accuracy over peak learning rate, "
        f"{counts} at each rate"
    )
    return picture(file_name("rates", study, task), title, reading(found), lambda: draw(found))


def sensitivities(task: str, rows: Sequence[Row]) -> list[Sensitivity]:
    """The panels of one task, equal ones as one."""
    final = final_runs(rows, task)
    groups: dict[object, list[str]] = {}
    found = {}
    for name, runs in tuning_runs(rows, task).items():
        found[name] = _sensitivity(name, runs, final[name][-1].rate if name in final else None)
        one = found[name]
        groups.setdefault((one.n, one.rates, one.accuracies, one.diverged, one.chosen), []).append(name)
    return [replace(found[names[0]], names=tuple(names)) for names in groups.values()]


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


def _sensitivity(name: str, runs: Sequence[Row], chosen: float | None) -> Sensitivity:
    rates = sorted({row.rate for row in runs})
    by_rate = {rate: [row for row in runs if row.rate == rate] for rate in rates}
    means = (
        math.fsum(counted_accuracy(row, row.validation_accuracy) for row in of_rate) / len(of_rate)
        for of_rate in by_rate.values()
    )
    return Sensitivity(
        names=(name,),
        n=max(len(of_rate) for of_rate in by_rate.values()),
        rates=tuple(rates),
        accuracies=tuple(means),
        diverged=tuple(any(row.diverged_at is not None for row in of_rate) for of_rate in by_rate.values()),
        chosen=chosen,
    )
