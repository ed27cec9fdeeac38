"""The engine's runs beside Keras', and what does not change them."""

import dataclasses
from functools import partial
from typing import Any

import jax
import numpy as np
import pytest

from reproduce.data import load_dataset
from reproduce.errors import ProtocolError, ReproduceWarning
from reproduce.outcomes import Training
from reproduce.study.engine_trainer import EngineTrainer
from reproduce.study.optimizers import learning_rates, make_entrant, make_optimizer
from reproduce.study.protocol import TaskSettings
from reproduce.study.rows import Job
from reproduce.study.runners import runner_of
from reproduce.training.trainer import Trainer
from tests.settings import model_of
from tests.study.cases import TASK

NO_DROPOUT = dataclasses.replace(TASK, model=dataclasses.replace(TASK.model, dropout=0.0, pixels="standardised"))
DIGITS = load_dataset(TASK.data)


def jobs(*names: str, rate: float = 0.1, phase: str = "final") -> list:
    return [(make_entrant(name, "here"), Job("digits", name, phase, rate, 3)) for name in names]


def untimed(measured: Training) -> Training:
    return dataclasses.replace(measured, seconds=0.0)


@pytest.fixture(scope="module")
def trainer() -> EngineTrainer:
    return EngineTrainer(TASK, DIGITS)


def test_a_run_does_not_depend_on_its_company(trainer: EngineTrainer) -> None:
    asked = [*jobs("Adam", "Opt7", "Opt9", "A1+LR1"), *jobs("SGD", rate=1.0, phase="tune")]
    together = [untimed(each) for each in trainer.run(asked)]
    afresh = EngineTrainer(TASK, DIGITS)
    alone = [untimed(afresh.run([each])[0]) for each in reversed(asked[:2])]
    assert together == [untimed(each) for each in trainer.run(asked)]
    assert alone == together[1::-1]
    assert [each.test_accuracy is not None for each in together] == [True] * 4 + [False]
    assert all(len(each.curve.validation_loss) == TASK.training.epochs for each in together)


def test_a_device_that_refuses_a_batch_is_told_of_and_changes_no_run(
    trainer: EngineTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = jobs("Adam", "Opt7")
    expected = [untimed(each) for each in trainer.run(asked)]
    population = trainer._population
    epoch = population.epoch

    def refuse(*arguments: Any) -> Any:
        if len(arguments[-1]) > 1:
            raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Out of memory")
        return epoch(*arguments)

    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    monkeypatch.setattr(population, "epoch", refuse)
    monkeypatch.setattr(population, "room", None)
    with pytest.warns(ReproduceWarning, match="does not hold 2 networks at once: going on with 1$"):
        measured = trainer.run(asked)
    assert [untimed(each) for each in measured] == expected


def test_divergence_is_an_outcome_at_a_step(trainer: EngineTrainer) -> None:
    (measured,) = trainer.run(jobs("SGD", rate=1e30))
    assert measured.diverged_at is not None
    assert (measured.validation_accuracy, measured.test_accuracy) == (None, None)
    steps = len(DIGITS.train) // TASK.training.batch_size
    assert measured.diverged_at < measured.steps == steps * (len(measured.curve.train_loss) + 1)


@pytest.mark.parametrize("name", ["SGD+LR1", "Opt7"])
def test_without_dropout_it_trains_as_keras_does(name: str) -> None:
    entrant, job = jobs(name, rate=0.03)[0]
    (engine,) = EngineTrainer(NO_DROPOUT, DIGITS).run([(entrant, job)])
    trainer = Trainer(NO_DROPOUT.model, NO_DROPOUT.training, DIGITS, partial(make_optimizer, entrant))
    keras = trainer.run(learning_rates(entrant, job.rate, trainer.length), job.seed, test=True)
    assert engine.diverged_at is None
    assert (engine.steps, engine.weights, engine.precision) == (keras.steps, keras.weights, keras.precision)
    np.testing.assert_allclose(engine.curve.train_loss, keras.curve.train_loss, rtol=1e-3)
    np.testing.assert_allclose(engine.curve.validation_loss, keras.curve.validation_loss, rtol=2e-3)
    assert engine.test_accuracy == pytest.approx(keras.test_accuracy, abs=0.005)


def changed(section: str, **values: object) -> TaskSettings:
    return dataclasses.replace(TASK, **{section: dataclasses.replace(getattr(TASK, section), **values)})


@pytest.mark.parametrize(
    "task",
    [
        dataclasses.replace(TASK, model=model_of("efficientnetv2")),
        changed("training", augmentations=("rand_augment",)),
        changed("training", accumulation=2),
        changed("training", precision="mixed_float16"),
        changed("training", frozen="batch_norm"),
    ],
    ids=["network", "augmentation", "accumulation", "precision", "frozen"],
)
def test_what_the_engine_lacks_goes_to_keras_or_is_refused(task: TaskSettings) -> None:
    assert runner_of(task, make_entrant("Adam", "here")) == "keras"
    with pytest.raises(ProtocolError, match=r"task digits: the engine has no (model|training)\..* set runner to"):
        runner_of(dataclasses.replace(task, runner="engine"), make_entrant("Adam", "here"))


def test_the_engine_takes_every_spec_and_keras_the_rest() -> None:
    assert runner_of(TASK, make_entrant("Opt7", "here")) == "engine"
    assert runner_of(TASK, make_entrant("Nadam", "here")) == "keras"
    assert runner_of(dataclasses.replace(TASK, runner="keras"), make_entrant("Opt7", "here")) == "keras"
    augmented = changed("training", augmentations=("crop", "flip", "cutout"), gradient_noise=1.0)
    assert runner_of(augmented, make_entrant("Opt7", "here")) == "engine"


@pytest.mark.slow
def test_noise_augmentation_and_bfloat16_change_what_is_computed() -> None:
    plain, *others = (
        EngineTrainer(task, DIGITS).run(jobs("Adam", rate=0.03))[0]
        for task in (
            TASK,
            changed("training", gradient_noise=1.0),
            changed("training", augmentations=("crop", "flip", "cutout")),
            changed("training", precision="mixed_bfloat16"),
        )
    )
    assert [each.precision for each in others] == ["float32", "float32", "bfloat16"]
    assert len({each.curve.train_loss for each in (plain, *others)}) == 4
    assert others[-1].curve.train_loss == pytest.approx(plain.curve.train_loss, rel=0.05)
