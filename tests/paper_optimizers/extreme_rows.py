"""The answers of every function and operand to NaN, infinities, zeros, and the least and largest numbers of float32.

The float64 oracle says what is right: its result, rounded to float32, is what an interpreter must give wherever that
is a number, an infinity or NaN. Signs of zeros are not compared: nothing in the language tells them apart but a
division without epsilon, where XLA may drop the addition of 0 that makes a divisor of -0 positive.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from paper_optimizers import NumpyOptimizer, OptimizerSpec
from paper_optimizers.expressions import apply, leaf, to_graph
from paper_optimizers.namespaces import Namespace
from paper_optimizers.operands import OPERANDS
from paper_optimizers.ops import FUNCTIONS
from paper_optimizers.program import compile_spec
from paper_optimizers.step import PureOptimizer, step_values

MAGNITUDES = (0.0, 1e-30, 1e-20, 0.5, 50.0, 100.0, 1e4, 2e19, 1e30, 3e38, np.inf)
_LARGEST = float(np.finfo(np.float32).max)

#: What the functions that cancel may be off by where their result is small: a few units in the last place of 1.
CANCELS = {"tanh_derivative": 5e-7, "sigmoid_derivative": 5e-7, "log_abs": 5e-7, "softplus": 5e-7}


def extremes() -> np.ndarray:
    """Both signs of every magnitude, and NaN."""
    return np.array([sign * size for size in MAGNITUDES for sign in (1.0, -1.0)] + [np.nan], np.float32)


def pairs() -> tuple[np.ndarray, np.ndarray]:
    """All pairs of `extremes`, [N] and [N]: gradients and weights."""
    gradient, weight = (grid.ravel() for grid in np.meshgrid(extremes(), extremes()))
    return gradient, weight


def steps() -> list[np.ndarray]:
    """The gradients of two steps, [N] each: an average or a maximum meets each extreme after another one."""
    gradient, _ = pairs()
    return [gradient, np.roll(gradient, 1)]


def triples() -> np.ndarray:
    """[K, 3] tensors for functions of a whole tensor."""
    largest = 3e38
    chosen = [
        (0.0, 0.0, -0.0), (1e-30, 0.0, 0.0), (0.1, -0.2, 1e-20), (3.0, -4.0, 12.0), (1e4, 5.0, 1e-30),
        (2e19, 2e19, 0.0), (-2e19, 5.0, 1e-20), (largest, -largest, largest), (largest, 1.0, 2e19),
        (np.inf, 1.0, 0.0), (-np.inf, np.inf, 2e19), (np.nan, 1.0, largest),
    ]  # fmt: skip
    return np.array(chosen, np.float32)


def function_rows() -> Iterator[tuple[str, OptimizerSpec]]:
    """Every function of single numbers; a random one drops nothing."""
    for name, row in FUNCTIONS.items():
        if row.needs == "tensor":
            continue
        values: dict[str, float] = {"rate": 0.0} if row.needs == "random" else {}
        yield name, OptimizerSpec(to_graph(apply(name, *(leaf("gradient"), leaf("weight"))[: row.arity], **values)))


def operand_rows() -> Iterator[tuple[str, OptimizerSpec]]:
    """Every operand, its powers 1 to 3 among its rows."""
    for name, row in OPERANDS.items():
        for power in (1, 2, 3) if "power" in row.parameters else (None,):
            values = {} if power is None else {"power": power}
            yield name + str(power or ""), OptimizerSpec(to_graph(leaf(name, **values)))


#: Everything that is computed number by number, by name.
ROWS = dict((*function_rows(), *operand_rows()))
NORM = OptimizerSpec(to_graph(apply("clip_norm", leaf("gradient"))))


def updates_of(
    spec: OptimizerSpec, xp: Namespace, weight: Any, gradients: Sequence[Any], scalar: Callable[[int], Any]
) -> list[Any]:
    """The update of each step, in the operations of ``xp``; ``scalar`` makes its number out of one of Python."""
    optimizer = PureOptimizer(compile_spec(spec), xp)
    (state,) = optimizer.init([weight]).tensors
    updates = []
    for step, gradient in enumerate(gradients, start=1):
        values = step_values(optimizer.program, xp, count=scalar(step), progress=None, one_cycle_phase=None)
        update, state = optimizer.update(
            values, gradient, weight, state, draw=lambda number, tensor: xp.full_like(tensor, 0.5)
        )
        updates.append(update)
    return updates


def oracle(spec: OptimizerSpec) -> list[np.ndarray]:
    """The updates of both steps, [N] each, in float64."""
    optimizer = NumpyOptimizer(spec, draw=lambda number, tensor: np.full(np.shape(tensor), 0.5))
    weight = pairs()[1].astype(np.float64)
    return [optimizer.updates([weight], [gradient.astype(np.float64)])[0] for gradient in steps()]


def norm_oracle() -> np.ndarray:
    """[K, 3] the update of `NORM` for each of `triples`."""
    return np.array([NumpyOptimizer(NORM).updates([x], [x])[0] for x in triples().astype(np.float64)])


def wrong(name: str, ours: Any, expected: np.ndarray, where: np.ndarray | None = None) -> list[Any]:
    """The places, at most three, where ``ours`` is not the oracle's value in float32; empty if there is none."""
    with np.errstate(over="ignore"):
        rounded = expected.astype(np.float32)
    ours = np.broadcast_to(np.asarray(ours), rounded.shape)
    close = np.isclose(ours, rounded, rtol=2e-5, atol=CANCELS.get(name, 1e-36), equal_nan=True)
    bad = ~close if where is None else ~close & where
    return [(name, index, float(ours.flat[index]), float(rounded.flat[index])) for index in np.flatnonzero(bad)[:3]]


def comparable(name: str) -> np.ndarray:
    """[N] where every power of the gradient can be represented: those of g^2 and g^3 overflow long before g does.

    In float32 an average that has met such a power is infinite, and stays so.
    """
    power = int(name[-1]) if name[-1].isdigit() else 1
    with np.errstate(all="ignore"):
        sizes = [np.abs(gradient.astype(np.float64)) ** power for gradient in steps()]
    return np.all([(size <= _LARGEST) | ~np.isfinite(size) for size in sizes], axis=0)


def failures(run: Callable[[OptimizerSpec], list[Any]]) -> list[Any]:
    """All that `wrong` finds in the updates of both steps that ``run`` gives for each of `ROWS`."""
    return [
        each
        for name, spec in ROWS.items()
        for ours, expected in zip(run(spec), oracle(spec), strict=True)
        for each in wrong(name, ours, expected, comparable(name))
    ]
