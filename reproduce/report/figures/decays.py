"""Decay figures: the fourteen curves of training progress, and every decay function in the catalog."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from paper_optimizers import describe, get, names
from paper_optimizers.curves import CURVES, numpy_progress
from paper_optimizers.graph import Graph
from paper_optimizers.latex import graph_to_latex
from paper_optimizers.namespaces import NUMPY
from paper_optimizers.program import evaluate_graph
from reproduce.report.multiples import Axis, Panel, Stroke, draw_multiples
from reproduce.report.style import Picture, picture

#: Steps of the run that is drawn.
TOTAL_STEPS = 200


@dataclass(frozen=True, eq=False)
class DecayCurve:
    """One panel.

    Attributes:
        label: Its name as matplotlib's mathematical text, with whose it is.
        values: At steps 0 to `TOTAL_STEPS` - 1.
    """

    label: str
    values: NDArray[np.float64]


def curve_picture() -> Picture:
    """The picture of a1 to a14, the curves that decay functions are made of."""
    found = search_space_curves()
    title = f"The {len(found)} decay curves over training, T = {TOTAL_STEPS} steps"
    return picture("decay_curves", title, reading(found), lambda: draw(found))


def evolved_picture(found: Mapping[Graph, tuple[str, ...]] | None = None) -> Picture:
    """Every decay function on an edge of these optimizers.

    Args:
        found: Decay functions, each with the optimizers that have it; None for the catalog's evolved optimizers.
    """
    decays = evolved_decays(evolved() if found is None else found)
    title = f"Evolved decay functions over training: {len(decays)} of them, T = {TOTAL_STEPS} steps"
    return picture("decays_evolved", title, reading(decays), lambda: draw(decays, columns=3))


def search_space_curves() -> list[DecayCurve]:
    """The curves of the search space, in the paper's order."""
    now = numpy_progress(np.arange(TOTAL_STEPS), TOTAL_STEPS)
    shown = {f"a{number}": number for number in range(1, 15)}
    found = {symbol: curve for curve in CURVES.values() for symbol in curve.notation if symbol in shown}
    return [
        DecayCurve(f"$a_{{{shown[symbol]}}}$ {found[symbol].name.replace('_', ' ')}", _values(found[symbol], now))
        for symbol in shown
    ]


def evolved() -> dict[Graph, tuple[str, ...]]:
    """The decay functions of Opt1 to Opt10, each with the optimizers that have it."""
    found: dict[Graph, tuple[str, ...]] = {}
    for name in names():
        for decay in get(name).decays if describe(name).family == "evolved" else ():
            found[decay] = (*found.get(decay, ()), name)
    return found


def evolved_decays(found: Mapping[Graph, tuple[str, ...]]) -> list[DecayCurve]:
    """The values of these decay functions over the run, each under the names of its owners."""
    now = numpy_progress(np.arange(TOTAL_STEPS), TOTAL_STEPS)
    with np.errstate(all="ignore"):
        return [
            DecayCurve(
                f"{', '.join(owners)}: ${math_text(graph_to_latex(decay))}$",
                np.broadcast_to(np.asarray(evaluate_graph(decay, NUMPY, now), np.float64), (TOTAL_STEPS,)),
            )
            for decay, owners in found.items()
        ]


def math_text(latex: str) -> str:
    """LaTeX as matplotlib sets it: plain bars and upright primes."""
    for ours, theirs in ((r"\left|", "|"), (r"\right|", "|"), (r"\tanh'", r"\mathrm{tanh}'")):
        latex = latex.replace(ours, theirs)
    return latex


def reading(decays: Sequence[DecayCurve]) -> str:
    """How many leave [0, 1], and how many end below where they begin."""
    if not decays:
        return "There are none."
    outside = [each for each in decays if not (each.values.min() >= -1e-9 and each.values.max() <= 1 + 1e-9)]
    falling = sum(bool(each.values[-1] < each.values[0] - 1e-3) for each in decays)
    rising = sum(bool(each.values[-1] > each.values[0] + 1e-3) for each in decays)
    stays = "All stay within 0 and 1" if not outside else f"{len(outside)} of {len(decays)} leave the range 0 to 1"
    return f"{stays}; {falling} end lower than they begin, {rising} higher, {len(decays) - falling - rising} the same."


def draw(decays: Sequence[DecayCurve], columns: int = 5) -> Any:
    """Draw a panel for each function."""
    progress = 100 * np.arange(TOTAL_STEPS) / TOTAL_STEPS
    panels = [Panel(each.label, [Stroke(progress, each.values)]) for each in decays]
    across, up = Axis("training progress, %", ticks=(0, 50, 100)), Axis("value", ticks=(0, 0.5, 1))
    return draw_multiples(panels, across, up, columns=columns)


def _values(curve: Any, now: Any) -> NDArray[np.float64]:
    defaults = {name: parameter.default for name, parameter in curve.parameters.items()}
    return np.asarray(curve.compute(NUMPY, now, **defaults), np.float64)
