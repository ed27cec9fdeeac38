"""MirroredStrategy on two logical processors, in a process of its own, which test_distribution.py starts."""

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.paper_optimizers.keras_contract.worlds import (
    OPTIMIZERS,
    SHAPES,
    arrays,
    assert_equal,
    fit,
    gradient_arrays,
    gradients_of,
    make_model,
    make_variables,
    train,
)


@pytest.fixture(scope="module")
def strategy() -> tf.distribute.Strategy:
    (processor,) = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(processor, [tf.config.LogicalDeviceConfiguration()] * 2)
    return tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])


def replicas(strategy: tf.distribute.Strategy, variable: Any) -> list[np.ndarray]:
    """The value on each device."""
    value = variable.value if isinstance(variable, keras.Variable) else variable
    return [part.numpy() for part in strategy.experimental_local_results(value)]


def assert_replicas_agree(strategy: tf.distribute.Strategy, variables: list[Any]) -> None:
    for variable in variables:
        parts = replicas(strategy, variable)
        assert len(parts) == 2
        np.testing.assert_array_equal(*parts)


def run(strategy: tf.distribute.Strategy, optimizer: Any, variables: list[Any], step: int, traced: bool) -> None:
    """One step; each replica brings half of the gradient, and Keras adds them up."""

    def replica() -> None:
        optimizer.apply([0.5 * gradient for gradient in gradients_of(step)], variables)

    call = tf.function(lambda: strategy.run(replica)) if traced else (lambda: strategy.run(replica))
    call()


@pytest.mark.parametrize(("traced", "arguments"), [(False, {}), (True, {"weight_decay": 0.1, "use_ema": True})])
def test_two_replicas_are_one_device(strategy, make, traced: bool, arguments: dict[str, Any]) -> None:
    single, theirs = make(**arguments), make_variables()
    train(single, theirs, range(3))
    with strategy.scope():
        optimizer, ours = make(**arguments), make_variables()
        optimizer.build(ours)
    for step in range(3):
        run(strategy, optimizer, ours, step, traced)
    assert_replicas_agree(strategy, [*ours, *optimizer.variables])
    if not optimizer.spec.is_random:
        assert_equal([replicas(strategy, v)[0] for v in ours], theirs, 1e-6)
    assert [int(count) for count in replicas(strategy, optimizer.iterations)] == [3, 3]


@pytest.mark.parametrize("name", ["Opt4", "everything"])
def test_built_inside_a_replica(strategy, name: str) -> None:
    with strategy.scope():
        optimizer, ours = OPTIMIZERS[name](), make_variables()
    run(strategy, optimizer, ours, 0, traced=False)
    assert_replicas_agree(strategy, [*ours, *optimizer.variables])


def test_plain_tensorflow_variables(strategy) -> None:
    with strategy.scope():
        optimizer = OPTIMIZERS["everything"]()
        ours = [tf.Variable(value) for value in arrays(make_variables())]
        optimizer.build(ours)
    run(strategy, optimizer, ours, 0, traced=False)
    assert_replicas_agree(strategy, ours)


def test_masks_are_the_same_on_both_devices_and_new_at_every_step(strategy) -> None:
    with strategy.scope():
        optimizer = OPTIMIZERS["dropout"](learning_rate=1.0)
        variable = keras.Variable(np.zeros(64, "float32"))
        optimizer.build([variable])
    step = tf.function(lambda: strategy.run(lambda: optimizer.apply([tf.ones(64) / 2], [variable])))
    seen = [replicas(strategy, variable)[0]]
    for _ in range(4):
        step()
        assert_replicas_agree(strategy, [variable])
        seen.append(replicas(strategy, variable)[0])
    masks = -np.diff(seen, axis=0)
    assert set(np.unique(np.round(masks, 5))) == {0.0, 2.0}
    assert len({mask.tobytes() for mask in masks}) == 4


def test_low_precision(strategy) -> None:
    with strategy.scope():
        optimizer = OPTIMIZERS["everything"]()
        variables = make_variables("bfloat16")
        optimizer.build(variables)
    strategy.run(lambda: optimizer.apply([tf.zeros(shape, tf.bfloat16) for shape in SHAPES], variables))
    assert_replicas_agree(strategy, [*variables, *optimizer.variables])


def test_sparse_gradients(strategy) -> None:
    with strategy.scope():
        optimizer, (variable, _) = OPTIMIZERS["Opt4"](), make_variables()
        optimizer.build([variable])
    rows = tf.constant(gradient_arrays(0)[0][:2] / 2)
    strategy.run(lambda: optimizer.apply([tf.IndexedSlices(rows, (0, 2), SHAPES[0])], [variable]))
    single, (theirs, _) = OPTIMIZERS["Opt4"](), make_variables()
    single.apply([tf.IndexedSlices(2 * rows, (0, 2), SHAPES[0])], [theirs])
    assert_equal([replicas(strategy, variable)[0]], [theirs], 1e-6)


@pytest.fixture
def _mixed_float16() -> Iterator[None]:
    keras.config.set_dtype_policy("mixed_float16")
    yield
    keras.config.set_dtype_policy("float32")


@pytest.mark.parametrize("name", ["Opt9", "everything"])
@pytest.mark.usefixtures("_mixed_float16")
def test_loss_scaling_in_fit(strategy, name: str) -> None:
    with strategy.scope():
        model = make_model()
        model.compile(OPTIMIZERS[name](), "mse")
    assert np.isfinite(fit(model).history["loss"]).all()
    assert_replicas_agree(strategy, model.trainable_variables)


@pytest.mark.parametrize("name", ["Opt4", "everything"])
def test_fit(strategy, name: str) -> None:
    alone = make_model()
    alone.compile(OPTIMIZERS[name](), "mse", jit_compile=False)
    fit(alone)
    with strategy.scope():
        model = make_model()
        model.compile(OPTIMIZERS[name](), "mse")
    assert np.isfinite(fit(model).history["loss"]).all()
    assert_replicas_agree(strategy, [*model.trainable_variables, *model.optimizer.variables])
    assert_equal([replicas(strategy, v)[0] for v in model.trainable_variables], alone.trainable_variables, 1e-5)
