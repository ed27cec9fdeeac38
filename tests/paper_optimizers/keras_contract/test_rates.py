"""Learning rates, our schedules, and training progress."""

import json
import warnings
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import paper_optimizers as po
from tests.paper_optimizers.formulas import SCHEDULES as SCHEDULE_FORMULAS
from tests.paper_optimizers.formulas import base_rates, curves, one_cycle
from tests.paper_optimizers.keras_contract.worlds import (
    BACKEND,
    OPTIMIZERS,
    assert_equal,
    compiled,
    fit,
    gradients_of,
    make_variables,
    train,
)

SCHEDULES = {
    "base": po.WarmupHoldCosine(0.1, 20, 3, 2),
    "no warm-up": po.WarmupHoldCosine(0.1, 20),
    "one step": po.WarmupHoldCosine(0.1, 1),
} | {name: po.EvolvedSchedule(name, 0.1, 20, 3, 2) for name in po.schedule_names()}


def rate_of(optimizer: keras.optimizers.Optimizer) -> float:
    return float(keras.ops.convert_to_numpy(keras.ops.convert_to_tensor(optimizer.learning_rate)))


@pytest.mark.parametrize("rate", [0.05, np.float32(0.05), lambda: 0.05, po.WarmupHoldCosine(0.05, 40)])
def test_a_rate_is_a_number_a_schedule_or_a_callable(make, rate: Any) -> None:
    optimizer, constant = make(learning_rate=rate), make()
    ours, theirs = make_variables(), make_variables()
    train(optimizer, ours, range(1))
    train(constant, theirs, range(1))
    assert_equal(ours, theirs, 1e-7)


def test_a_keras_schedule_is_followed(make) -> None:
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([1], [0.05, 0.0])
    optimizer, constant = make(learning_rate=schedule), make()
    ours, theirs = make_variables(), make_variables()
    train(optimizer, ours, range(2))
    assert rate_of(optimizer) == 0.0
    train(constant, theirs, range(2))
    constant.learning_rate = 0.0
    assert rate_of(constant) == 0.0
    assert_equal(ours, theirs)


def test_the_rate_can_be_set_and_made_a_schedule(make) -> None:
    optimizer = make()
    count = len(optimizer.variables)
    optimizer.learning_rate = 0.25
    assert rate_of(optimizer) == 0.25
    optimizer.learning_rate = po.WarmupHoldCosine(0.5, 40)
    assert rate_of(optimizer) == 0.5
    assert len(optimizer.variables) == count - 1
    variables = make_variables()
    train(optimizer, variables, range(2))
    with pytest.raises(TypeError, match="not settable"):
        optimizer.learning_rate = 0.1


def test_a_number_with_a_warm_up_is_a_peak(make) -> None:
    optimizer = make(learning_rate=0.5, total_steps=20, warmup_steps=4, hold_steps=3)
    expected = po.WarmupHoldCosine(0.5, 20, 4, 3)
    assert optimizer._learning_rate.get_config() == expected.get_config()
    variables = make_variables()
    for step in range(25):
        assert rate_of(optimizer) == pytest.approx(float(expected.values(step)), abs=1e-7)
        train(optimizer, variables, [step])


@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
def test_a_schedule_is_a_finite_function_of_the_step(schedule: po.WarmupHoldCosine) -> None:
    steps = range(schedule.total_steps + 5)
    called = [np.array(keras.ops.convert_to_numpy(schedule(step))) for step in steps]
    assert {value.dtype.name for value in called} == {"float32"}
    assert {value.shape for value in called} == {()}
    assert np.isfinite(called).all()
    assert min(called) >= 0.0
    assert called[schedule.total_steps - 1 :] == [called[schedule.total_steps - 1]] * 6
    np.testing.assert_allclose(called, schedule.values(np.arange(len(called))), rtol=1e-5, atol=1e-8)
    iterations = keras.Variable(4, dtype="int", trainable=False)
    for form in (np.int64(4), 4.0, np.float32(4), keras.ops.convert_to_tensor(4), iterations):
        assert float(keras.ops.convert_to_numpy(schedule(form))) == called[4]


@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
def test_a_schedule_survives_its_config(schedule: po.WarmupHoldCosine) -> None:
    document = json.loads(json.dumps(keras.optimizers.schedules.serialize(schedule)))
    revived = keras.optimizers.schedules.deserialize(document)
    assert type(revived) is type(schedule)
    assert revived.get_config() == schedule.get_config()
    steps = np.arange(25)
    np.testing.assert_array_equal(revived.values(steps), schedule.values(steps))
    factor_as_data = po.EvolvedSchedule(po.describe_schedule("LR8").factor, 0.1, 20)
    again = po.EvolvedSchedule.from_config(json.loads(json.dumps(factor_as_data.get_config())))
    assert again.factor == factor_as_data.factor


@pytest.mark.parametrize("optimizer", [keras.optimizers.Adam, po.Opt1])
def test_any_optimizer_takes_our_schedules_in_fit(optimizer: type) -> None:
    model = compiled(optimizer(po.EvolvedSchedule("LR8", 0.01, 6, 2)))
    assert np.isfinite(fit(model).history["loss"]).all()
    assert rate_of(model.optimizer) == pytest.approx(float(model.optimizer._learning_rate.values(6)), rel=1e-5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"peak": 0.0}, "peak must be a positive, finite number; received 0.0"),
        ({"peak": float("nan")}, "peak must be"),
        ({"peak": "1"}, "peak must be"),
        ({"total_steps": 0}, "total_steps must be an integer of at least 1; received 0"),
        ({"total_steps": 10.0}, "total_steps must be an integer"),
        ({"total_steps": True}, "total_steps must be an integer"),
        ({"warmup_steps": -1}, "warmup_steps must be an integer of at least 0; received -1"),
        ({"warmup_steps": 6, "hold_steps": 4}, r"must be less than total_steps; received 6 \+ 4 and 10"),
    ],
)
def test_rows_10_and_11_bad_phases_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        po.WarmupHoldCosine(**({"peak": 0.1, "total_steps": 10} | arguments))
    if "peak" not in arguments:
        with pytest.raises(ValueError, match=message):
            po.Opt1(0.1, **({"total_steps": 10} | arguments))


def test_total_steps_is_asked_for_where_needed() -> None:
    with pytest.raises(ValueError, match=r"Opt4 reads training progress .* pass total_steps="):
        po.Opt4(0.1)
    with pytest.raises(ValueError, match="total_steps="):
        po.Opt9(keras.optimizers.schedules.ExponentialDecay(0.1, 5, 0.9))
    with pytest.raises(ValueError, match="pass total_steps= with them"):
        po.Opt1(0.1, warmup_steps=3)
    with pytest.raises(ValueError, match="pass total_steps= with them"):
        po.Opt1(0.1, warmup_steps=0)
    po.Opt4(0.1, decay=False)
    po.Opt9(0.1, decay=False, momentum=0.9)
    with pytest.raises(ValueError, match="one-cycle"):
        po.Opt9(0.1, decay=False)


def test_total_steps_comes_from_a_schedule(make) -> None:
    for schedule in (po.WarmupHoldCosine(0.05, 40, 4, 2), po.EvolvedSchedule("LR1", 0.05, 40, 4, 2)):
        optimizer = make(learning_rate=schedule, total_steps=None)
        assert (optimizer.total_steps, optimizer.warmup_steps, optimizer.hold_steps) == (40, 4, 2)
        assert make(learning_rate=schedule, total_steps=40, warmup_steps=4, hold_steps=2).total_steps == 40


@pytest.mark.parametrize("argument", [{"total_steps": 30}, {"warmup_steps": 0}, {"hold_steps": 3}])
def test_a_schedule_and_an_argument_may_not_contradict_each_other(argument: dict[str, int]) -> None:
    ((name, value),) = argument.items()
    with pytest.raises(ValueError, match=f"{name}={value} contradicts the schedule .* whose {name} is"):
        po.Opt1(po.WarmupHoldCosine(0.05, 40, 4, 2), **argument)


@pytest.mark.parametrize("rate", [keras.optimizers.schedules.CosineDecay(0.1, 10), lambda: 0.1])
@pytest.mark.parametrize("argument", [{"warmup_steps": 5}, {"hold_steps": 5}, {"warmup_steps": 5, "total_steps": 20}])
def test_a_foreign_schedule_excludes_a_warm_up(rate: Any, argument: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"learning_rate is a schedule .* excludes warmup_steps and hold_steps"):
        po.Opt1(rate, **argument)
    assert po.Opt1(rate, warmup_steps=0, total_steps=20).total_steps == 20


def same_run(one: keras.optimizers.Optimizer, other: keras.optimizers.Optimizer, steps: range = range(6)) -> None:
    ours, theirs = make_variables(), make_variables()
    train(one, ours, steps)
    train(other, theirs, steps)
    assert_equal(ours, theirs)


@pytest.mark.parametrize("name", ["Opt1", "Opt4", "Opt9"])
def test_a_run_that_is_made_longer_is_longer_for_rate_decays_and_momentum(name: str) -> None:
    make = OPTIMIZERS[name]
    for rate in (0.3, po.EvolvedSchedule("LR1", 0.3, 8, 2, 1)):
        phases = {"total_steps": 8, "warmup_steps": 2, "hold_steps": 1}
        optimizer = make(learning_rate=rate, **phases)
        optimizer.total_steps = 16
        optimizer.warmup_steps = 5
        optimizer.hold_steps = 0
        longer = phases | {"total_steps": 16, "warmup_steps": 5, "hold_steps": 0}
        peak = rate if isinstance(rate, float) else po.EvolvedSchedule("LR1", 0.3, 16, 5, 0)
        twin = make(learning_rate=peak, **longer)
        assert optimizer.get_config() | {"name": ""} == twin.get_config() | {"name": ""}
        same_run(optimizer, twin)


@pytest.mark.parametrize("name", ["Opt1", "Opt9"])
def test_a_schedule_that_is_assigned_brings_its_run(name: str) -> None:
    make = OPTIMIZERS[name]
    optimizer, schedule = make(total_steps=8), po.WarmupHoldCosine(0.3, 16, 5, 1)
    optimizer.learning_rate = schedule
    assert (optimizer.total_steps, optimizer.warmup_steps, optimizer.hold_steps) == (16, 5, 1)
    same_run(optimizer, make(learning_rate=schedule, total_steps=None))


def test_a_run_cannot_be_made_what_no_run_is() -> None:
    optimizer = po.Opt9(0.3, total_steps=8, warmup_steps=2)
    with pytest.raises(ValueError, match="must be less than total_steps"):
        optimizer.total_steps = 2
    with pytest.raises(ValueError, match="total_steps must be an integer of at least 1; received None"):
        optimizer.total_steps = None
    assert optimizer.get_config()["learning_rate"]["config"]["total_steps"] == optimizer.total_steps == 8


def test_momentum_follows_a_warm_up_that_is_assigned_and_saved() -> None:
    """Where the rate is set from outside, step by step, the phases are the momentum's alone."""
    optimizer = po.Opt9(0.3, total_steps=8)
    optimizer.warmup_steps = 3
    revived = po.Opt9.from_config(json.loads(json.dumps(optimizer.get_config())))
    assert (revived.warmup_steps, rate_of(revived)) == (3, pytest.approx(0.3))
    same_run(optimizer, revived)


def test_a_compiled_step_keeps_its_run(tmp_path: Path) -> None:
    model = compiled(po.Opt9(0.3, total_steps=6, warmup_steps=2))
    fit(model, epochs=1)
    if BACKEND != "torch":
        with pytest.raises(ValueError, match=r"training step that was compiled.*Save the model, load it, and"):
            model.optimizer.total_steps = 12
        with pytest.raises(ValueError, match="Save the model, load it"):
            model.optimizer.learning_rate = po.WarmupHoldCosine(0.3, 12)
        assert model.optimizer.total_steps == 6
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    loaded.optimizer.total_steps = 12
    expected = po.WarmupHoldCosine(0.3, 12, 2)
    assert rate_of(loaded.optimizer) == pytest.approx(float(expected.values(3)))
    fit(loaded, epochs=1)
    assert rate_of(loaded.optimizer) == pytest.approx(float(expected.values(6)))


@pytest.mark.parametrize("name", ["Opt4", "Opt9", "momentum"])
def test_the_applied_rate_and_the_momentum_in_force(name: str) -> None:
    """Both are those of the coming update, as Keras' learning_rate is; read by a callback in every batch."""
    optimizer = OPTIMIZERS[name](learning_rate=po.WarmupHoldCosine(0.3, 6, 2), total_steps=None)
    seen = []

    class OnRecord(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch: int, logs: dict | None = None) -> None:
            optimizer = self.model.optimizer
            if BACKEND == "jax":
                self.model.jax_state_sync()
            momentum = optimizer.applied_momentum
            seen.append((float(optimizer.applied_learning_rate), None if momentum is None else float(momentum)))

    fit(compiled(optimizer), callbacks=[OnRecord()])
    factor = SCHEDULE_FORMULAS["LR1"]
    rates = [r * (factor(curves(t, 6)) if name == "Opt4" else 1.0) for t, r in enumerate(base_rates(0.3, 6, 2, 0))]
    momenta = {"Opt4": [None] * 6, "Opt9": list(one_cycle(6, 2, 0)), "momentum": [0.9] * 6}[name]
    assert [rate for rate, _ in seen] == pytest.approx(rates, rel=1e-5)
    momentum = [momentum for _, momentum in seen]
    assert momentum == (momenta if name == "Opt4" else pytest.approx(momenta, rel=1e-6))


@pytest.mark.parametrize("text", ["None ~ id([a1][g])", "None ~ id([a12][g])", "None ~ id([a14][g])"])
def test_past_the_end_a_decay_holds_its_last_value(text: str) -> None:
    optimizer = po.GraphOptimizer(po.from_text(text), 1.0, total_steps=5)
    moves = []
    for _ in range(8):
        variable = keras.Variable(np.zeros((2,), "float32"))
        optimizer._trainable_variables_indices[optimizer._var_key(variable)] = 0
        if not optimizer.built:
            optimizer.build([variable])
        optimizer.apply([keras.ops.ones((2,))], [variable])
        moves.append(float(keras.ops.convert_to_numpy(variable.value)[0]))
    assert len(set(moves[:5])) == 5
    assert set(moves[4:]) == {moves[4]}


def test_past_the_end_everything_stays_finite(make) -> None:
    optimizer = make(total_steps=3)
    variables = make_variables()
    train(optimizer, variables, range(8))
    assert all(np.isfinite(keras.ops.convert_to_numpy(v)).all() for v in [*variables, *optimizer.variables])


def test_bias_corrections_follow_the_iterations() -> None:
    """An average of a constant gradient is that constant from the first step on, as only a true count gives."""
    optimizer = po.GraphOptimizer(po.from_text("None ~ id(v hat)"), 1.0)
    variables = make_variables()
    for _ in range(4):
        before = [keras.ops.convert_to_numpy(v).copy() for v in variables]
        optimizer.apply(gradients_of(0), variables)
        expected = [w - keras.ops.convert_to_numpy(g) for w, g in zip(before, gradients_of(0), strict=True)]
        assert_equal(variables, expected, 1e-6)


def test_a_constant_rate_is_warned_of_where_the_last_updates_grow_without_bound() -> None:
    with pytest.warns(UserWarning, match="Opt4 received the constant rate 0.1 and needs") as caught:
        po.Opt4(0.1, total_steps=10)
    assert [each.filename for each in caught] == [__file__]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        po.Opt4(0.1, total_steps=10, warmup_steps=0)
        po.Opt4(keras.optimizers.schedules.CosineDecay(0.1, 10), total_steps=10)
        po.Opt4(0.1, decay=False)
        po.Opt5(0.1, total_steps=10)
