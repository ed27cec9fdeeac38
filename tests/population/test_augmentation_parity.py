"""With dropout and augmentation on, the engine's runs end where Keras' do, although they draw other numbers."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import pytest
from scipy import stats

from reproduce.data import load_dataset
from reproduce.tasks.engine import EngineTrainer
from reproduce.tasks.keras import KerasTrainer
from reproduce.tasks.optimizers import make_entrant
from reproduce.tasks.task import Task
from reproduce.tasks.trainer import Run, Trainer
from tests.settings import TASK

ADAM = make_entrant("Adam", "here")
DIGITS = load_dataset(TASK.data)
RATE, SEEDS = 0.01, range(20)


def task(*augmentations: str) -> Task:
    """40 steps of 64 images; Keras makes its images anew for each epoch, so all are one epoch."""
    model = dataclasses.replace(TASK.model, width=4, dropout=0.2)
    training = dataclasses.replace(
        TASK.training, batch_size=64, epochs=1, steps_per_epoch=40, augmentations=augmentations
    )
    return dataclasses.replace(TASK, model=model, training=training)


def accuracies(trainer: Trainer, seeds: Sequence[int]) -> list[float]:
    return [training.test_accuracy for training in trainer.run([Run(ADAM, RATE, seed, test=True) for seed in seeds])]


@pytest.mark.slow
def test_final_accuracies_agree_within_noise(record_testsuite_property):
    """20 seeds a side on the same first weights and batches. Welch's t-test, which finds augmentation itself."""
    augmented = task("crop", "flip", "cutout")
    ours = accuracies(EngineTrainer.of(augmented, DIGITS), SEEDS)
    theirs = accuracies(KerasTrainer(augmented, DIGITS), SEEDS)
    plain = accuracies(EngineTrainer.of(task(), DIGITS), SEEDS[:8])
    outcome = stats.ttest_ind(ours, theirs, equal_var=False)
    summary = (
        f"engine {np.mean(ours):.4f} (sd {np.std(ours, ddof=1):.4f}), Keras {np.mean(theirs):.4f} "
        f"(sd {np.std(theirs, ddof=1):.4f}), n = {len(SEEDS)} each, p = {outcome.pvalue:.3f}; "
        f"not augmented {np.mean(plain):.4f}, n = {len(plain)}"
    )
    record_testsuite_property("engine_and_keras_accuracies_augmented", summary)
    assert min(np.mean(ours), np.mean(theirs)) > 0.3, summary
    assert outcome.pvalue > 0.01, summary
    assert stats.ttest_ind(ours, plain, equal_var=False).pvalue < 1e-4, summary
    assert stats.ttest_ind(theirs, plain, equal_var=False).pvalue < 1e-4, summary
