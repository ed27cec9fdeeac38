"""The schedules figure, in the manner of the paper's figures 3 to 5: rate against training progress."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reproduce.report.figures.schedule_curves import TOTAL_STEPS, Group, schedule_groups
from reproduce.report.multiples import Axis, Panel, Stroke, draw_multiples
from reproduce.report.style import Picture, picture


def schedule_picture(warmup_fraction: float, hold_fraction: float) -> Picture:
    """Draw every schedule over a run with this warm-up and hold, as shares of it, family by family."""
    groups = schedule_groups(warmup_fraction, hold_fraction)
    return picture("schedules", "Evolved schedules by computed shape", reading(groups), lambda: draw(groups))


def reading(groups: Sequence[Group]) -> str:
    """Say what the groups have in common, and how high each schedule goes."""
    shapes = "; ".join(f"{group.name}: {group.reading}" for group in groups)
    peaks = ", ".join(f"{name} {curve.max():.2f}" for group in groups for name, curve in group.curves.items())
    return f"{shapes}. Dashed: no factor. The highest rate, as a multiple of the base rate's peak: {peaks}."


def draw(groups: Sequence[Group]) -> Any:
    """Draw a panel for each schedule, with the base schedule behind it."""
    panels = [
        Panel(f"{name}, {group.name}", [Stroke(progress, group.base, "behind"), Stroke(progress, curve)])
        for group, progress in ((each, 100 * each.steps / TOTAL_STEPS) for each in groups)
        for name, curve in group.curves.items()
    ]
    across = Axis("training progress, %", ticks=(0, 50, 100))
    return draw_multiples(panels, across, Axis("learning rate / base peak", zero=True), columns=3)
