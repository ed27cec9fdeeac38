"""Shared by the tests of the door: transformations by name, walks over given gradients, and the oracle's."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

import paper_optimizers as po
from paper_optimizers.optax import graph_optimizer

TOTAL, WARMUP, HOLD = 12, 3, 2
RUN = {"total_steps": TOTAL, "warmup_steps": WARMUP, "hold_steps": HOLD}


def tree(seed: int = 0, dtype: Any = jnp.float32) -> dict[str, Any]:
    """Parameters: nested, with None, a scalar and a tensor without elements."""
    random = np.random.default_rng(seed)
    arrays = [random.normal(size=shape) * 0.3 for shape in ((4, 3), (3,), (), (0, 2))]
    kernel, bias, scale, empty = (jnp.asarray(array, dtype) for array in arrays)
    return {"dense": {"kernel": kernel, "bias": bias, "none": None}, "rest": [scale, (empty, None)]}


def made(name: str, rate: Any = 0.05, **arguments: Any) -> optax.GradientTransformationExtraArgs:
    """The transformation of a catalog entry over the run of the tests."""
    return graph_optimizer(name, rate, **{**RUN, **arguments})


def walk(transformation: Any, params: Any, gradients: Sequence[Any], *, jit: bool = True) -> list[Any]:
    """The parameters after each of the gradients."""
    state = transformation.init(params)

    def step(gradient: Any, state: Any, params: Any) -> tuple[Any, Any]:
        updates, state = transformation.update(gradient, state, params)
        return optax.apply_updates(params, updates), state

    taken = []
    run = jax.jit(step) if jit else step
    for gradient in gradients:
        params, state = run(gradient, state, params)
        taken.append(params)
    return taken


def oracle_walk(
    spec: po.OptimizerSpec, weights: Sequence[Any], gradients: Sequence[Any], rates: Sequence[float], decay: float = 0.0
) -> list[list[Any]]:
    """The same in float64 on NumPy's arrays, with decoupled weight decay."""
    optimizer = po.NumpyOptimizer(spec, total_steps=TOTAL, warmup_steps=WARMUP, hold_steps=HOLD)
    taken = []
    for gradient, rate in zip(gradients, rates, strict=True):
        applied = float(optimizer.step_values().applied(rate))
        weights = [weight - weight * (decay * applied) for weight in weights]
        weights = optimizer.step(weights, gradient, rate)
        taken.append(weights)
    return taken


def close(left: Any, right: Any, tolerance: float = 1e-6) -> None:
    """Equal trees, but for ``tolerance`` of each number or of 1."""
    assert jax.tree.structure(left) == jax.tree.structure(right)
    for a, b in zip(jax.tree.leaves(left), jax.tree.leaves(right), strict=True):
        np.testing.assert_allclose(np.asarray(a, np.float64), np.asarray(b, np.float64), rtol=tolerance, atol=tolerance)
