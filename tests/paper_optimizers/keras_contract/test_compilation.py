"""What fit compiles does what the eager step does, and is traced as often as with Keras' own Adam."""

import keras
import pytest

from tests.paper_optimizers.keras_contract.worlds import (
    BACKEND,
    OPTIMIZERS,
    assert_equal,
    compiled,
    fit,
    make_variables,
    train,
)

MODES = {"tensorflow": (True, False), "jax": (True,), "torch": ()}[BACKEND]


def draws_other_numbers(optimizer: keras.optimizers.Optimizer, jit_compile: bool) -> bool:
    """Whether its masks differ from the eager ones: TensorFlow's generator under XLA is another one."""
    return BACKEND == "tensorflow" and jit_compile and optimizer.spec.is_random


@pytest.mark.skipif(BACKEND == "torch", reason="fit on PyTorch is eager unless a C++ compiler is asked for")
def test_a_compiled_step_is_the_eager_one(make) -> None:
    eager = compiled(make(), run_eagerly=True)
    fit(eager)
    for mode in MODES:
        model = compiled(make(), jit_compile=mode)
        fit(model)
        if draws_other_numbers(model.optimizer, mode):
            assert_equal(model.optimizer.variables[:1], eager.optimizer.variables[:1])
            continue
        assert_equal(model.weights, eager.weights, 2e-5)
        assert_equal(model.optimizer.variables, eager.optimizer.variables, 2e-5)


def traces(optimizer: keras.optimizers.Optimizer, monkeypatch: pytest.MonkeyPatch) -> int:
    """How often Python ran the update of a variable in two calls of fit."""
    calls = []
    update_step = type(optimizer).update_step

    def counted(self, gradient, variable, learning_rate):
        calls.append(variable)
        return update_step(self, gradient, variable, learning_rate)

    with monkeypatch.context() as patch:
        patch.setattr(type(optimizer), "update_step", counted)
        model = compiled(optimizer)
        fit(model, epochs=3)
        fit(model, epochs=2)
    return len(calls)


@pytest.mark.skipif(BACKEND == "torch", reason="fit on PyTorch is eager unless a C++ compiler is asked for")
@pytest.mark.parametrize("name", ["Opt4", "everything"])
def test_a_step_is_traced_no_more_often_than_adam_s(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert traces(OPTIMIZERS[name](), monkeypatch) == traces(keras.optimizers.Adam(), monkeypatch) <= 8


@pytest.mark.skipif(BACKEND != "tensorflow", reason="tf.function is TensorFlow's")
@pytest.mark.parametrize("jit_compile", [False, True])
def test_a_tensorflow_function_is_traced_once(make, jit_compile: bool) -> None:
    import tensorflow as tf

    optimizer, twin = make(), make()
    variables, theirs = make_variables(), make_variables()
    optimizer.build(variables)

    @tf.function(jit_compile=jit_compile)
    def step(*gradients: tf.Tensor) -> None:
        optimizer.apply(gradients, variables)

    for index in range(4):
        gradients = [keras.ops.sin(variable + float(index)) for variable in make_variables()]
        step(*gradients)
        twin.apply(gradients, theirs)
    assert step.experimental_get_tracing_count() == 1
    if not draws_other_numbers(optimizer, jit_compile):
        assert_equal(variables, theirs, 2e-5)


def test_a_step_keeps_nothing_of_its_trace(make) -> None:
    """After a compiled run the optimizer can be stepped eagerly: no tensor of the trace is left in it."""
    model = compiled(make())
    fit(model, epochs=1)
    variables = model.trainable_variables
    model.optimizer.apply([keras.ops.ones(variable.shape) for variable in variables], variables)
    assert int(model.optimizer.iterations) == 4
    train(make(), make_variables(), range(1))
