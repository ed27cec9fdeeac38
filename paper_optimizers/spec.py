"""Optimizer specs: an optimizer as data, validated when it is made, with a JSON form that is published as a schema.

A spec says how one weight tensor moves: the update ``u`` (a graph over gradient, moment estimates, weight and
constants, with decay functions on its edges), the momentum type, whether it ascends its own expression, and a factor
that the learning-rate schedule is multiplied by. It says nothing of rates, step counts or arrays.

Source: Morgan & Hougen (arXiv 2404.06679). The language is larger than that paper's search space
(`paper_optimizers.search_space`): constants, EMA betas and curve parameters are values.
"""

from __future__ import annotations

import numbers
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

from paper_optimizers.errors import SpecError, shown
from paper_optimizers.graph import Graph

#: Version of the JSON form; a change that an older reader would misread raises it.
VERSION = 1

MomentumType = Literal["none", "classical", "nesterov"]


def _coefficient(value: object, path: str) -> float:
    number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if not number or not 0.0 <= value < 1.0:  # type: ignore[operator]
        raise SpecError(f"received {shown(value)}; expected a number in [0, 1)", path)
    return float(value)  # type: ignore[arg-type]


@dataclass(frozen=True)
class OneCycle:
    """Momentum that falls from ``high`` to ``low`` over the warm-up, holds, and rises back to ``high`` at the end."""

    high: float = 0.95
    low: float = 0.85

    def __post_init__(self) -> None:
        """Both in [0, 1)."""
        object.__setattr__(self, "high", _coefficient(self.high, "high"))
        object.__setattr__(self, "low", _coefficient(self.low, "low"))


@dataclass(frozen=True)
class Momentum:
    """How the update becomes a step, with ``eta`` the rate and ``mu`` the coefficient.

    ``none``: w <- w - eta u. ``classical``: m <- mu m - eta u; w <- w + m. ``nesterov``: m likewise;
    w <- w + mu m - eta u.
    """

    type: MomentumType = "none"
    coefficient: float | OneCycle = OneCycle()

    def __post_init__(self) -> None:
        """Check the type and the coefficient; without momentum the coefficient means nothing and is the default."""
        if self.type not in get_args(MomentumType):
            raise SpecError(f"received {shown(self.type)}; expected one of {', '.join(get_args(MomentumType))}", "type")
        if not isinstance(self.coefficient, OneCycle):
            object.__setattr__(self, "coefficient", _coefficient(self.coefficient, "coefficient"))
        if self.type == "none":
            object.__setattr__(self, "coefficient", OneCycle())


@dataclass(frozen=True)
class OptimizerSpec:
    """One optimizer as data.

    Attributes:
        update: The graph of the update ``u``.
        momentum: Momentum type and coefficient.
        ascend: Whether the step is ``w + eta u`` instead of ``w - eta u``.
        schedule: A graph of kind "decay" whose value multiplies the learning rate, or None.

    Raises:
        SpecError: Naming the place in the spec.

    Examples:
        >>> from paper_optimizers import OptimizerSpec
        >>> sgd = OptimizerSpec.from_json(
        ...     '{"version": 1, "update": {"root": "g", "nodes": [{"id": "g", "op": "gradient"}]}}'
        ... )
        >>> sgd.to_text()
        'None ~ g'
    """

    update: Graph
    momentum: Momentum = Momentum()
    ascend: bool = False
    schedule: Graph | None = None

    def __post_init__(self) -> None:
        """Every field must have its type, and the graphs their kind."""
        if not isinstance(self.momentum, Momentum):
            raise SpecError(f"received {shown(self.momentum)}; expected a Momentum", "momentum")
        if not isinstance(self.ascend, bool):
            raise SpecError(f"received {shown(self.ascend)}; expected true or false", "ascend")
        for path, graph, kind in (("update", self.update, "update"), ("schedule", self.schedule, "decay")):
            if graph is None and path == "schedule":
                continue
            if not isinstance(graph, Graph):
                raise SpecError(f"received {shown(graph)}; expected a Graph", path)
            if graph.kind != kind:
                raise SpecError(f"received a graph of kind {graph.kind!r}; expected {kind!r}", path)

    @property
    def decays(self) -> tuple[Graph, ...]:
        """The distinct decay functions on edges of active nodes, in order of first use."""
        found = (edge.decay for node in self.update.active() for edge in node.inputs)
        return tuple(dict.fromkeys(decay for decay in found if decay is not None))

    @property
    def needs_total_steps(self) -> bool:
        """Whether the spec cannot run without knowing how many steps training takes."""
        one_cycle = self.momentum.type != "none" and isinstance(self.momentum.coefficient, OneCycle)
        return bool(self.decays) or self.schedule is not None or one_cycle

    @property
    def is_random(self) -> bool:
        """Whether an active node draws random numbers."""
        return any(node.op == "dropout" for node in self.update.active())

    def without_decays(self) -> OptimizerSpec:
        """The same optimizer with every edge decay and the schedule factor removed."""
        return replace(self, update=_bare(self.update), schedule=None)

    def with_momentum(self, coefficient: float) -> OptimizerSpec:
        """The same optimizer with a constant momentum coefficient.

        Raises:
            SpecError: Unless it is a number in [0, 1).
        """
        return replace(self, momentum=Momentum(self.momentum.type, _coefficient(coefficient, "momentum")))

    def to_dict(self) -> dict[str, Any]:
        """The JSON form as plain dicts, lists, numbers and strings."""
        from paper_optimizers.serialization import spec_to_dict

        return spec_to_dict(self)

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> OptimizerSpec:
        """The spec of a JSON document already parsed.

        Raises:
            SpecError: Naming the place in the document.
        """
        from paper_optimizers.serialization import spec_from_dict

        return spec_from_dict(document)

    def to_json(self) -> str:
        """The spec as JSON, indented, with a final newline; equal specs give equal text."""
        from paper_optimizers.serialization import spec_to_json

        return spec_to_json(self)

    @classmethod
    def from_json(cls, text: str | bytes) -> OptimizerSpec:
        """The spec of a JSON text.

        Raises:
            SpecError: Whatever is wrong with the text, naming the place.
        """
        from paper_optimizers.serialization import spec_from_json

        return spec_from_json(text)

    def to_text(self) -> str:
        """The spec in the published log's notation; see `paper_optimizers.notation`."""
        from paper_optimizers.notation import to_text

        return to_text(self)

    def to_latex(self) -> str:
        """The update as a LaTeX formula."""
        from paper_optimizers.latex import to_latex

        return to_latex(self)

    def draw(self, path: str | Path) -> Path:
        """Draw the graph as in the paper's figures 1 and 2; ``path`` ends in .svg, .pdf or .png."""
        from paper_optimizers.draw import draw

        return draw(self, path)

    def fingerprint(self) -> str:
        """A hash of what the spec computes: equal functions have equal fingerprints, however they are written."""
        from paper_optimizers.fingerprint import fingerprint

        return fingerprint(self)


def _bare(graph: Graph) -> Graph:
    nodes = (replace(node, inputs=tuple(replace(edge, decay=None) for edge in node.inputs)) for node in graph.nodes)
    return replace(graph, nodes=tuple(nodes))
