"""Training many optimizers on one task side by side in the population engine."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import jax
import jax.numpy as jnp

from reproduce.data import Dataset, require_batch
from reproduce.errors import DataError
from reproduce.outcomes import Training
from reproduce.population.assembly import Member
from reproduce.population.engine import Population
from reproduce.population.problems import Arrays, Problem
from reproduce.population.waves import Examples, train_members
from reproduce.tasks.networks import engine_problem
from reproduce.tasks.optimizers import spec_of
from reproduce.tasks.task import Task
from reproduce.tasks.trainer import ENGINE_TYPES, GoOn, Run
from reproduce.training.settings import RunLength, TrainingSettings, run_length, steps_per_epoch

#: Members trained at once: on CPUs they run one after another, and more are no faster.
_MAX_ON_CPUS = 8
_MAX_ELSEWHERE = 64


class EngineTrainer:
    """A `reproduce.tasks.trainer.Trainer` of any spec, compiled once for all of them.

    Args:
        problem: Network and loss.
        training: Length, batches and noise.
        train: Arrays over the training examples, e.g. ``(images, labels)``.
        validation: The same for validation.
        test: The same for the test; None where no run asks for it.
        nesterov: The form of Nesterov momentum; see `Member`.
        largest: The most members trained at once; None for what suits the device. It changes no training.
    """

    def __init__(
        self,
        problem: Problem,
        training: TrainingSettings,
        train: Arrays,
        validation: Arrays,
        test: Arrays | None = None,
        *,
        nesterov: Literal["released", "search"] = "released",
        largest: int | None = None,
    ) -> None:
        self._training = training
        self._train = tuple(jnp.asarray(array) for array in train)
        self._validation, self._test = validation, test
        self._nesterov = nesterov
        self._largest = largest or (_MAX_ON_CPUS if jax.default_backend() == "cpu" else _MAX_ELSEWHERE)
        self._population = Population(problem, gradient_noise=training.gradient_noise)

    @classmethod
    def of(cls, task: Task, dataset: Dataset, largest: int | None = None) -> EngineTrainer:
        """The trainer of a task, with the initial weights and batches that Keras would start from too.

        Raises:
            DataError: If the data set is not what the network takes, or smaller than a batch.
        """
        if dataset.is_text != task.model.is_text:
            takes, has = ("text", "images") if task.model.is_text else ("images", "text")
            raise DataError(f"the {task.model.network} takes {takes}; received {dataset.name}, which is {has}")
        require_batch(dataset, task.training.batch_size)
        parts = ((part.inputs, part.labels) for part in (dataset.train, dataset.validation, dataset.test))
        problem = engine_problem(task, dataset)
        return cls(problem, task.training, *parts, nesterov=task.nesterov, largest=largest)

    def run(self, runs: Sequence[Run], *, epochs: int | None = None, go_on: GoOn | None = None) -> list[Training]:
        """See `reproduce.tasks.trainer.Trainer`."""
        trained: dict[int, Training] = {}
        for test in (False, True):
            chosen = [number for number, run in enumerate(runs) if run.test == test]
            if chosen:
                start = time.perf_counter()
                trainings = self._train_members([runs[number] for number in chosen], epochs, go_on, test=test)
                seconds = (time.perf_counter() - start) / len(chosen)
                for number, training in zip(chosen, trainings, strict=True):
                    precision = ENGINE_TYPES[self._training.precision]
                    trained[number] = replace(training, precision=precision, seconds=seconds)
        return [trained[number] for number in range(len(runs))]

    def _train_members(
        self, runs: Sequence[Run], epochs: int | None, go_on: GoOn | None, *, test: bool
    ) -> list[Training]:
        settings, count = self._training, len(self._train[0])
        settings = settings if epochs is None else replace(settings, epochs=epochs)
        length = run_length(settings, count)
        examples = Examples(
            self._train,
            self._validation,
            settings.batch_size,
            steps_per_epoch(settings, count),
            self._test if test else None,
            settings.samples,
        )
        members = [self._member(run, length) for run in runs]
        return train_members(
            self._population,
            members,
            examples,
            settings.epochs,
            largest=self._largest,
            go_on=None if go_on is None else lambda _, accuracies: go_on(accuracies),
        )

    def _member(self, run: Run, length: RunLength) -> Member:
        spec, phases = spec_of(run.optimizer), (length.total_steps, length.warmup_steps, length.hold_steps)
        if spec is None:
            raise ValueError(f"{run.optimizer} is no spec; the engine cannot run it")
        if run.weight_decay is not None:
            spec = spec.with_weight_decay(run.weight_decay)
        return Member(spec, run.rate, *phases, run.seed, nesterov=self._nesterov)
