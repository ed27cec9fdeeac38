"""Sparse gradients give what the same gradients give when dense. Keras has none on PyTorch."""

from typing import Any
from unittest import mock

import keras
import numpy as np
import pytest

import paper_optimizers as po
from paper_optimizers.program import compile_spec
from paper_optimizers.step import moves_rows_alone
from tests.paper_optimizers.keras_contract.worlds import BACKEND, OPTIMIZERS, arrays, assert_equal

pytestmark = pytest.mark.skipif(BACKEND == "torch", reason="Keras has no sparse gradients on PyTorch")

SHAPE = (5, 3)
ROWS = (0, 2, 2)
CLIPPED = {"weight_decay": 0.1, "global_clipnorm": 0.5}
CASES = [
    *((name, arguments) for name in OPTIMIZERS for arguments in ({}, CLIPPED)),
    ("Opt9", {"clipnorm": 0.5}),
    ("Opt9", {"clipvalue": 0.1}),
    ("Opt9", {"loss_scale_factor": 4.0}),
    ("Opt9", {"use_ema": True, "ema_momentum": 0.5, "ema_overwrite_frequency": 2}),
    ("Opt9", {"gradient_accumulation_steps": 2, "clipnorm": 0.5}),
    *((name, arguments) for name in ("SGD", "Adagrad") for arguments in ({}, CLIPPED, {"use_ema": True})),
    ("Adagrad", {"loss_scale_factor": 4.0}),
    ("Adagrad", {"gradient_accumulation_steps": 2}),
]


def named(name: str, **arguments: Any) -> keras.optimizers.Optimizer:
    if name in OPTIMIZERS:
        return OPTIMIZERS[name](**arguments)
    return po.GraphOptimizer(name, 0.05, **arguments)


def sparse_gradient(step: int) -> Any:
    """A gradient of three looked-up rows of five, one of them twice: its values are added."""
    values = keras.ops.convert_to_tensor(np.random.default_rng(step).normal(size=(3, 3)).astype("float32"))
    if BACKEND == "tensorflow":
        import tensorflow as tf

        return tf.IndexedSlices(values, ROWS, SHAPE)
    from jax.experimental.sparse import BCOO

    return BCOO((values, [[row] for row in ROWS]), shape=SHAPE)


@pytest.mark.parametrize(("name", "arguments"), CASES)
def test_a_sparse_gradient_is_a_gradient(name: str, arguments: dict[str, Any]) -> None:
    sparse, dense = (named(name, **arguments) for _ in range(2))
    ours, theirs = (keras.Variable(np.ones(SHAPE, "float32")) for _ in range(2))
    for step in range(4):
        gradient = sparse_gradient(step)
        sparse.apply([gradient], [ours])
        dense.apply([as_dense(gradient)], [theirs])
    assert_equal([ours, *sparse.variables], [theirs, *dense.variables], 1e-6)


@pytest.mark.parametrize(("name", "slots"), [("SGD", 0), ("Adagrad", 1)])
@pytest.mark.parametrize("arguments", [{}, {"weight_decay": 0.1}, {"clipnorm": 1.0}], ids=str)
def test_other_rows_than_those_named_are_not_written(name: str, slots: int, arguments: dict[str, Any]) -> None:
    """Where every row has to move, all are written."""
    optimizer, variable = named(name, **arguments), keras.Variable(np.ones(SHAPE, "float32"))
    optimizer.build([variable])
    with mock.patch.object(optimizer, "assign", side_effect=optimizer.assign) as assign:
        optimizer.apply([sparse_gradient(0)], [variable])
    values = [call.args[1] for call in assign.call_args_list]
    assert len(values) == 1 + slots
    assert {type(value) is type(sparse_gradient(0)) for value in values} == {not arguments}
    assert (arrays([variable])[0][[1, 3, 4]] == 1.0).all() == (arguments != {"weight_decay": 0.1})


def test_a_jitted_step_moves_rows() -> None:
    optimizer, twin = named("Adagrad"), named("Adagrad")
    model = keras.Sequential([keras.Input((2,), dtype="int32"), keras.layers.Embedding(6, 3), keras.layers.Flatten()])
    other = keras.models.clone_model(model)
    other.set_weights(model.get_weights())
    model.compile(optimizer, "mse", jit_compile=True)
    other.compile(twin, "mse", run_eagerly=True)
    inputs, targets = np.array([[0, 1], [1, 1], [4, 0]] * 4), np.ones((12, 6))
    for trained in (model, other):
        trained.fit(inputs, targets, batch_size=3, epochs=2, shuffle=False, verbose=0)
    assert_equal(model.weights, other.weights, 1e-6)
    assert_equal(model.optimizer.variables, other.optimizer.variables, 1e-6)


@pytest.mark.parametrize(
    ("text", "alone"),
    [
        ("g", True),
        ("(g) / (sqrt(|SumValue((g)^2)|))", True),
        ("tanh([a1][g])", True),
        ("max(g, 0)", True),
        ("v hat", False),
        ("(g)+(10-6w)", False),
        ("(|g|)^(w)", False),
        ("exp(g)", False),
        ("(g)*(deltaChange(g))", False),
        ("norm(g)", False),
        ("drop(g, 0.5)", False),
    ],
)
def test_rows_are_moved_alone_where_a_zero_gradient_changes_nothing(text: str, alone: bool) -> None:
    assert moves_rows_alone(compile_spec(po.from_text(f"None ~ {text}"))) == alone
    assert not moves_rows_alone(compile_spec(po.from_text(f"Mom ~ {text}")))


def test_of_the_catalog_sgd_and_adagrad_move_rows_alone() -> None:
    assert {name for name in po.names() if moves_rows_alone(compile_spec(po.get(name)))} == {"SGD", "Adagrad"}


def as_dense(gradient: Any) -> np.ndarray:
    """Row by row, in NumPy."""
    values = gradient.values if BACKEND == "tensorflow" else gradient.data
    total = np.zeros(SHAPE, "float32")
    for row, value in zip(ROWS, np.asarray(values), strict=True):
        total[row] += value
    return total


@pytest.mark.skipif(BACKEND != "tensorflow", reason="IndexedSlices may name a row twice")
def test_sparse_rows_named_twice_are_summed(make) -> None:
    import tensorflow as tf

    slices = tf.IndexedSlices(tf.ones((3, 3)), (1, 1, 3), SHAPE)
    sparse, dense = make(), make()
    ours, theirs = (keras.Variable(np.ones(SHAPE, "float32")) for _ in range(2))
    sparse.apply([slices], [ours])
    dense.apply([tf.convert_to_tensor([[0.0] * 3, [2.0] * 3, [0.0] * 3, [1.0] * 3, [0.0] * 3])], [theirs])
    assert_equal([ours], [theirs])


@pytest.mark.parametrize(
    ("wrapped", "arguments"),
    [(False, {}), (True, {}), (False, {"clipnorm": 1.0, "loss_scale_factor": 8.0}), (True, {"clipvalue": 0.5})],
    ids=["plain", "loss scaled", "clipped", "loss scaled and clipped"],
)
def test_an_embedding_trains(wrapped: bool, arguments: dict[str, Any]) -> None:
    """TensorFlow's embeddings have sparse gradients: only rows that were looked up get any."""
    optimizer = OPTIMIZERS["Opt1"](learning_rate=0.1, **arguments)
    model = keras.Sequential([keras.Input((2,), dtype="int32"), keras.layers.Embedding(6, 3), keras.layers.Flatten()])
    model.compile(keras.optimizers.LossScaleOptimizer(optimizer) if wrapped else optimizer, "mse")
    history = model.fit(np.array([[0, 1], [1, 2]] * 4), np.ones((8, 6)), batch_size=4, epochs=20, verbose=0).history
    assert history["loss"][-1] < 0.5 * history["loss"][0]
