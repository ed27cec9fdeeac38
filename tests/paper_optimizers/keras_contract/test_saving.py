"""The state has one order, and goes to files and back."""

import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import paper_optimizers as po
from tests.paper_optimizers.keras_contract.worlds import (
    BACKEND,
    EVERYTHING,
    OPTIMIZERS,
    arrays,
    assert_equal,
    compiled,
    fit,
    make_variables,
    train,
)

STEPS = 5


def train_model(model: keras.Model, first: int, last: int) -> None:
    """Steps ``first`` to ``last - 1`` with gradients made by hand."""
    variables = model.trainable_variables
    for step in range(first, last):
        random = np.random.default_rng([2, step])
        gradients = [random.normal(size=variable.shape).astype("float32") for variable in variables]
        model.optimizer.apply([keras.ops.convert_to_tensor(gradient) for gradient in gradients], variables)


def test_variables_are_built_once_in_one_order(make) -> None:
    variables = make_variables()
    optimizer = make()
    optimizer.build(variables)
    first = [(id(variable), variable.path) for variable in optimizer.variables]
    optimizer.build(variables)
    train(optimizer, variables, range(2))
    assert [(id(variable), variable.path) for variable in optimizer.variables] == first
    assert len({path for _, path in first}) == len(first)
    assert not any(variable.trainable for variable in optimizer.variables)

    unbuilt = make(name=optimizer.name)
    train(unbuilt, make_variables(), range(1))
    assert [variable.path for variable in unbuilt.variables] == [path for _, path in first]


def test_variables_can_be_read_and_set(make) -> None:
    trained, other = make(), make()
    variables = make_variables()
    train(trained, variables, range(3))
    with pytest.raises(ValueError, match="not yet been built"):
        other.set_weights(trained.variables)
    copies = [keras.Variable(variable.value) for variable in variables]
    other.build(copies)
    other.set_weights(trained.variables)
    assert_equal(other.variables, trained.variables)
    train(trained, variables, range(3, 6))
    train(other, copies, range(3, 6))
    assert_equal(copies, variables)


def test_training_goes_on_after_save_and_load(make, tmp_path: Path) -> None:
    straight = compiled(make())
    train_model(straight, 0, 2 * STEPS)

    halfway = compiled(make())
    train_model(halfway, 0, STEPS)
    halfway.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.optimizer.get_config() == halfway.optimizer.get_config()
    assert_equal(loaded.optimizer.variables, halfway.optimizer.variables)
    train_model(loaded, STEPS, 2 * STEPS)
    assert_equal(loaded.weights, straight.weights)
    assert_equal(loaded.optimizer.variables, straight.optimizer.variables)

    halfway.save_weights(tmp_path / "state.weights.h5")
    other = compiled(make())
    other.optimizer.build(other.trainable_variables)
    other.load_weights(tmp_path / "state.weights.h5")
    train_model(other, STEPS, 2 * STEPS)
    assert_equal(other.weights, straight.weights)


def test_a_mask_seed_that_was_drawn_is_saved_too(tmp_path: Path) -> None:
    model = compiled(po.GraphOptimizer(EVERYTHING, 0.05, total_steps=20))
    train_model(model, 0, 2)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    train_model(model, 2, 4)
    train_model(loaded, 2, 4)
    assert_equal(loaded.weights, model.weights)


@pytest.mark.parametrize("wrapped", [False, True], ids=["plain", "loss scaled"])
@pytest.mark.parametrize("by", ["names", "variables"])
def test_what_is_excluded_from_weight_decay_is_saved(by: str, wrapped: bool, tmp_path: Path) -> None:
    optimizer = po.Opt1(0.05, weight_decay=0.5)
    model = compiled(keras.optimizers.LossScaleOptimizer(optimizer) if wrapped else optimizer)
    if by == "names":
        optimizer.exclude_from_weight_decay(var_names=["kernel", "nothing"])
    else:
        optimizer.exclude_from_weight_decay(var_list=[model.trainable_variables[2]])
    fit(model, epochs=1)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    inner = loaded.optimizer.inner_optimizer if wrapped else loaded.optimizer
    assert inner.get_config() == optimizer.get_config()
    expected = {"names": [False, True, False, True], "variables": [True, True, False, True]}[by]
    assert [inner._use_weight_decay(variable) for variable in loaded.trainable_variables] == expected
    for trained in (model, loaded):
        fit(trained, epochs=1)
    assert_equal(loaded.weights, model.weights, 1e-6)


def test_an_exclusion_that_cannot_be_saved_says_so() -> None:
    optimizer, variables = po.Opt1(0.05, weight_decay=0.5), make_variables()
    with pytest.raises(ValueError, match=r"must be a list of names; received 'bias': write \['bias'\]"):
        optimizer.exclude_from_weight_decay(var_names="bias")
    optimizer.exclude_from_weight_decay(var_list=variables[:1])
    with pytest.warns(UserWarning, match=r"build the optimizer first, or give var_names"):
        assert "excluded_from_weight_decay" not in optimizer.get_config()
    optimizer.build(variables)
    assert optimizer.get_config()["excluded_from_weight_decay"] == {"names": [], "variables": [0]}
    revived = po.Opt1.from_config(optimizer.get_config())
    assert po.Opt1.from_config(revived.get_config()).get_config() == optimizer.get_config()
    revived.exclude_from_weight_decay()
    assert "excluded_from_weight_decay" not in revived.get_config()


@pytest.mark.skipif(BACKEND == "torch", reason="nothing is compiled")
def test_an_exclusion_that_comes_too_late_is_refused() -> None:
    model = compiled(po.Opt1(0.05, weight_decay=0.5))
    fit(model, epochs=1)
    with pytest.raises(ValueError, match="what is excluded from weight decay is part of the training step"):
        model.optimizer.exclude_from_weight_decay(var_names=["kernel"])


def test_averaged_weights_can_be_trained_on_after_saving(tmp_path: Path) -> None:
    """On JAX a second fit of the same model fails, with every Keras optimizer; saving and loading is the way round."""
    model = compiled(OPTIMIZERS["Opt9"](use_ema=True))
    fit(model, epochs=1)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert np.isfinite(fit(loaded, epochs=1).history["loss"]).all()
    assert int(loaded.optimizer.iterations) == 6


LOAD = """
import sys
import keras

try:
    keras.saving.load_model(sys.argv[1])
except TypeError as error:
    print("paper_optimizers>GraphOptimizer" in str(error))
import paper_optimizers
model = keras.saving.load_model(sys.argv[1])
print(type(model.optimizer) is paper_optimizers.GraphOptimizer, int(model.optimizer.iterations))
"""


def test_a_new_process_loads_the_model_once_the_package_is_imported(tmp_path: Path) -> None:
    """With Keras alone it fails as for any custom object, and names the class that is missing."""
    model = compiled(OPTIMIZERS["everything"]())
    train_model(model, 0, 3)
    model.save(tmp_path / "model.keras")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run(
        [sys.executable, "-c", LOAD, tmp_path / "model.keras"], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["True", "True", "3"]


@pytest.mark.skipif(BACKEND != "tensorflow", reason="tf.train.Checkpoint is TensorFlow's")
def test_a_tensorflow_checkpoint_restores_the_state(make, tmp_path: Path) -> None:
    import tensorflow as tf

    model = compiled(make())
    train_model(model, 0, STEPS)
    checkpoint = tf.train.Checkpoint(model=model, optimizer=model.optimizer)
    path = checkpoint.save(tmp_path / "checkpoint")
    state = arrays(model.optimizer.variables)
    train_model(model, STEPS, 2 * STEPS)
    straight = arrays(model.weights)

    checkpoint.restore(path).assert_consumed()
    assert_equal(model.optimizer.variables, state)
    train_model(model, STEPS, 2 * STEPS)
    assert_equal(model.weights, straight)

    other = compiled(make())
    other.optimizer.build(other.trainable_variables)
    tf.train.Checkpoint(model=other, optimizer=other.optimizer).restore(path).assert_consumed()
    train_model(other, STEPS, 2 * STEPS)
    assert_equal(other.weights, straight)
