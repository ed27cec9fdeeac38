"""The schedule figures, in the manner of the paper's figures 3 to 5: rate against training progress."""

from __future__ import annotations

from typing import Any

from reproduce.report.figures.schedule_curves import TOTAL_STEPS, Group, schedule_groups
from reproduce.report.style import LINES, SHADE, Picture, new_figure, picture


def schedule_pictures(warmup_fraction: float, hold_fraction: float) -> list[Picture]:
    """Two families and the outsiders, over a run with this warm-up and hold, as shares of it."""
    return [schedule_picture(group) for group in schedule_groups(warmup_fraction, hold_fraction)]


def schedule_picture(group: Group) -> Picture:
    """The picture of a group."""
    name = f"schedules_{group.name.replace(' ', '_')}"
    return picture(name, title(group), reading(group), lambda: draw(group))


def title(group: Group) -> str:
    """What the figure shows, in a line."""
    return f"Evolved schedules, {group.name} by computed shape: {group.reading}"


def reading(group: Group) -> str:
    """How high each schedule of the group goes."""
    if not group.curves:
        return "No schedule has this shape."
    peaks = ", ".join(f"{name} {curve.max():.2f}" for name, curve in group.curves.items())
    return f"The highest rate, as a multiple of the base rate's peak: {peaks}."


def draw(group: Group) -> Any:
    """The figure of a group: each schedule, and the base schedule in grey."""
    figure = new_figure(5.6, 3.4)
    axes = figure.add_subplot()
    progress = 100 * group.steps / TOTAL_STEPS
    axes.fill_between(progress, group.base, color=SHADE, linewidth=0, label="no factor")
    for (name, curve), look in zip(group.curves.items(), LINES, strict=False):
        axes.plot(progress, curve, color=look.color, linestyle=look.dashes, label=name)
    axes.set_xlim(0, 100)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("training progress, %")
    axes.set_ylabel("learning rate / base peak")
    figure.legend(loc="outside right center")
    return figure
