"""Portraits of optimizers: the update surface, and the paths on two test functions."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from paper_optimizers.namespaces import NUMPY
from paper_optimizers.one_cycle import base_rate
from paper_optimizers.simulation import NumpyOptimizer, draw_from
from paper_optimizers.spec import OptimizerSpec
from reproduce.report.figures.updates import draw_surface, surface
from reproduce.report.style import GREY, INK, LINES, Picture, file_name, panels, picture, plain

Array = NDArray[np.float64]

#: Steps of a path, those of its warm-up, and the peak rates of which the best is shown.
STEPS, WARMUP = 100, 10
RATES = (1e-3, 3.16e-3, 1e-2, 3.16e-2, 1e-1, 3.16e-1, 1.0, 3.16)


class Landscape(NamedTuple):
    """A function of two weights, to be made small.

    Attributes:
        name: What it is called.
        value: Of points of shape (2, ...).
        gradient: Likewise, of the same shape.
        start: Where paths begin.
        window: Ends of both axes: left, right, bottom, top.
    """

    name: str
    value: Callable[[Array], Array]
    gradient: Callable[[Array], Array]
    start: tuple[float, float]
    window: tuple[float, float, float, float]


class Path(NamedTuple):
    """The path at the best of `RATES`.

    Attributes:
        points: Shape (`STEPS` + 1, 2).
        rate: That rate.
        final: The function's value at its end.
    """

    points: Array
    rate: float
    final: float


def _valley(point: Array) -> Array:
    x, y = point
    return np.asarray((1 - x) ** 2 + 5 * (y - x**2) ** 2)


def _valley_slope(point: Array) -> Array:
    x, y = point
    return np.stack([-2 * (1 - x) - 20 * x * (y - x**2), 10 * (y - x**2)])


#: A bowl whose long axis is not that of a weight: eigenvalues 1 and 0.04, turned by 30 degrees.
_TURN = np.array([[np.cos(np.pi / 6), -np.sin(np.pi / 6)], [np.sin(np.pi / 6), np.cos(np.pi / 6)]])
_BOWL = _TURN @ np.diag([0.04, 1.0]) @ _TURN.T

LANDSCAPES = (
    Landscape("curved valley", _valley, _valley_slope, (-1.3, 1.2), (-1.8, 1.8, -0.8, 2.2)),
    Landscape(
        "narrow bowl",
        lambda point: np.asarray(0.5 * np.einsum("i...,ij,j...->...", point, _BOWL, point)),
        lambda point: np.asarray(np.einsum("ij,j...->i...", _BOWL, point)),
        (-1.6, 1.0),
        (-2.0, 2.0, -1.6, 1.6),
    ),
)


@cache
def best_path(spec: OptimizerSpec, number: int) -> Path:
    """The path on ``LANDSCAPES[number]`` at the rate whose end is the lowest."""
    landscape = LANDSCAPES[number]
    paths = [_path(spec, landscape, rate) for rate in RATES]
    return min(paths, key=lambda path: path.final)


def portrait(name: str, spec: OptimizerSpec) -> Picture:
    """The surface and both paths beside each other."""
    title = f"{name}: update surface, and paths of {STEPS} steps on two functions"
    ends = (f"{each.name}: peak rate {best_path(spec, n).rate:g}" for n, each in enumerate(LANDSCAPES))
    reading = (
        "Left: the update over the gradient (across) after a long constant gradient (up), purple negative. Right: "
        f"paths with warm-up and cosine at the best of {len(RATES)} peak rates ({', '.join(ends)})."
    )
    return picture(file_name("portrait", name), title, reading, lambda: draw_portrait(spec))


def draw_portrait(spec: OptimizerSpec) -> Any:
    """Draw the figure."""
    paths = [best_path(spec, number) for number in range(len(LANDSCAPES))]
    titles = [
        "update: gradient across, past one up",
        *(f"{plain(each.name)}: {path.final:.1g} at the end" for each, path in zip(LANDSCAPES, paths, strict=True)),
    ]
    figure, axes = panels(titles, columns=3, height=1.7)
    draw_surface(axes[0], surface(spec))
    for panel, landscape, path in zip(axes[1:], LANDSCAPES, paths, strict=True):
        _draw_path(panel, landscape, path)
    return figure


def _path(spec: OptimizerSpec, landscape: Landscape, peak: float) -> Path:
    optimizer = NumpyOptimizer(spec, total_steps=STEPS, warmup_steps=WARMUP, draw=draw_from(np.random.default_rng(0)))
    point = np.array(landscape.start)
    points = [point]
    with np.errstate(all="ignore"):
        for step in range(STEPS):
            rate = float(base_rate(NUMPY, float(step), peak, STEPS, WARMUP, 0))
            point = optimizer.step([point], [landscape.gradient(point)], rate)[0]
            points.append(point)
        final = float(landscape.value(point))
    return Path(np.array(points), peak, final if np.isfinite(final) else np.inf)


def _draw_path(panel: Any, landscape: Landscape, path: Path) -> None:
    left, right, bottom, top = landscape.window
    grid = np.stack(np.meshgrid(np.linspace(left, right, 80), np.linspace(bottom, top, 80)))
    levels = np.geomspace(0.01, 40, 10)
    panel.contour(grid[0], grid[1], landscape.value(grid), levels=levels, colors=GREY, linewidths=0.5)
    panel.plot(path.points[:, 0], path.points[:, 1], "-", color=LINES[0].color, linewidth=1.2)
    panel.plot(*path.points[0], "o", color=INK, markersize=4)
    panel.plot(*path.points[-1], "s", color=LINES[1].color, markersize=4)
    panel.set_xlim(left, right)
    panel.set_ylim(bottom, top)
    panel.tick_params(labelleft=False, labelbottom=False)
    panel.grid(visible=False)
