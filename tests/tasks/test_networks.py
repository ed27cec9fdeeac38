"""Networks other than the surrogate: what the engine trains for a task is what Keras trains for it."""

import dataclasses

import numpy as np
import pytest

from reproduce.data import load_dataset
from reproduce.tasks.engine import EngineTrainer
from reproduce.tasks.keras import KerasTrainer
from reproduce.tasks.optimizers import make_entrant
from reproduce.tasks.task import Task
from reproduce.tasks.trainer import Run, trainer_of
from tests.settings import TASK, TEXT, model_of

SIZES = {"vision_transformer": {"patch_size": 2}, "char_lstm": {}, "char_transformer": {}}


def task_of(network: str) -> Task:
    """One epoch without dropout, of digits or of a text in windows of 16 characters."""
    model = model_of(network, depth=1, dropout=0.0, **SIZES[network])
    data = TEXT if model.is_text else TASK.data
    training = dataclasses.replace(TASK.training, epochs=1, steps_per_epoch=12, batch_size=64)
    return dataclasses.replace(TASK, model=model, data=data, training=training)


@pytest.mark.parametrize("network", SIZES)
def test_the_engine_trains_it_as_keras_does(network: str) -> None:
    task = task_of(network)
    dataset = load_dataset(task.data)
    run = Run(make_entrant("Opt7", "here"), 0.3, 3, test=True)
    assert trainer_of("here", task, run.optimizer, "auto") == "engine"
    (engine,) = EngineTrainer.of(task, dataset).run([run])
    (keras,) = KerasTrainer(task, dataset).run([run])
    assert engine.diverged_at is None
    np.testing.assert_allclose(engine.curve.train_loss, keras.curve.train_loss, rtol=1e-3)
    np.testing.assert_allclose(engine.curve.validation_loss, keras.curve.validation_loss, rtol=1e-3)
    np.testing.assert_allclose(engine.curve.train_accuracy, keras.curve.train_accuracy, atol=0.005)
    assert engine.test_accuracy == pytest.approx(keras.test_accuracy, abs=0.005)


def test_a_text_is_not_augmented() -> None:
    task = task_of("char_lstm")
    training = dataclasses.replace(task.training, augmentations=("crop", "flip", "cutout"))
    changed = dataclasses.replace(task, training=training)
    assert trainer_of("here", changed, make_entrant("Opt7", "here"), "auto") == "keras"
