"""Configuration, registration, copies, names and arguments."""

import copy
import json
import pickle
import re
from typing import Any

import keras
import numpy as np
import pytest

import paper_optimizers as po
from tests.paper_optimizers.keras_contract.worlds import (
    DROPOUT,
    EVERYTHING,
    assert_equal,
    compiled,
    fit,
    gradients_of,
    make_variables,
    train,
)

CLASSES = [getattr(po, name) for name in po.__all__ if name.startswith(("Opt", "A")) and name[-1].isdigit()]
KERAS_ARGUMENTS = [
    {"weight_decay": 0.01, "clipnorm": 1.5, "name": "mine"},
    {"clipvalue": 0.5, "loss_scale_factor": 8.0},
    {"global_clipnorm": 2.0, "gradient_accumulation_steps": 3},
    {"use_ema": True, "ema_momentum": 0.9, "ema_overwrite_frequency": 5},
]


def same_function(one: keras.optimizers.Optimizer, other: keras.optimizers.Optimizer) -> None:
    """Both take the same steps from the same start."""
    ours, theirs = make_variables(), make_variables()
    train(one, ours, range(4))
    train(other, theirs, range(4))
    assert_equal(ours, theirs)


def test_a_config_makes_an_equal_optimizer(make) -> None:
    optimizer = make()
    revived = type(optimizer).from_config(optimizer.get_config())
    assert revived.get_config() == optimizer.get_config()
    assert set(dir(revived)) == set(dir(optimizer))
    same_function(optimizer, revived)


def test_an_optimizer_survives_json(make) -> None:
    optimizer = make()
    document = json.loads(json.dumps(keras.saving.serialize_keras_object(optimizer)))
    revived = keras.saving.deserialize_keras_object(document)
    assert type(revived) is type(optimizer)
    assert revived.get_config() == optimizer.get_config()
    assert keras.optimizers.serialize(revived) == keras.optimizers.serialize(optimizer)
    same_function(optimizer, keras.optimizers.get(json.loads(json.dumps(keras.optimizers.serialize(revived)))))


@pytest.mark.parametrize("arguments", KERAS_ARGUMENTS)
def test_rows_1_and_5_every_keras_argument_passes_through(make, arguments: dict[str, Any]) -> None:
    optimizer = make(**arguments)
    revived = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
    for name, value in arguments.items():
        assert getattr(optimizer, name) == getattr(revived, name) == value
    assert revived.get_config() == optimizer.get_config()


@pytest.mark.parametrize(
    "arguments",
    [
        {"total_steps": 50},
        {"total_steps": 50, "warmup_steps": 0},
        {"total_steps": 50, "warmup_steps": 5, "hold_steps": 4},
        {"total_steps": 50, "warmup_steps": 5, "gradient_accumulation_steps": 2},
        {"learning_rate": po.WarmupHoldCosine(0.1, 50, 5, 4)},
        {"learning_rate": po.WarmupHoldCosine(0.1, 50, 5), "warmup_steps": 5},
        {"learning_rate": po.EvolvedSchedule("LR3", 0.1, 50, 5)},
        {"learning_rate": keras.optimizers.schedules.ExponentialDecay(0.1, 5, 0.9), "total_steps": 50},
        {"total_steps": 50, "decay": False, "momentum": 0.5, "seed": 11},
    ],
    ids=lambda arguments: ", ".join(arguments),
)
def test_our_arguments_round_trip(arguments: dict[str, Any]) -> None:
    optimizer = po.Opt9(**({"learning_rate": 0.01} | arguments))
    revived = po.Opt9.from_config(json.loads(json.dumps(optimizer.get_config())))
    assert revived.get_config() == optimizer.get_config()
    assert [type(revived._learning_rate)] == [type(optimizer._learning_rate)]
    same_function(optimizer, revived)


def test_a_custom_spec_revives() -> None:
    optimizer = po.GraphOptimizer(EVERYTHING, 0.1, total_steps=9)
    revived = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
    assert revived.spec == EVERYTHING
    assert po.GraphOptimizer(EVERYTHING.to_dict(), 0.1, total_steps=9).spec == EVERYTHING


def test_numpy_arguments_leave_plain_json() -> None:
    optimizer = po.Opt9(
        np.float32(0.5),
        total_steps=np.int64(50),
        warmup_steps=np.int32(5),
        hold_steps=np.int64(2),
        momentum=np.float32(0.5),
    )
    revived = po.Opt9.from_config(json.loads(json.dumps(optimizer.get_config())))
    assert revived.get_config() == optimizer.get_config()
    json.dumps(po.WarmupHoldCosine(np.float32(0.5), np.int64(50), np.int64(5)).get_config())


@pytest.mark.parametrize("cls", CLASSES)
def test_a_class_is_registered_under_its_name(cls: type) -> None:
    config = {"class_name": f"paper_optimizers>{cls.__name__}", "config": {"learning_rate": 0.1, "total_steps": 10}}
    assert type(keras.optimizers.get(config)) is cls
    assert keras.saving.get_registered_name(cls) == f"paper_optimizers>{cls.__name__}"
    told = f"{cls.__name__} needs a learning_rate: .* peak learning_rate=\\d.* constant .*choose.md"
    with pytest.raises(ValueError, match=told):
        keras.optimizers.get(f"paper_optimizers>{cls.__name__}")


def test_a_model_is_compiled_by_the_optimizer_s_name() -> None:
    model = compiled({"class_name": "paper_optimizers>Opt1", "config": {"learning_rate": 0.1}})
    assert isinstance(model.optimizer, po.Opt1)
    assert np.isfinite(fit(model, epochs=1).history["loss"]).all()


def test_an_unknown_registered_name_is_refused() -> None:
    with pytest.raises(ValueError, match="Opt11"):
        keras.optimizers.get("paper_optimizers>Opt11")


def test_an_optimizer_can_be_pickled_and_copied(make) -> None:
    optimizer = make()
    for twin in (pickle.loads(pickle.dumps(optimizer)), copy.deepcopy(optimizer)):
        assert type(twin) is type(optimizer)
        assert twin.get_config() == optimizer.get_config()
        same_function(make(), twin)


def test_a_trained_model_can_be_pickled_and_copied(make) -> None:
    model = compiled(make())
    variables = model.trainable_variables
    model.optimizer.apply([keras.ops.ones(variable.shape) for variable in variables], variables)
    for twin in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        assert_equal(twin.optimizer.variables, model.optimizer.variables)
        assert_equal(twin.weights, model.weights)


def test_names_are_made_as_keras_makes_them() -> None:
    keras.utils.clear_session()
    assert [po.Opt1(0.1).name, po.Opt1(0.1).name, po.A5(0.1).name] == ["opt1", "opt1_1", "a5"]
    assert po.GraphOptimizer(DROPOUT, 0.1).name == "graph_optimizer"
    assert po.Opt1(0.1, name="mine").name == "mine"


def test_unknown_arguments_are_refused(make) -> None:
    with pytest.raises(ValueError, match=r"not recognized.*nesterov"):
        make(nesterov=True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"lr": 0.2, "total_steps": 9}, "by Opt9: received lr=0.2; Keras calls it learning_rate: write learning_rate="),
        ({"learning_rate": 0.2, "total_step": 9}, "received total_step=9; did you mean 'total_steps'?"),
        ({"learning_rate": 0.2, "total_steps": 9, "clip_norm": 1}, "did you mean 'clipnorm'?"),
        ({"learning_rate": 0.2, "total_steps": 9, "clip": 1}, "received clip=1; did you mean 'clipnorm'?"),
        ({"spec": "Opt1"}, "received spec='Opt1'; Opt9 has the catalog's spec: for another use GraphOptimizer"),
    ],
)
def test_an_unknown_argument_is_told_before_what_is_missing(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        po.Opt9(**arguments)


@pytest.mark.parametrize("rate", ["0.1", True, None, [0.1]])
def test_what_is_no_learning_rate_is_refused(rate: object) -> None:
    with pytest.raises(ValueError, match="learning_rate"):
        po.Opt1(rate)


@pytest.mark.parametrize("rate", [-0.05, float("nan"), float("inf"), float("-inf"), np.float32("nan"), -1])
def test_a_rate_that_leads_nowhere_is_refused(rate: float) -> None:
    message = "learning_rate must be a finite number of at least 0; received"
    with pytest.raises(ValueError, match=message):
        po.Opt1(rate)
    optimizer = po.Opt1(0.1)
    with pytest.raises(ValueError, match=message):
        optimizer.learning_rate = rate
    assert float(keras.ops.convert_to_numpy(optimizer.learning_rate)) == pytest.approx(0.1)


def test_a_rate_of_zero_takes_no_step() -> None:
    """A callback may raise it later."""
    variables, optimizer = make_variables(), po.GraphOptimizer("SGD", 0)
    train(optimizer, variables, range(1))
    assert_equal(variables, make_variables())
    optimizer.learning_rate = 0.5
    train(optimizer, variables, range(1))
    assert_equal(variables, [v - 0.5 * g for v, g in zip(make_variables(), gradients_of(0), strict=True)], 1e-7)
    with pytest.raises(ValueError, match=r"peak must be a positive, finite number; received 0\.0"):
        po.GraphOptimizer("SGD", 0, total_steps=10, warmup_steps=2)


@pytest.mark.parametrize("name", ["weight_decay", "clipnorm", "clipvalue", "global_clipnorm", "loss_scale_factor"])
@pytest.mark.parametrize("value", [-1, float("nan"), float("inf"), True, "1"])
def test_a_number_out_of_its_range_is_refused(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"^{name} must be a .*number.*; received {value!r}$"):
        po.Opt1(0.1, **{name: value})
    with pytest.raises(ValueError, match=f"^{name} must be"):
        setattr(po.Opt1(0.1), name, value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"clipnorm": 0}, "clipnorm must be a positive, finite number"),
        ({"use_ema": True, "ema_momentum": float("nan")}, "ema_momentum must be a number from 0 to 1"),
        ({"ema_momentum": 1.5}, "ema_momentum must be a number from 0 to 1"),
        ({"ema_overwrite_frequency": 0}, "ema_overwrite_frequency must be an integer of at least 1"),
        ({"gradient_accumulation_steps": 1}, "gradient_accumulation_steps must be an integer of at least 2"),
        ({"gradient_accumulation_steps": 2.5}, "gradient_accumulation_steps must be an integer"),
        ({"seed": 0.5}, "seed must be an integer of at least 0"),
        ({"seed": -1}, "seed must be an integer of at least 0"),
    ],
)
def test_other_arguments_out_of_their_range_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        po.Opt1(0.1, **arguments)


def test_what_was_compiled_into_a_program_cannot_be_assigned() -> None:
    optimizer = po.Opt9(0.1, total_steps=10)
    for name, value in (("spec", po.get("SGD")), ("decay", False), ("momentum", 0.5), ("seed", 3)):
        with pytest.raises(AttributeError, match=f"{name} is fixed when an optimizer is made"):
            setattr(optimizer, name, value)


@pytest.mark.parametrize("rate", [1, 1.0, np.float32(1.0), np.float64(1.0), np.int64(1)])
def test_any_number_is_a_learning_rate(rate: Any) -> None:
    optimizer = po.GraphOptimizer("SGD", rate)
    assert optimizer.get_config()["learning_rate"] == 1.0
    variables = make_variables()
    expected = [v - g for v, g in zip(variables, gradients_of(0), strict=True)]
    optimizer.apply(gradients_of(0), variables)
    assert_equal(variables, expected, 1e-7)


def test_a_momentum_replaces_that_of_the_spec() -> None:
    same_function(po.GraphOptimizer("Momentum", 0.001, momentum=0.5), keras.optimizers.SGD(0.001, momentum=0.5))
    with pytest.raises(ValueError, match=r"no momentum to set; received momentum=0\.9"):
        po.Opt1(0.1, momentum=0.9)
    for wrong in (1.0, -0.1, float("nan"), "0.9", True, po.OneCycle(0.9, 0.8)):
        with pytest.raises(po.SpecError, match=r"^momentum: received .*; expected a number in \[0, 1\)"):
            po.Opt9(0.1, momentum=wrong, total_steps=10)


@pytest.mark.parametrize("decay", [1e-6, 1, 0, "no", None])
def test_decay_is_no_rate_of_decay(decay: Any) -> None:
    """Other optimizers take a number of this name, which lowers the learning rate."""
    with pytest.raises(ValueError, match="decay says whether"):
        po.Opt1(0.1, decay=decay)


def test_an_unknown_spec_name_brings_the_nearest() -> None:
    with pytest.raises(KeyError, match="did you mean 'Nesterov'"):
        po.GraphOptimizer("nestrov", 0.1)
    with pytest.raises(ValueError, match="spec must be"):
        po.GraphOptimizer(3, 0.1)
    with pytest.raises(ValueError, match=r"received the text 'None ~ g'.*from_text\("):
        po.GraphOptimizer("None ~ g", 0.1)
    with pytest.raises(po.SpecError, match="version"):
        po.GraphOptimizer({"update": {}}, 0.1)
