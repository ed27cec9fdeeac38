"""The fields of a spec, each checked when it is made: update graph, momentum, direction and the rate's factor.

What writes or runs a spec needs these alone; `paper_optimizers.spec` is the whole, which can be read and written.
"""

from __future__ import annotations

import math
import numbers
from dataclasses import dataclass
from typing import Any, Literal, get_args

from paper_optimizers.errors import SpecError, shown
from paper_optimizers.graph import Graph

MomentumType = Literal["none", "classical", "nesterov"]


def coefficient(value: object, path: str) -> float:
    """A momentum coefficient as a float; `SpecError` with ``path`` unless it is a number in [0, 1)."""
    number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if not number or not 0.0 <= value < 1.0:  # type: ignore[operator]
        raise SpecError(f"received {shown(value)}; expected a number in [0, 1)", path)
    return float(value)  # type: ignore[arg-type]


def weight_decay(value: object) -> float:
    """A weight decay as a float; `SpecError` unless it is a finite number, 0 or more."""
    number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if not number or not 0.0 <= value < math.inf:  # type: ignore[operator]
        raise SpecError(f"received {shown(value)}; expected a finite number, 0 or more", "weight_decay")
    return float(value)  # type: ignore[arg-type]


@dataclass(frozen=True)
class OneCycle:
    """Momentum that falls from ``high`` to ``low`` over the warm-up, holds, and rises back to ``high`` at the end."""

    high: float = 0.95
    low: float = 0.85

    def __post_init__(self) -> None:
        """Check that ``high`` and ``low`` lie in [0, 1)."""
        object.__setattr__(self, "high", coefficient(self.high, "high"))
        object.__setattr__(self, "low", coefficient(self.low, "low"))


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
            object.__setattr__(self, "coefficient", coefficient(self.coefficient, "coefficient"))
        if self.type == "none":
            object.__setattr__(self, "coefficient", OneCycle())

    @property
    def varies(self) -> bool:
        """Whether the coefficient depends on training progress."""
        return self.type != "none" and isinstance(self.coefficient, OneCycle)

    def at(self, phase: Any) -> Any:
        """The coefficient at a one-cycle phase, 1 at its high end and 0 at its low one; a constant is what it is."""
        if isinstance(self.coefficient, OneCycle):
            return self.coefficient.low + (self.coefficient.high - self.coefficient.low) * phase
        return self.coefficient


@dataclass(frozen=True)
class SpecFields:
    """The fields of an `OptimizerSpec`; see there."""

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
        return self.update.decays

    @property
    def needs_total_steps(self) -> bool:
        """Whether the spec cannot run without knowing how many steps training takes."""
        return bool(self.decays) or self.schedule is not None or self.momentum.varies

    @property
    def is_random(self) -> bool:
        """Whether an active node draws random numbers."""
        return any(node.op == "dropout" for node in self.update.active())
