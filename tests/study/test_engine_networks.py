"""Networks other than the surrogate: what the engine trains for a task is what Keras trains for it."""

import dataclasses
from functools import partial

import numpy as np
import pytest

from reproduce.data import load_dataset
from reproduce.study.engine_trainer import EngineTrainer
from reproduce.study.optimizers import learning_rates, make_entrant, make_optimizer
from reproduce.study.protocol import TaskSettings
from reproduce.study.rows import Job
from reproduce.study.runners import runner_of
from reproduce.training.trainer import Trainer
from tests.settings import TEXT, model_of
from tests.study.cases import TASK

SIZES = {"vision_transformer": {"patch_size": 2}, "char_lstm": {}, "char_transformer": {}}


def task_of(network: str) -> TaskSettings:
    """One epoch without dropout, of digits or of a text in windows of 16 characters."""
    model = model_of(network, depth=1, dropout=0.0, **SIZES[network])
    data = TEXT if model.is_text else TASK.data
    training = dataclasses.replace(TASK.training, epochs=1, steps_per_epoch=12, batch_size=64)
    return dataclasses.replace(TASK, model=model, data=data, training=training)


@pytest.mark.parametrize("network", SIZES)
def test_the_engine_trains_it_as_keras_does(network: str) -> None:
    task = task_of(network)
    dataset = load_dataset(task.data)
    entrant, job = make_entrant("Opt7", "here"), Job("digits", "Opt7", "final", 0.3, 3)
    assert runner_of(task, entrant) == "engine"
    (engine,) = EngineTrainer(task, dataset).run([(entrant, job)])
    trainer = Trainer(task.model, task.training, dataset, partial(make_optimizer, entrant))
    keras = trainer.run(learning_rates(entrant, job.rate, trainer.length), job.seed, test=True)
    assert engine.diverged_at is None
    np.testing.assert_allclose(engine.curve.train_loss, keras.curve.train_loss, rtol=1e-3)
    np.testing.assert_allclose(engine.curve.validation_loss, keras.curve.validation_loss, rtol=1e-3)
    np.testing.assert_allclose(engine.curve.train_accuracy, keras.curve.train_accuracy, atol=0.005)
    assert engine.test_accuracy == pytest.approx(keras.test_accuracy, abs=0.005)


def test_a_text_is_not_augmented() -> None:
    task = task_of("char_lstm")
    training = dataclasses.replace(task.training, augmentations=("crop", "flip", "cutout"))
    assert runner_of(dataclasses.replace(task, training=training), make_entrant("Opt7", "here")) == "keras"
