"""Small multiples: many equal panels that share their scales, drawn as one set of axes.

matplotlib's own grids of axes take a hundredth of a second for each panel and format; here a figure of thirty panels
takes as long as one with a single panel.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from reproduce.report.style import GREY, LINES, PAGE, lines_by_row, plain, wrapped

Array = NDArray[np.float64]

#: Points: the size of a panel's frame, and the space for its heading, between panels, and around them all.
_LINE, _GAP, _LEFT, _RIGHT, _TOP, _BOTTOM = 8.6, 14.0, 46.0, 10.0, 34.0, 40.0
_GRID = "#dddddd"

Role = Literal["main", "behind"]
#: How lines look by their role: colour, dash pattern, width.
_ROLES = {"main": (LINES[0].color, "-", 1.5), "behind": (GREY, (0, (2, 1.5)), 1.0)}
Kind = Literal["open", "filled", "cross"]


class Stroke(NamedTuple):
    """A line through points; "behind" is what a panel is compared with."""

    x: ArrayLike
    y: ArrayLike
    role: Role = "main"


class Band(NamedTuple):
    """The area between two lines."""

    x: ArrayLike
    low: ArrayLike
    high: ArrayLike


class Mark(NamedTuple):
    """A marker at a point."""

    x: float
    y: float
    kind: Kind = "open"


@dataclass(frozen=True)
class Panel:
    """One panel; values are in the units of the axes.

    Attributes:
        title: Its heading; dollar signs mean mathematics.
        strokes: Lines.
        bands: Shades behind them.
        marks: Markers on top.
        spans: Ranges of x that are shaded over the full height.
    """

    title: str
    strokes: Sequence[Stroke] = ()
    bands: Sequence[Band] = ()
    marks: Sequence[Mark] = ()
    spans: Sequence[tuple[float, float]] = ()


@dataclass(frozen=True)
class Axis:
    """One of the two axes that all panels share.

    Attributes:
        label: Its label.
        logarithmic: Whether its ticks are powers of ten, or 1, 2 and 5 times these; values are then positive.
        zero: Whether it begins at zero.
        ticks: Values that have ticks; empty for round numbers.
    """

    label: str
    logarithmic: bool = False
    zero: bool = False
    ticks: tuple[float, ...] = field(default=())


class _Scale(NamedTuple):
    """From values to 0..1."""

    low: float
    high: float
    logarithmic: bool

    def __call__(self, values: ArrayLike) -> Array:
        taken = np.log10(values) if self.logarithmic else np.asarray(values, np.float64)
        return np.asarray((taken - self.low) / (self.high - self.low), np.float64)


def draw_multiples(panels: Sequence[Panel], x: Axis, y: Axis, *, columns: int, height: float = 72.0) -> Any:
    """The figure, as wide as a page; one empty panel that says so is made of none.

    Args:
        panels: See `Panel`.
        x: The horizontal axis.
        y: The vertical axis.
        columns: Most panels in a row.
        height: Of a panel, in points.
    """
    shown = list(panels) or [Panel("not run")]
    columns = min(columns, len(shown))
    width = (72 * PAGE - _LEFT - _RIGHT - (columns - 1) * _GAP) / columns
    titles = [wrapped(panel.title, (width + _GAP) / 72) for panel in shown]
    above = [_LINE * lines + 4 for lines in lines_by_row(titles, columns)]
    full = _TOP + sum(above) + len(above) * (height + _GAP) - _GAP + _BOTTOM
    scales = (_scale(x, _values(shown, 0)), _scale(y, _values(shown, 1)))
    figure, axes = _canvas(72 * PAGE, full)
    places = []
    for number, (panel, title) in enumerate(zip(shown, titles, strict=True)):
        column, row = number % columns, number // columns
        left, top = _LEFT + column * (width + _GAP), full - _TOP - sum(above[: row + 1]) - row * (height + _GAP)
        axes.text(left, top + 4, title, fontsize=7, va="bottom")
        places.append(_PanelFrame(left, top - height, width, height, *scales))
        _tick_labels(axes, places[-1], (x, y), outer_x=number + columns >= len(shown), outer_y=column == 0)
        _content(axes, places[-1], panel)
    _frames(axes, places, (x, y))
    axes.text(_LEFT + (72 * PAGE - _LEFT - _RIGHT) / 2, 8, x.label, fontsize=9, ha="center", va="bottom")
    axes.text(8, _BOTTOM + (full - _BOTTOM - _TOP) / 2, y.label, fontsize=9, rotation=90, va="center")
    return figure


class _PanelFrame(NamedTuple):
    """Where a panel stands, in points, and the scales of its axes."""

    left: float
    bottom: float
    width: float
    height: float
    x: _Scale
    y: _Scale

    def at(self, x: ArrayLike, y: ArrayLike) -> tuple[Array, Array]:
        return self.left + self.width * self.x(x), self.bottom + self.height * self.y(y)


def _canvas(width: float, height: float) -> tuple[Any, Any]:
    """A figure and axes whose unit is the point, with the origin in the lower left corner."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width / 72, height / 72))
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set(xlim=(0.0, width), ylim=(0.0, height))
    axes.set_axis_off()
    return figure, axes


def _tick_labels(axes: Any, place: _PanelFrame, both: tuple[Axis, Axis], *, outer_x: bool, outer_y: bool) -> None:
    """The labels of the ticks where no other panel has them."""
    for tick in _ticks(both[0], place.x, place.width) if outer_x else ():
        across = float(place.left + place.width * place.x(tick))
        axes.text(across, place.bottom - 3, _tick_text(both[0], tick), fontsize=7, ha="center", va="top")
    for tick in _ticks(both[1], place.y, place.height) if outer_y else ():
        up = float(place.bottom + place.height * place.y(tick))
        axes.text(place.left - 3, up, _tick_text(both[1], tick), fontsize=7, ha="right", va="center")


def _frames(axes: Any, places: Sequence[_PanelFrame], both: tuple[Axis, Axis]) -> None:
    """The grids and the axis lines of all panels, each as one broken line: one line a tick would fill the file."""
    grid: list[tuple[float, float]] = []
    corners: list[tuple[float, float]] = []
    gap = (math.nan, math.nan)
    for place in places:
        right, top = place.left + place.width, place.bottom + place.height
        for tick in _ticks(both[0], place.x, place.width):
            across = float(place.left + place.width * place.x(tick))
            grid += [(across, place.bottom), (across, top), gap]
        for tick in _ticks(both[1], place.y, place.height):
            up = float(place.bottom + place.height * place.y(tick))
            grid += [(place.left, up), (right, up), gap]
        corners += [(place.left, top), (place.left, place.bottom), (right, place.bottom), gap]
    if grid:
        axes.plot(*zip(*grid, strict=True), color=_GRID, linewidth=0.6, zorder=0)
    axes.plot(*zip(*corners, strict=True), color="#555555", linewidth=0.8, solid_joinstyle="miter", zorder=3)


def _content(axes: Any, place: _PanelFrame, panel: Panel) -> None:
    for low, high in panel.spans:
        across, _ = place.at((low, high), (0.0, 0.0))
        # A range of a single value is a line's width wide.
        sides = (min(across[0], across.mean() - 2), max(across[1], across.mean() + 2))
        axes.fill_between(sides, place.bottom, place.bottom + place.height, color=LINES[0].color, alpha=0.15, lw=0)
    for band in panel.bands:
        across, low_edge = place.at(band.x, band.low)
        axes.fill_between(across, low_edge, place.at(band.x, band.high)[1], color=LINES[0].color, alpha=0.25, lw=0)
    for stroke in panel.strokes:
        color, dashes, width = _ROLES[stroke.role]
        axes.plot(*place.at(stroke.x, stroke.y), color=color, linestyle=dashes, linewidth=width, zorder=2)
    for kind, style in _MARKS.items():
        chosen = [mark for mark in panel.marks if mark.kind == kind]
        if chosen:
            points = place.at([mark.x for mark in chosen], [mark.y for mark in chosen])
            axes.plot(*points, linestyle="none", zorder=4, **style)


def _values(panels: Sequence[Panel], side: int) -> Array:
    """All finite values along x (0) or y (1)."""
    found: list[ArrayLike] = [stroke[side] for panel in panels for stroke in panel.strokes]
    found += [mark[side] for panel in panels for mark in panel.marks]
    found += [edge for panel in panels for band in panel.bands for edge in (band[1:] if side else band[:1])]
    values = np.concatenate([np.ravel(np.asarray(each, np.float64)) for each in found]) if found else np.empty(0)
    return values[np.isfinite(values)]


def _scale(axis: Axis, values: Array) -> _Scale:
    values = np.append(values, axis.ticks)
    taken = np.log10(values) if axis.logarithmic else values
    low, high = (float(taken.min()), float(taken.max())) if taken.size else (0.0, 1.0)
    low = min(low, 0.0) if axis.zero else low
    span = high - low or max(abs(high), 1.0) * 0.1
    return _Scale(low if axis.zero and low == 0 else low - 0.04 * span, high + 0.04 * span, axis.logarithmic)


def _ticks(axis: Axis, scale: _Scale, length: float) -> list[float]:
    from matplotlib.ticker import MaxNLocator

    if axis.ticks:
        return list(axis.ticks)
    most = max(2, int(length / (26 if axis.logarithmic else 24)))
    ticks = MaxNLocator(most, integer=axis.logarithmic, steps=[1, 2, 2.5, 5, 10]).tick_values(scale.low, scale.high)
    inside = [float(tick) for tick in ticks if scale.low <= tick <= scale.high]
    if not axis.logarithmic:
        return inside
    powers = [10.0**tick for tick in inside if tick.is_integer()]
    return powers if len(powers) > 1 else _ticks_between_powers(scale)


def _ticks_between_powers(scale: _Scale) -> list[float]:
    """List 1, 2 and 5 times each power of ten, for an axis that spans too little to have two powers."""
    powers = range(math.floor(scale.low), math.ceil(scale.high) + 1)
    found = [factor * 10.0**power for power in powers for factor in (1, 2, 5)]
    return [tick for tick in found if scale.low <= math.log10(tick) <= scale.high]


def _tick_text(axis: Axis, tick: float) -> str:
    if axis.logarithmic and not 0.01 <= tick <= 100 and math.log10(tick).is_integer():
        return plain(f"1e{round(float(np.log10(tick)))}")
    return f"{tick:.10g}".replace("-", "\N{MINUS SIGN}")


_MARKS: dict[Kind, dict[str, Any]] = {
    "open": {"marker": "o", "markersize": 3.5, "color": LINES[0].color, "markerfacecolor": "white"},
    "filled": {"marker": "o", "markersize": 5.5, "color": LINES[0].color},
    "cross": {"marker": "x", "markersize": 5, "color": LINES[1].color},
}
