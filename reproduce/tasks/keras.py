"""Training optimizers on one task through Keras, one training after another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from reproduce.data import Dataset
from reproduce.libraries import enter_known_keras
from reproduce.outcomes import Training
from reproduce.tasks.optimizers import Optimizer, make_optimizer
from reproduce.tasks.schedules import learning_rates
from reproduce.tasks.task import Task
from reproduce.tasks.trainer import GoOn, Run
from reproduce.training.fit import Fit


class KerasTrainer:
    """A `reproduce.tasks.trainer.Trainer` of any optimizer; keeps what it compiled for the last one.

    Args:
        task: The task.
        dataset: Its data.
        pretrained: The weights file of a task whose networks start "pretrained".
        num_devices: Over how many devices batches are split; more than one needs the JAX backend.

    Raises:
        ProtocolError: As `Fit` does, once something is trained.
    """

    def __init__(
        self,
        task: Task,
        dataset: Dataset,
        *,
        pretrained: Path | None = None,
        num_devices: int = 1,
    ) -> None:
        enter_known_keras()
        self._task = task
        self._dataset = dataset
        self._num_devices = num_devices
        self._pretrained = pretrained
        self._fit: tuple[tuple[Optimizer, float | None, int | None], Fit] | None = None

    def run(self, runs: Sequence[Run], *, epochs: int | None = None, go_on: GoOn | None = None) -> list[Training]:
        """See `reproduce.tasks.trainer.Trainer`; none is cut short.

        Raises:
            ValueError: If ``go_on`` is given.
        """
        if go_on is not None:
            raise ValueError("Keras trains to the end: leave patience out of the screening")
        return [self._run(run, epochs) for run in runs]

    def _run(self, run: Run, epochs: int | None) -> Training:
        key = run.optimizer, run.weight_decay, epochs
        if self._fit is None or self._fit[0] != key:
            self._fit = None  # Its memory is free before the next is made.
            self._fit = key, self._make_fit(*key)
        fit = self._fit[1]
        rates = learning_rates(run.optimizer, run.rate, fit.length)
        return fit.run(rates, run.seed, test=run.test, checkpoint=run.checkpoint)

    def _make_fit(self, optimizer: Optimizer, weight_decay: float | None, epochs: int | None) -> Fit:
        training = self._task.training
        return Fit(
            self._task.model,
            training if epochs is None else replace(training, epochs=epochs),
            self._dataset,
            partial(make_optimizer, optimizer, weight_decay=weight_decay),
            pretrained=self._pretrained,
            num_devices=self._num_devices,
        )
