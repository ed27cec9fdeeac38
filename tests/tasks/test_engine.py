"""The engine's runs beside Keras', and what does not change them."""

import dataclasses
from typing import Any

import jax
import numpy as np
import pytest

from reproduce.data import load_dataset
from reproduce.errors import ProtocolError, ReproduceWarning
from reproduce.outcomes import Training
from reproduce.tasks import engine
from reproduce.tasks.engine import EngineTrainer
from reproduce.tasks.keras import KerasTrainer
from reproduce.tasks.optimizers import make_entrant, roster
from reproduce.tasks.task import Task
from reproduce.tasks.trainer import Run, TrainerName, trainer_of
from tests.settings import TASK, model_of

PLAIN = dataclasses.replace(
    TASK, model=dataclasses.replace(TASK.model, dropout=0.0, pixels="standardised", conv_bias=False)
)
DIGITS = load_dataset(TASK.data)


def runs(*names: str, rate: float = 0.1, test: bool = True) -> list[Run]:
    return [Run(make_entrant(name, "here"), rate, 3, test) for name in names]


def untimed(training: Training) -> Training:
    return dataclasses.replace(training, seconds=0.0)


@pytest.fixture(scope="module")
def trainer() -> EngineTrainer:
    return EngineTrainer.of(TASK, DIGITS)


def test_a_run_does_not_depend_on_its_company(trainer: EngineTrainer) -> None:
    asked = [*runs("Adam", "Opt7", "Opt9", "A1+LR1"), *runs("SGD", rate=1.0, test=False)]
    together = [untimed(each) for each in trainer.run(asked)]
    afresh = EngineTrainer.of(TASK, DIGITS, largest=1)
    alone = [untimed(afresh.run([each])[0]) for each in reversed(asked[:2])]
    assert together == [untimed(each) for each in trainer.run(asked)]
    assert alone == together[1::-1]
    assert [each.test_accuracy is not None for each in together] == [True] * 4 + [False]
    assert all(len(each.curve.validation_loss) == TASK.training.epochs for each in together)


def test_a_device_that_refuses_a_batch_is_told_of_and_changes_no_run(
    trainer: EngineTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = runs("Adam", "Opt7")
    expected = [untimed(each) for each in trainer.run(asked)]
    population = trainer._population
    epoch = population.epoch

    def refuse(*arguments: Any) -> Any:
        if len(arguments[-1]) > 1:
            raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Out of memory")
        return epoch(*arguments)

    monkeypatch.setattr(trainer, "_largest", 2)
    monkeypatch.setattr(population, "epoch", refuse)
    monkeypatch.setattr(population, "room", None)
    with pytest.warns(ReproduceWarning, match="does not hold 2 networks at once: going on with 1$"):
        measured = trainer.run(asked)
    assert [untimed(each) for each in measured] == expected


def test_divergence_is_an_outcome_at_a_step(trainer: EngineTrainer) -> None:
    (measured,) = trainer.run(runs("SGD", rate=1e30))
    assert measured.diverged_at is not None
    assert (measured.validation_accuracy, measured.test_accuracy) == (None, None)
    steps = len(DIGITS.train) // TASK.training.batch_size
    assert measured.diverged_at < measured.steps == steps * (len(measured.curve.train_loss) + 1)


@pytest.mark.parametrize("name", ["SGD+LR1", "Opt7"])
def test_without_dropout_it_trains_as_keras_does(name: str) -> None:
    (engine,) = EngineTrainer.of(PLAIN, DIGITS).run(runs(name, rate=0.03))
    (keras,) = KerasTrainer(PLAIN, DIGITS).run(runs(name, rate=0.03))
    assert engine.diverged_at is None
    assert (engine.steps, engine.weights, engine.precision) == (keras.steps, keras.weights, keras.precision)
    np.testing.assert_allclose(engine.curve.train_loss, keras.curve.train_loss, rtol=1e-3)
    np.testing.assert_allclose(engine.curve.validation_loss, keras.curve.validation_loss, rtol=2e-3)
    assert engine.test_accuracy == pytest.approx(keras.test_accuracy, abs=0.005)


def changed(section: str, **values: object) -> Task:
    return dataclasses.replace(TASK, **{section: dataclasses.replace(getattr(TASK, section), **values)})


def chosen(task: Task, name: str, asked: str = "auto") -> TrainerName:
    return trainer_of("digits", task, make_entrant(name, "here"), asked)


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
def test_what_the_engine_lacks_goes_to_keras_or_is_refused(task: Task) -> None:
    assert chosen(task, "Adam") == "keras"
    with pytest.raises(ProtocolError, match=r"task digits: the engine has no (model|training)\..* set runner to"):
        chosen(task, "Adam", "engine")


def test_the_engine_takes_every_spec_and_keras_the_rest() -> None:
    assert chosen(TASK, "Opt7") == "engine"
    assert chosen(TASK, "Nadam") == "keras"
    assert chosen(TASK, "Opt7", "keras") == "keras"
    augmented = changed("training", augmentations=("crop", "flip", "cutout"), gradient_noise=1.0)
    assert chosen(augmented, "Opt7") == "engine"


def test_transformations_are_of_the_engine_alone() -> None:
    nadam, adan = roster((), (), ("Nadam+LR1", "Adan"))
    assert trainer_of("digits", TASK, adan, "auto") == trainer_of("digits", TASK, nadam, "engine") == "engine"
    with pytest.raises(
        ProtocolError, match=r"alone, and runner is 'keras'; name Nadam\+LR1 in optimizers.keras, for Keras' own form"
    ):
        trainer_of("digits", TASK, nadam, "keras")
    larger = dataclasses.replace(TASK, model=model_of("efficientnetv2"))
    with pytest.raises(
        ProtocolError, match=r"Adan of optimizers.optax is .* no model.network = .*; leave it out, Keras"
    ):
        trainer_of("digits", larger, adan, "auto")


def test_specs_and_transformations_train_in_one_call_each_as_alone(trainer: EngineTrainer) -> None:
    (adan,) = roster((), (), ("Adan",))
    asked = [runs("Adam")[0], Run(adan, 0.1, 3, True), Run(adan, 1e30, 4), Run(adan, 0.01, 5, True)]
    together = [untimed(each) for each in trainer.run(asked)]
    alone = [untimed(trainer.run([each])[0]) for each in reversed(asked)]
    assert together == alone[::-1]
    assert [each.diverged_at is None for each in together] == [True, True, False, True]
    assert [each.test_accuracy is not None for each in together] == [True, True, False, True]
    assert len({each.curve.train_loss for each in together}) == 4


def test_a_transformation_s_rate_is_multiplied_by_the_schedule_it_is_crossed_with(trainer: EngineTrainer) -> None:
    crossed, plain = roster((), (), ("Adan+LR1", "Adan"))
    first, second = trainer.run([Run(crossed, 0.1, 3), Run(plain, 0.1, 3)])
    assert first.curve.train_loss != second.curve.train_loss


def test_statistics_come_from_as_many_batches_as_the_training_says(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[int] = []

    def noted(population: Any, members: Any, examples: Any, *arguments: Any, **settings: Any) -> list[Training]:
        given.append(examples.statistics_batches)
        return []

    monkeypatch.setattr(engine, "train_members", noted)
    for task in (TASK, changed("training", statistics_batches=7)):
        EngineTrainer.of(task, DIGITS)._train_members(runs("Adam"), None, None, None)
    assert given == [50, 7]


@pytest.mark.slow
def test_noise_augmentation_and_bfloat16_change_what_is_computed() -> None:
    plain, *others = (
        EngineTrainer.of(task, DIGITS).run(runs("Adam", rate=0.03))[0]
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
