"""Gradient accumulation, and the stateless form of a step."""

from typing import Any

import keras
import numpy as np
import pytest

import paper_optimizers as po
from tests.paper_optimizers.keras_contract.worlds import (
    BACKEND,
    OPTIMIZERS,
    arrays,
    assert_equal,
    compiled,
    fit,
    gradient_arrays,
    gradients_of,
    make_variables,
    train,
)

ACCUMULATION = 2
STATELESS = pytest.mark.skipif(BACKEND == "tensorflow", reason="Keras has no stateless_apply on TensorFlow")


def state_of(optimizer: keras.optimizers.Optimizer) -> list[np.ndarray]:
    """The optimizer's state without what every batch moves: the batch counter and the accumulators."""
    return [
        value
        for variable, value in zip(optimizer.variables, arrays(optimizer.variables), strict=True)
        if not variable.path.endswith(("/iteration", "gradient_accumulator"))
    ]


AVERAGED = {"use_ema": True, "ema_momentum": 0.5}


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        *((name, {"weight_decay": 0.05}) for name in ("Opt4", "A5", "stateful", "dropout")),
        ("Opt4", {"learning_rate": po.EvolvedSchedule("LR1", 0.05, 10, 2), "total_steps": None, "clipnorm": 0.5}),
        ("Opt9", AVERAGED | {"weight_decay": 0.05, "total_steps": 10, "warmup_steps": 2, "hold_steps": 1}),
        ("everything", AVERAGED | {"total_steps": 10, "warmup_steps": 2, "ema_overwrite_frequency": 2}),
        ("momentum", AVERAGED | {"ema_overwrite_frequency": 1}),
    ],
)
def test_accumulated_batches_are_one_update_of_their_mean(name: str, arguments: dict[str, Any]) -> None:
    """Rate, decays, momentum, masks, weight decay and averages are those of the run with larger batches."""
    make = OPTIMIZERS[name]
    once, accumulating = make(**arguments), make(**arguments, gradient_accumulation_steps=ACCUMULATION)
    ours, theirs = make_variables(), make_variables()
    for update in range(3):
        batches = [gradient_arrays(ACCUMULATION * update + batch) for batch in range(ACCUMULATION)]
        means = [np.mean(values, axis=0) for values in zip(*batches, strict=True)]
        once.apply([keras.ops.convert_to_tensor(mean) for mean in means], theirs)
        for batch in batches:
            accumulating.apply([keras.ops.convert_to_tensor(gradient) for gradient in batch], ours)
        assert_equal(ours, theirs, 2e-6)
        assert_equal(state_of(accumulating), state_of(once), 2e-6)
        rates = [keras.ops.convert_to_tensor(optimizer.learning_rate) for optimizer in (accumulating, once)]
        assert_equal(rates[:1], rates[1:])
    assert int(accumulating.iterations) == 3


def test_the_rate_of_an_update_is_the_schedule_there() -> None:
    optimizer = po.GraphOptimizer("SGD", 0.1, total_steps=10, warmup_steps=2, gradient_accumulation_steps=8)
    variable = keras.Variable(np.zeros(1, "float32"))
    weights = [0.0]
    for _ in range(80):
        optimizer.apply([keras.ops.ones(1)], [variable])
        weights.append(float(arrays([variable])[0][0]))
    expected = [0.0, 0.05, *(0.05 * (1 + np.cos(np.pi * step / 8)) for step in range(8))]
    np.testing.assert_allclose(-np.diff(weights[::8]), expected, atol=1e-7)


def test_a_keras_schedule_counts_batches_as_with_every_optimizer() -> None:
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([0, 1, 2], [0.0, 0.5, 0.25, 0.125])
    variable = keras.Variable(np.zeros(1, "float32"))
    optimizer = po.GraphOptimizer("SGD", schedule, gradient_accumulation_steps=2)
    for _ in range(4):
        optimizer.apply([keras.ops.ones(1)], [variable])
    assert_equal([variable], [[-0.5 - 0.125]])


def test_without_any_update_an_average_is_the_weight() -> None:
    optimizer, variables = OPTIMIZERS["Opt1"](use_ema=True, gradient_accumulation_steps=4), make_variables()
    train(optimizer, variables, range(3))
    optimizer.finalize_variable_values(variables)
    assert_equal(variables, make_variables())


def test_between_updates_nothing_moves(make) -> None:
    optimizer = make(gradient_accumulation_steps=ACCUMULATION)
    variables = make_variables()
    train(optimizer, variables, range(ACCUMULATION))
    weights, state = arrays(variables), state_of(optimizer)
    train(optimizer, variables, range(ACCUMULATION, 2 * ACCUMULATION - 1))
    assert_equal(variables, weights)
    assert_equal(state_of(optimizer), state)
    assert int(optimizer.iterations) == 1
    train(optimizer, variables, [2 * ACCUMULATION - 1])
    assert int(optimizer.iterations) == 2
    assert not all(np.array_equal(a, b) for a, b in zip(arrays(variables), weights, strict=True))


def test_phases_are_counted_in_updates() -> None:
    optimizer = po.Opt4(0.1, total_steps=10, warmup_steps=2, hold_steps=1, gradient_accumulation_steps=3)
    assert optimizer._learning_rate.get_config() == po.WarmupHoldCosine(0.1, 10, 2, 1).get_config()
    assert (optimizer.total_steps, optimizer.warmup_steps, optimizer.hold_steps) == (10, 2, 1)
    inferred = po.Opt4(po.WarmupHoldCosine(0.1, 10, 2, 1), gradient_accumulation_steps=3)
    assert (inferred.total_steps, inferred.warmup_steps, inferred.hold_steps) == (10, 2, 1)


@pytest.mark.parametrize("name", ["Opt4", "everything"])
def test_accumulated_batches_train_in_fit(name: str) -> None:
    model = compiled(OPTIMIZERS[name](gradient_accumulation_steps=2))
    assert np.isfinite(fit(model).history["loss"]).all()
    assert int(model.optimizer.iterations) == 3


@STATELESS
def test_stateless_apply_is_apply(make) -> None:
    stateful, stateless = make(), make()
    theirs, ours = make_variables(), make_variables()
    stateless.build(ours)
    before = arrays([*ours, *stateless.variables])
    weights, state = [v.value for v in ours], [v.value for v in stateless.variables]
    for step in range(4):
        weights, state = stateless.stateless_apply(state, gradients_of(step), weights)
        stateful.apply(gradients_of(step), theirs)
        assert_equal([*weights, *state], [*theirs, *stateful.variables], 1e-6)
    assert_equal([*ours, *stateless.variables], before)


@STATELESS
def test_stateless_apply_wants_all_of_the_state(make) -> None:
    optimizer = make()
    variables = make_variables()
    with pytest.raises(ValueError, match="must be built"):
        optimizer.stateless_apply([], gradients_of(0), variables)
    optimizer.build(variables)
    state = [v.value for v in optimizer.variables]
    with pytest.raises(ValueError, match="1:1"):
        optimizer.stateless_apply(state[:-1], gradients_of(0), [v.value for v in variables])


@pytest.mark.skipif(BACKEND != "jax", reason="the jit is JAX's")
@pytest.mark.parametrize(
    ("name", "accumulation"), [*((name, None) for name in OPTIMIZERS), ("Opt9", 2), ("everything", 2)]
)
def test_rows_13_and_14_a_jitted_loop_is_the_eager_one(name: str, accumulation: int | None) -> None:
    import jax

    stateful, stateless = (OPTIMIZERS[name](gradient_accumulation_steps=accumulation) for _ in range(2))
    theirs, ours = make_variables(), make_variables()
    stateless.build(ours)
    step = jax.jit(stateless.stateless_apply)
    weights, state = [v.value for v in ours], [v.value for v in stateless.variables]
    for index in range(4):
        weights, state = step(state, gradients_of(index), weights)
        stateful.apply(gradients_of(index), theirs)
    assert step._cache_size() == 1
    assert_equal([*weights, *state], [*theirs, *stateful.variables], 1e-5)


@pytest.mark.skipif(BACKEND != "tensorflow", reason="elsewhere it works")
def test_on_tensorflow_stateless_apply_is_refused(make) -> None:
    with pytest.raises(ValueError, match="not supported with the TensorFlow backend"):
        make().stateless_apply([], [], [])
