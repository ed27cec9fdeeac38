"""Steppers, which move the members of a population: the part of a step that is not the network's.

The engine takes a step in one place (`reproduce.population.engine.Population`), whatever moves the weights. Optimizers
that are data share one stepper (`reproduce.population.interpreter.Specs`); a transformation of Optax is one of its own
(`reproduce.population.transformation.Transformation`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from reproduce.population.assembly import Member
from reproduce.population.weights import FlatWeights

#: What the members' optimizers are: for each member, and what vectorised members have to have in common. Of the latter
#: they get the largest. Arrays have a leading axis M.
Programs = tuple[Any, Any]


class StepResult(NamedTuple):
    """The weights [P] and the optimizer's state after a step, and the workspace given back."""

    weight: Any
    optimizer: Any
    workspace: Any


class Stepper(Protocol):
    """Moves members whose weights lie in vectors of P numbers.

    What `start` and `tables` answer has a leading axis M; `workspace`, `step` and `measured` are for one member.

    Attributes:
        is_measured_elsewhere: Whether members are measured at other weights than those that are trained.
    """

    is_measured_elsewhere: bool

    def example(self) -> Member:
        """A member that it can move, for questions of size."""

    def start(self, members: Sequence[Member], weights: Any) -> tuple[Programs, Any]:
        """The optimizers of ``members`` and their states before the first step at ``weights`` [M, P].

        Raises:
            ValueError: For a member that it cannot move.
        """

    def tables(self, members: Sequence[Member], steps: range) -> Any:
        """Make what each of S steps needs, as a tree of arrays [M, S, ...]."""

    def workspace(self) -> Any:
        """Make what `step` writes to and nobody reads; handed on from step to step, so that it is made once."""

    def step(
        self, program: Programs, table: Any, gradient: Any, weight: Any, optimizer: Any, workspace: Any, key: Any
    ) -> StepResult:
        """One step of one member: ``gradient`` and ``weight`` are [P], ``table`` is its entry of `tables`."""

    def measured(self, weight: Any, optimizer: Any) -> Any:
        """The weights [P] at which a member is measured."""


class Optimizers(Protocol):
    """A kind of optimizers that a population can be made for."""

    def stepper(self, weights: FlatWeights) -> Stepper:
        """Make the stepper that moves members with such weights."""
