"""Walks: members moved by given gradients, by the engine and by the float64 oracle.

The engine's problem has the loss ``sum(w * g)``, whose gradient is the number ``g`` that the batch brings.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import jax
import numpy as np

from paper_optimizers import NumpyOptimizer
from paper_optimizers.curves import numpy_progress
from paper_optimizers.namespaces import NUMPY
from paper_optimizers.one_cycle import base_rate
from paper_optimizers.program import evaluate_graph
from reproduce.population.assembly import OPERANDS, Member, compile_spec
from reproduce.population.device import Layout
from reproduce.population.engine import Population
from reproduce.population.problems import Measures, Problem
from tests.paper_optimizers.cases import tensors

STEPS = 12
SHAPES = ((4, 3), (7,))
START, GRADIENTS = tensors(3, STEPS, SHAPES)


def flat(arrays: Sequence[Any]) -> np.ndarray:
    return np.concatenate([np.ravel(array) for array in arrays])


def given_gradients() -> Problem:
    """The problem described above."""

    def initial(generator: np.random.Generator) -> Any:
        del generator
        return tuple(array.astype(np.float32) for array in START), ()

    def train(parameters: Any, statistics: Any, batch: Any, key: Any) -> Any:
        del key
        loss = sum((weight * gradient[0]).sum() for weight, gradient in zip(parameters, batch, strict=True))
        return loss, (statistics, loss * 0)

    def measure(parameters: Any, statistics: Any, batch: Any) -> Measures:
        del statistics
        losses = sum((g * w).reshape(len(g), -1).sum(1) for g, w in zip(batch, parameters, strict=True))
        return Measures(losses, losses * 0)

    return Problem(initial, train, measure)


def data(gradients: Sequence[Sequence[np.ndarray]] = GRADIENTS) -> tuple[np.ndarray, ...]:
    return tuple(np.stack(arrays).astype(np.float32) for arrays in zip(*gradients, strict=True))


@cache
def population_of(layout: Layout) -> Population:
    """One for each layout: lists of one length share its compilation."""
    return Population(given_gradients(), layout=layout)


def engine_walk(members: Sequence[Member], layout: Layout) -> tuple[np.ndarray, np.ndarray]:
    """[T, M, P] the weights after each step, and [M] the steps at which members failed."""
    engine = population_of(layout)
    programs, state = engine.start(members)
    walk = []
    for step in range(STEPS):
        order = np.full((len(members), 1, 1), step, np.int32)
        state, _ = engine.epoch(programs, state, engine.tables(members, range(step, step + 1)), data(), order)
        walk.append(np.asarray(state.weight))
    return np.stack(walk), np.asarray(state.failed_at)


def oracle_walk(member: Member, *, start: float = 1.0, gradient: float = 1.0) -> np.ndarray:
    """[T, P] the same by NumPy in float64, with the first weights and the gradients multiplied by these."""
    phases = (member.total_steps, member.warmup_steps, member.hold_steps)
    masks = Masks(member)
    optimizer = NumpyOptimizer(
        member.spec, total_steps=phases[0], warmup_steps=phases[1], hold_steps=phases[2], draw=masks
    )
    steps = np.minimum(np.arange(STEPS), member.total_steps - 1)
    rates = base_rate(NUMPY, steps.astype(float), member.rate, *phases)
    if member.factor is not None:
        rates = rates * evaluate_graph(member.factor, NUMPY, numpy_progress(np.arange(STEPS), member.total_steps))
    weights, walk = [array * start for array in START], []
    for step, gradients in enumerate(GRADIENTS):
        masks.step = step
        weights = optimizer.step(weights, [array * gradient for array in gradients], float(rates[step]))
        walk.append(flat(weights))
    return np.stack(walk)


class Masks:
    """The engine's own random numbers, handed to the oracle tensor by tensor."""

    def __init__(self, member: Member) -> None:
        self._key = jax.random.key(member.seed)
        functions = [op for op in compile_spec(member.spec).instructions if op.op not in OPERANDS]
        self._place = [place for place, op in enumerate(functions) if op.op == "dropout"]
        self.step = 0

    def __call__(self, number: int, tensor: np.ndarray) -> np.ndarray:
        _, key = jax.random.split(jax.random.fold_in(self._key, self.step))
        size = sum(int(np.prod(shape)) for shape in SHAPES)
        uniform = np.asarray(jax.random.uniform(jax.random.fold_in(key, self._place[number]), (size,)))
        start = 0 if np.shape(tensor) == SHAPES[0] else int(np.prod(SHAPES[0]))
        return uniform[start : start + np.size(tensor)].reshape(np.shape(tensor))
