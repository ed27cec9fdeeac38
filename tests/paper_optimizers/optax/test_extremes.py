"""Every function and operand means the same at the ends of float32, in updates that are compiled."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

pytest.importorskip("optax", reason="Optax is not installed: pip install 'paper-optimizers[optax]'")
import jax
import jax.numpy as jnp

import paper_optimizers as po
from paper_optimizers.optax import a5, graph_optimizer
from tests.paper_optimizers import extreme_rows as extremes


def updates_of(spec: po.OptimizerSpec, weight: Any, gradients: Sequence[Any]) -> list[Any]:
    """The update of each step: at a rate of 1 the weight changes by its negative."""
    transformation = graph_optimizer(spec, 1.0)
    state, updates = transformation.init(weight), []
    for gradient in gradients:
        change, state = transformation.update(gradient, state, weight)
        updates.append(-change)
    return updates


def test_every_row_means_the_same_at_the_ends_of_float32() -> None:
    @jax.jit
    def everything(weight: Any, *gradients: Any) -> list[Any]:
        return [updates_of(spec, weight, gradients) for spec in extremes.ROWS.values()]

    results = everything(extremes.pairs()[1], *extremes.steps())
    assert extremes.failures(dict(zip(extremes.ROWS.values(), results, strict=True)).__getitem__) == []


def test_a_norm_is_right_at_the_ends_of_float32() -> None:
    @jax.jit
    def everything(tensors: Any) -> list[Any]:
        return [updates_of(extremes.NORM, tensor, [tensor])[0] for tensor in tensors]

    results = everything(jnp.asarray(extremes.triples()))
    assert extremes.wrong("clip_norm", np.stack(results), extremes.norm_oracle()) == []


def test_the_published_a5_keeps_its_direction_where_squares_overflow() -> None:
    weight, transformation = jnp.zeros(3), a5(1.0)
    change, _ = jax.jit(transformation.update)(jnp.asarray([2e19, 2e19, 0.0]), transformation.init(weight), weight)
    np.testing.assert_allclose(change, [-(0.5**0.5), -(0.5**0.5), 0.0], rtol=1e-6)
