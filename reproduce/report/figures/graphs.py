"""Graphs of optimizers and of decay functions, in the manner of the paper's figures 1 and 2."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

from paper_optimizers.draw import draw
from paper_optimizers.graph import Graph
from paper_optimizers.spec import OptimizerSpec
from reproduce.counts import number_of
from reproduce.report.style import Picture, file_name


@functools.cache
def optimizer_graph(name: str, spec: OptimizerSpec) -> Picture:
    """The graph of an optimizer, with its decay functions and the learning rate's factor below it."""
    active = spec.update.active()
    leaves = sum(not node.inputs for node in active)
    parts = [f"{number_of(leaves, 'operand')} and {number_of(len(active) - leaves, 'function')}"]
    parts.append(number_of(len(spec.decays), "decay function") if spec.decays else "no decay function")
    if spec.schedule is not None:
        parts.append("a factor of the learning rate")
    reading = f"It reads from below upwards: {', '.join(parts)}."
    return Picture(
        file_name("graph", name), f"{name} as a graph", reading, lambda formats: _rendered(spec, tuple(formats))
    )


def decay_graph(name: str, decay: Graph) -> Picture:
    """The graph of a decay function beside its values over the run."""
    active = decay.active()
    curves = sum(not node.inputs for node in active)
    reading = f"{number_of(curves, 'curve')} of training progress and {number_of(len(active) - curves, 'function')}."
    return Picture(
        file_name("graph_decay", name),
        f"The decay function of {name} as a graph, and its values over training",
        reading,
        lambda formats: _rendered(decay, tuple(formats)),
    )


def _rendered(what: OptimizerSpec | Graph, formats: tuple[str, ...]) -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        paths = {suffix: draw(what, Path(folder) / f"graph.{suffix}") for suffix in formats}
        return {suffix: path.read_bytes() for suffix, path in paths.items()}
