"""Transformations of Optax as what moves members: any `optax.GradientTransformation`, compiled once for all rates.

A transformation is made anew, while a step is compiled, from the rate that the step's table holds. So the rate is an
argument of the compiled program, a float32, and the schedule is the one that specs have. It sees the network's tensors
with their shapes, since some transformations tell matrices from vectors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
import optax

from reproduce.population.assembly import FloatArray, Member, rates
from reproduce.population.problems import Arrays
from reproduce.population.stepper import Programs, StepResult
from reproduce.population.weights import FlatWeights


class RunTables(NamedTuple):
    """The values that each of S steps needs, for M members; or of one step, for one member.

    Attributes:
        rate: [M, S] learning rate.
        progress: [M, S] share of the run's steps that are done after this one: 1/T, 2/T and so on, and 1 past the end.
    """

    rate: FloatArray
    progress: FloatArray


#: ``(a step's table, which of the tensors are embeddings) -> transformation``. What is kept between steps must have one
#: structure at all rates.
MakeTransformation: TypeAlias = "Callable[[RunTables, tuple[bool, ...]], optax.GradientTransformation]"


@dataclass(frozen=True)
class Transformation:
    """One transformation as the optimizer of a population's members; see `reproduce.population.stepper.Optimizers`.

    Its members have no spec. What a transformation draws at random it draws from a seed of its own, the same for all.

    Attributes:
        make: See `MakeTransformation`.
        measured: ``(state, tensors) -> tensors`` at which a member is measured, where these are not those that are
            trained; or None.

    Examples:
        ``Population(problem, Transformation(lambda now, _: optax.adam(now.rate)))``
    """

    make: MakeTransformation
    measured: Callable[[Any, Arrays], Arrays] | None = None

    def stepper(self, weights: FlatWeights) -> TransformationStepper:
        """Make the stepper that moves members with such weights."""
        return TransformationStepper(self, weights)


class TransformationStepper:
    """A transformation as a `reproduce.population.stepper.Stepper`.

    Args:
        transformation: How it is made.
        weights: How the parameters lie.
    """

    def __init__(self, transformation: Transformation, weights: FlatWeights) -> None:
        self._transformation, self._weights = transformation, weights
        self.is_measured_elsewhere = transformation.measured is not None

    def example(self) -> Member:
        """One without a spec."""
        return Member(None, 0.0, total_steps=1)

    def start(self, members: Sequence[Member], weights: Any) -> tuple[Programs, Any]:
        """No programs, and the transformation's own initial state.

        Raises:
            ValueError: For a member with a spec.
        """
        for number, member in enumerate(members):
            if member.spec is not None:
                raise ValueError(
                    f"member {number} has the spec {member.spec.to_text()} and its population moves members by a "
                    "transformation: give it None, or make the population without one"
                )

        def first(weight: Any) -> Any:
            return self._made(RunTables(jnp.float32(0), jnp.float32(0))).init(self._weights.tensors(weight))

        # Copies, since an epoch gives up the buffers that it is given, and a state may hold one twice.
        return ((), ()), jax.tree.map(lambda array: jnp.array(array, copy=True), jax.vmap(first)(jnp.asarray(weights)))

    def tables(self, members: Sequence[Member], steps: range) -> RunTables:
        """The rates of the members' schedules, and how far they are."""
        done = np.arange(steps.start, steps.stop) + 1.0
        return RunTables(
            np.stack([rates(member, steps) for member in members]).astype(np.float32),
            np.stack([np.minimum(done / member.total_steps, 1.0) for member in members]).astype(np.float32),
        )

    def workspace(self) -> tuple[()]:
        """An empty workspace: this stepper needs none."""
        return ()

    def step(
        self, program: Any, table: Any, gradient: Any, weight: Any, optimizer: Any, workspace: Any, key: Any
    ) -> StepResult:
        """See `reproduce.population.stepper.Stepper`."""
        del program, key
        tensors = self._weights.tensors(weight)
        updates, state = self._made(table).update(self._weights.tensors(gradient), optimizer, tensors)
        return StepResult(self._weights.vector(optax.apply_updates(tensors, updates)), state, workspace)

    def measured(self, weight: Any, optimizer: Any) -> Any:
        """Return the weights that the transformation says to measure, or those that are trained."""
        measured = self._transformation.measured
        return weight if measured is None else self._weights.vector(measured(optimizer, self._weights.tensors(weight)))

    def _made(self, now: RunTables) -> optax.GradientTransformation:
        return self._transformation.make(now, self._weights.is_embedding)
