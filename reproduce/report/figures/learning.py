"""Learning curves: validation accuracy and training loss over steps, median and quartiles over seeds."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reproduce.report import multiples
from reproduce.report.multiples import Panel, Stroke, draw_multiples
from reproduce.report.results import (
    REFERENCE,
    Alike,
    SameFunction,
    StudyResults,
    counted_accuracy,
    in_catalog_order,
    number_of_runs,
)
from reproduce.report.style import Picture, file_name, picture, plain
from reproduce.study.rows import Row


@dataclass(frozen=True)
class Measure:
    """A measurement of a run after each epoch.

    Attributes:
        name: What the figure's file is called.
        title: What the figure's title begins with.
        axis: The label of the vertical axis.
        unit: What is shown is in this unit: 0.01 for shares in percent.
        of_run: From a run to its values.
        diverged: What a run that diverged counts from there on.
    """

    name: str
    title: str
    axis: str
    unit: float
    of_run: Callable[[Row], Sequence[float]]
    diverged: Callable[[Row], float]


ACCURACY = Measure(
    "learning",
    "Learning curves",
    "validation accuracy, %",
    0.01,
    lambda row: row.curve.validation_accuracy,
    lambda row: counted_accuracy(row, None),
)
LOSS = Measure(
    "training_loss",
    "Training loss",
    "mean cross-entropy of an epoch's batches",
    1.0,
    lambda row: row.curve.train_loss,
    lambda row: math.log(row.num_classes),
)


@dataclass(frozen=True, eq=False)
class Quartiles(Alike):
    """One panel, of optimizers that are one function.

    Attributes:
        n: How many runs.
        diverged: How many of them diverged; they count as guessing from there on.
        x: The end of each epoch, in steps.
        quartiles: Of what is measured, of shape (3, epochs): first quartile, median, third quartile.
    """

    n: int
    diverged: int
    x: NDArray[np.float64]
    quartiles: NDArray[np.float64]


def learning_picture(
    study: StudyResults, task: str, reference: str = REFERENCE, measure: Measure = ACCURACY
) -> Picture:
    """One panel for each optimizer, with the reference in grey behind it."""
    bands = learning_bands(study, task, measure)
    runs = number_of_runs(band.n for band in bands)
    dashed = f"{reference} dashed, " if _named(bands, reference) else ""
    title = f"{measure.title} on {task} ({study.title}) over steps: median and quartiles, {dashed}{runs}"
    name = file_name(measure.name, study.name, task)
    found = reading(bands) if measure is ACCURACY else loss_reading(bands, learning_bands(study, task))
    return picture(name, title, found, lambda: draw(bands, reference, measure))


def learning_bands(study: StudyResults, task: str, measure: Measure = ACCURACY) -> list[Quartiles]:
    """The bands of one task, one for each function, in the catalog's order."""
    places = {entrant.name: place for place, entrant in enumerate(in_catalog_order(study.entrants))}
    groups = [each for each in study.functions(task) if each.first.finals]
    groups.sort(key=lambda each: places[each.first.optimizer])
    epochs = max((len(measure.of_run(row)) for group in groups for row in group.first.finals), default=0)
    return [_band(group, epochs, measure) for group in groups]


def reading(bands: Sequence[Quartiles]) -> str:
    """Say who leads early and who at the end."""
    drawn = [band for band in bands if band.x.size]
    if not drawn:
        return "Nothing has been run."
    best = max(drawn, key=lambda band: band.quartiles[1, -1])
    quarter = max(drawn, key=lambda band: band.quartiles[1, (band.x.size - 1) // 4])
    early = quarter.quartiles[1, (quarter.x.size - 1) // 4]
    return (
        f"Highest median a quarter of the way: {quarter.label} ({_percent(early)}); at the end: {best.label} "
        f"({_percent(best.quartiles[1, -1])})."
    )


def loss_reading(losses: Sequence[Quartiles], accuracies: Sequence[Quartiles]) -> str:
    """Say whose training loss ends lowest, beside whose validation accuracy ends highest."""
    fitted = min((band for band in losses if band.x.size), key=lambda band: band.quartiles[1, -1], default=None)
    best = max((band for band in accuracies if band.x.size), key=lambda band: band.quartiles[1, -1], default=None)
    if fitted is None or best is None:
        return "Nothing has been run."
    return (
        f"Lowest median training loss at the end: {fitted.label} ({fitted.quartiles[1, -1]:.3g}). Highest median "
        f"validation accuracy: {best.label} ({_percent(best.quartiles[1, -1])})."
    )


def draw(bands: Sequence[Quartiles], reference: str, measure: Measure) -> Any:
    """Draw a panel for each optimizer, the reference's median behind it."""
    behind = _named(bands, reference)
    across = multiples.Axis("steps", zero=True)
    panels = [_panel(band, behind if behind is not band else None, measure.unit) for band in bands]
    return draw_multiples(panels, across, multiples.Axis(measure.axis), columns=5)


def _named(bands: Sequence[Quartiles], optimizer: str) -> Quartiles | None:
    return next((band for band in bands if optimizer in band.names), None)


def panel_title(label: str, diverged: int) -> str:
    """A panel's heading, with the number of runs that diverged."""
    return f"{plain(label)} ({diverged} diverged)" if diverged else plain(label)


def _panel(band: Quartiles, behind: Quartiles | None, unit: float) -> Panel:
    low, middle, high = band.quartiles / unit
    strokes = [] if behind is None else [Stroke(behind.x, behind.quartiles[1] / unit, "behind")]
    return Panel(
        panel_title(band.label, band.diverged),
        strokes=[*strokes, Stroke(band.x, middle)],
        bands=[multiples.Band(band.x, low, high)],
    )


def _band(group: SameFunction, epochs: int, measure: Measure) -> Quartiles:
    runs = group.first.finals
    curves = np.array([_padded(row, epochs, measure) for row in runs]).reshape(len(runs), epochs)
    quartiles = np.quantile(curves, (0.25, 0.5, 0.75), axis=0)
    length = np.median([_total_steps(row, epochs) for row in runs])
    x = length * np.arange(1, epochs + 1) / max(epochs, 1)
    return Quartiles(group.names, len(runs), group.first.num_diverged, x, quartiles)


def _padded(row: Row, epochs: int, measure: Measure) -> list[float]:
    measured = measure.of_run(row)[:epochs]
    return [*measured, *[measure.diverged(row)] * (epochs - len(measured))]


def _total_steps(row: Row, epochs: int) -> float:
    """The steps of the whole run, also where it diverged on the way."""
    done = len(row.curve.validation_accuracy)
    return row.steps * epochs / done if done else float(max(row.steps, epochs))


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
