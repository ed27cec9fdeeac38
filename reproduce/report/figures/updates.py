"""Figures of updates: the value over the gradient and the gradients before it, and how far weights move over a run."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from paper_optimizers.curves import numpy_progress
from paper_optimizers.namespaces import NUMPY
from paper_optimizers.one_cycle import base_rate
from paper_optimizers.ops import FUNCTIONS
from paper_optimizers.program import Program, compile_spec
from paper_optimizers.simulation import NumpyOptimizer, draw_from
from paper_optimizers.spec import OptimizerSpec
from paper_optimizers.step import PureOptimizer, TensorState, step_values
from reproduce.report.multiples import Axis, Panel, Stroke, draw_multiples
from reproduce.report.results import Alike, alike
from reproduce.report.style import DIVERGING, INK, Picture, label_panels, panels, picture, plain, say_empty

Array = NDArray[np.float64]

#: Gradients from minus this to this, in so many points each way.
REACH, POINTS = 2.0, 33
#: Steps of the simulated run, those of its warm-up, and weights that are moved.
TOTAL_STEPS, WARMUP_STEPS, NUM_WEIGHTS = 200, 20, 64
#: Steps of constant gradient after which the states of single nodes have settled.
_SETTLED = 40
_LEVELS = (-0.8, -0.6, -0.4, -0.2, 0.2, 0.4, 0.6, 0.8)


@dataclass(frozen=True, eq=False)
class Values(Alike):
    """One panel: what `surface` or `effective_steps` gives for these optimizers, the same to four decimals."""

    values: Array


def surface_picture(specs: Mapping[str, OptimizerSpec], name: str = "update_surfaces") -> Picture:
    """The update surface of each optimizer."""
    found = _panels(specs, surface)
    title = (
        f"Update u over gradient g after a long constant gradient v, half-way through training, {len(specs)} optimizers"
    )
    return picture(name, title, surface_reading(found), lambda: draw_surfaces(found))


def step_picture(specs: Mapping[str, OptimizerSpec], name: str = "effective_steps") -> Picture:
    """The effective step of each optimizer over a run."""
    found = _panels(specs, effective_steps)
    title = f"Effective step over training under random gradients, one seed, T = {TOTAL_STEPS}, {len(specs)} optimizers"
    return picture(name, title, step_reading(found), lambda: draw_traces(found))


@functools.cache
def surface(spec: OptimizerSpec) -> Array:
    """The update, before momentum, where gradient g arrives after every average has settled at gradient v.

    The weight is 1 and the run is half-way; dropout keeps every value. Each point is a weight tensor of its own, so
    that what looks at whole tensors sees one number.

    Returns:
        Shape (`POINTS`, `POINTS`), v down and g across; not finite where the update is not.
    """
    program = compile_spec(spec)
    axis = np.linspace(-REACH, REACH, POINTS)
    past, gradient = (side.ravel() for side in np.meshgrid(axis, axis, indexing="ij"))
    if any(FUNCTIONS[each.op].needs == "tensor" for each in program.instructions if each.op in FUNCTIONS):
        points = [_after(program, past[[n]], gradient[[n]]) for n in range(past.size)]
        return np.concatenate(points).reshape(POINTS, POINTS)
    return _after(program, past, gradient).reshape(POINTS, POINTS)


@functools.cache
def effective_steps(spec: OptimizerSpec) -> Array:
    """How far weights move in each step of a run, over the peak rate, with warm-up, cosine, momentum and decays.

    Gradients are normal with mean 0.1 and standard deviation 0.3, the same for every optimizer; the peak rate is so
    small that the weights stay where they are.
    """
    source = np.random.default_rng(0)
    gradients = source.normal(0.1, 0.3, (TOTAL_STEPS, NUM_WEIGHTS))
    optimizer = NumpyOptimizer(
        spec, total_steps=TOTAL_STEPS, warmup_steps=WARMUP_STEPS, draw=draw_from(np.random.default_rng(1))
    )
    peak = 1e-6
    weights: Array = source.normal(0.0, 0.1, NUM_WEIGHTS)
    moves = np.empty(TOTAL_STEPS)
    for step, gradient in enumerate(gradients):
        rate = float(base_rate(NUMPY, float(step), peak, TOTAL_STEPS, WARMUP_STEPS, 0))
        moved = optimizer.step([weights], [gradient], rate)[0]
        moves[step] = np.sqrt(np.mean(np.square(moved - weights))) / peak
        weights = moved
    return moves


def surface_reading(found: Sequence[Values]) -> str:
    """Which updates are the same, never above 1 on this square, or independent of one of the two gradients."""
    same = "; ".join(each.label for each in found if len(each.names) > 1)
    bounded = _listed(each.label for each in found if _largest(each.values) <= 1 + 1e-6)
    present_only = _listed(each.label for each in found if _constant(each.values, axis=0))
    return (
        f"The same to four decimals: {same or 'none'}. Never above 1 here: {bounded}. Independent of past gradients: "
        f"{present_only}. Colour and contours follow the signed root of the update over its largest value, which "
        "stands above each panel; dashed contours are negative."
    )


def step_reading(found: Sequence[Values]) -> str:
    """Whose longest step comes first, and last."""
    if not found:
        return "There are none."
    peaks = {each.label: 100 * int(np.argmax(each.values)) / TOTAL_STEPS for each in found}
    first, last = min(peaks, key=lambda label: peaks[label]), max(peaks, key=lambda label: peaks[label])
    return (
        f"The longest step comes earliest for {first} ({peaks[first]:.0f} % of the run) and latest for {last} "
        f"({peaks[last]:.0f} %). The number above each panel is its longest step over the peak learning rate."
    )


def draw_surfaces(found: Sequence[Values]) -> Any:
    """The figure of the surfaces."""
    titles = [f"{plain(each.label)}: ±{_largest(each.values):.2g}" for each in found]
    figure, axes = panels(titles, columns=6, height=0.95, sharex=True, sharey=True)
    for panel, each in zip(axes, found, strict=False):
        draw_surface(panel, each.values)
    if not found:
        say_empty(axes[0], "none")
    label_panels(figure, "gradient g (±: the largest |u|, where the colours end)", "past gradient v")
    return figure


def draw_surface(panel: Any, values: Array) -> None:
    """One surface: colours and contours of its signed root over the largest value."""
    extent = (-REACH, REACH, -REACH, REACH)
    axis = np.linspace(-REACH, REACH, POINTS)
    shown = np.sign(values) * np.sqrt(np.abs(values) / (_largest(values) or 1.0))
    panel.imshow(shown, origin="lower", extent=extent, cmap=DIVERGING, vmin=-1, vmax=1, aspect="auto")
    panel.contour(axis, axis, shown, levels=_LEVELS, colors=INK, linewidths=0.5)
    panel.grid(visible=False)
    panel.set_xticks([-2, 0, 2])
    panel.set_yticks([-2, 0, 2])


def draw_traces(found: Sequence[Values]) -> Any:
    """The figure of the effective steps."""
    progress = 100 * np.arange(TOTAL_STEPS) / TOTAL_STEPS
    panels = [
        Panel(
            f"{plain(each.label)}: {_largest(each.values):.2g}",
            [Stroke(progress, each.values / (_largest(each.values) or 1.0))],
        )
        for each in found
    ]
    across = Axis("training progress, % (number: the longest RMS step over the peak rate)", ticks=(0, 50, 100))
    up = Axis("RMS step over the longest", ticks=(0, 0.5, 1))
    return draw_multiples(panels, across, up, columns=6, height=58.0)


def _panels(specs: Mapping[str, OptimizerSpec], values_of: Callable[[OptimizerSpec], Array]) -> list[Values]:
    """The results of ``values_of``, one for all optimizers that it gives the same."""
    values = {name: values_of(spec) for name, spec in specs.items()}
    rounded = {name: np.round(each, 4).tobytes() for name, each in values.items()}
    return [Values(names, values[names[0]]) for names in alike(rounded)]


def _after(program: Program, past: Array, gradient: Array) -> Array:
    """The update where ``gradient`` arrives after a long run of ``past``; each has one dimension."""
    weight = np.ones_like(past)
    moments = tuple(past**key.power for key in program.moments)
    state = TensorState(moments, tuple(np.zeros_like(past) for _ in program.states), None)
    now = numpy_progress(TOTAL_STEPS // 2, TOTAL_STEPS)
    with np.errstate(all="ignore"):
        # So long a run that no bias is left to correct.
        step = step_values(program, NUMPY, count=1e9, progress=now, one_cycle_phase=0.0)
        for arriving in (*[past] * (_SETTLED if program.states else 0), gradient):
            update, state = PureOptimizer(program, NUMPY).update(
                step, arriving, weight, state, draw=lambda number, tensor: np.ones_like(tensor)
            )
    return np.array(np.broadcast_to(update, past.shape), np.float64)


def _constant(values: Array, axis: int) -> bool:
    """Whether nothing changes along ``axis``."""
    return bool(np.isfinite(values).all() and np.ptp(values, axis=axis).max() <= 1e-6 * _largest(values))


def _largest(values: Array) -> float:
    """The largest finite magnitude; 0 where there is none."""
    return float(np.max(np.abs(values), where=np.isfinite(values), initial=0.0))


def _listed(labels: Iterable[str]) -> str:
    return ", ".join(labels) or "none"
