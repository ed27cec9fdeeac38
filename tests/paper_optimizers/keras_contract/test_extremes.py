"""Every function and operand means the same on every back end at the ends of float32, compiled where `fit` compiles."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

import paper_optimizers as po
from paper_optimizers.keras.namespace import KERAS
from tests.paper_optimizers import extreme_rows as extremes
from tests.paper_optimizers.keras_contract.worlds import BACKEND, arrays


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function as the back end's `fit` would run it."""
    if BACKEND == "tensorflow":
        import tensorflow as tf

        return tf.function(function, autograph=False, jit_compile=True)
    if BACKEND == "jax":
        import jax

        return jax.jit(function)
    return function


def updates_of(spec: po.OptimizerSpec, weight: Any, gradients: list[Any]) -> list[Any]:
    """The update of each step, in Keras' own operations."""
    return extremes.updates_of(spec, KERAS, weight, gradients, lambda step: keras.ops.ones(()) * step)


def test_every_row_means_the_same_at_the_ends_of_float32() -> None:
    @compiled
    def everything(weight: Any, *gradients: Any) -> list[Any]:
        return [updates_of(spec, weight, list(gradients)) for spec in extremes.ROWS.values()]

    inputs = [keras.ops.convert_to_tensor(array) for array in (extremes.pairs()[1], *extremes.steps())]
    results = dict(zip(extremes.ROWS.values(), everything(*inputs), strict=True))
    assert extremes.failures(lambda spec: arrays(results[spec])) == []


def test_a_norm_is_right_at_the_ends_of_float32() -> None:
    @compiled
    def everything(tensors: Any) -> list[Any]:
        return [updates_of(extremes.NORM, tensor, [tensor])[0] for tensor in keras.ops.unstack(tensors)]

    results = everything(keras.ops.convert_to_tensor(extremes.triples()))
    assert extremes.wrong("clip_norm", np.stack(arrays(results)), extremes.norm_oracle()) == []


def test_the_published_a5_keeps_its_direction_where_squares_overflow() -> None:
    variable = keras.Variable(np.zeros(3, "float32"))
    po.A5(1.0).apply([keras.ops.convert_to_tensor(np.array([2e19, 2e19, 0.0], "float32"))], [variable])
    np.testing.assert_allclose(arrays([variable])[0], [-(0.5**0.5), -(0.5**0.5), 0.0], rtol=1e-6)
