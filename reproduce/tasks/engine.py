"""Training many optimizers on one task side by side in the population engine."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

import jax
import jax.numpy as jnp

from reproduce.data import Dataset, require_batch
from reproduce.errors import DataError
from reproduce.outcomes import Training
from reproduce.population.assembly import Member
from reproduce.population.engine import Population
from reproduce.population.problems import Arrays, Problem
from reproduce.population.waves import Examples, Keep, train_members
from reproduce.tasks.backbone import engine_start, problem_from
from reproduce.tasks.networks import engine_problem
from reproduce.tasks.optimizers import OPTAX, is_transformation, spec_of
from reproduce.tasks.schedules import peak_rate, rate_phases, rate_shape, schedule_factor
from reproduce.tasks.task import Task
from reproduce.tasks.trainer import ENGINE_TYPES, GoOn, Run
from reproduce.training.settings import (
    RunLength,
    TrainingSettings,
    run_length,
    steps_per_epoch,
)
from reproduce.training.start import SCRATCH

#: Members trained at once: on CPUs they run one after another, and more are no faster.
_MAX_ON_CPUS = 8
_MAX_ELSEWHERE = 64

#: A transformation's name, and the weight decay that takes the place of its own or None.
_Compiled = tuple[str, float | None]


class EngineTrainer:
    """A `reproduce.tasks.trainer.Trainer` of any spec, compiled once for all of them, and of `OPTAX`, once for each.

    Args:
        problem: Network and loss.
        training: Length, batches and noise.
        train: Arrays over the training examples, e.g. ``(images, labels)``.
        validation: The same for validation.
        test: The same for the test; None where no run asks for it.
        nesterov: The form of Nesterov momentum; see `Member`.
        largest: The most members trained at once; None for what suits the device. It changes no training.
        weights: Where the initial weights of ``problem`` come from; see `Training`.
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
        weights: str = SCRATCH,
    ) -> None:
        self._training = training
        self._start = weights
        self._train = tuple(jnp.asarray(array) for array in train)
        self._validation, self._test = validation, test
        self._nesterov = nesterov
        self._largest = largest or (_MAX_ON_CPUS if jax.default_backend() == "cpu" else _MAX_ELSEWHERE)
        self._problem = problem
        self._population = Population(problem, gradient_noise=training.gradient_noise)
        self._transformed: dict[_Compiled, Population] = {}

    @classmethod
    def of(
        cls, task: Task, dataset: Dataset, largest: int | None = None, pretrained: Path | None = None
    ) -> EngineTrainer:
        """Make the trainer of a task, with the initial weights and batches that Keras would start from too.

        Args:
            task: The task.
            dataset: Its data.
            largest: The most members trained at once; None for what suits the device.
            pretrained: The weights file of a task whose networks start "pretrained".

        Raises:
            DataError: If the data set is not what the network takes, or smaller than a batch.
            ProtocolError: If the weights to start from are not there or do not fit the network.
        """
        if dataset.is_text != task.model.is_text:
            takes, has = ("text", "images") if task.model.is_text else ("images", "text")
            raise DataError(f"the {task.model.network} takes {takes}; received {dataset.name}, which is {has}")
        require_batch(dataset, task.training.batch_size)
        parts = ((part.inputs, part.labels) for part in (dataset.train, dataset.validation, dataset.test))
        problem = engine_problem(task, dataset)
        start, weights = engine_start(task.model, problem, pretrained), SCRATCH
        if start is not None:
            problem, weights = problem_from(problem, start), start.weights
        return cls(problem, task.training, *parts, nesterov=task.nesterov, largest=largest, weights=weights)

    def run(
        self,
        runs: Sequence[Run],
        *,
        epochs: int | None = None,
        go_on: GoOn | None = None,
        keep: Keep | None = None,
    ) -> list[Training]:
        """See `reproduce.tasks.trainer.Trainer`; ``keep`` is told of the networks, see `Keep`."""
        trained: dict[int, Training] = {}
        together: dict[tuple[_Compiled | None, bool], list[int]] = {}
        for number, run in enumerate(runs):
            together.setdefault((_compiled_for(run), run.test), []).append(number)
        for numbers in together.values():
            start = time.perf_counter()
            trainings = self._train_members([runs[number] for number in numbers], epochs, go_on, keep)
            seconds = (time.perf_counter() - start) / len(numbers)
            for number, training in zip(numbers, trainings, strict=True):
                precision = ENGINE_TYPES[self._training.precision]
                trained[number] = replace(training, weights=self._start, precision=precision, seconds=seconds)
        return [trained[number] for number in range(len(runs))]

    def _train_members(
        self, runs: Sequence[Run], epochs: int | None, go_on: GoOn | None, keep: Keep | None
    ) -> list[Training]:
        """Runs of one population, all with a test or all without."""
        settings, count = self._training, len(self._train[0])
        settings = settings if epochs is None else replace(settings, epochs=epochs)
        length = run_length(settings, count)
        examples = Examples(
            self._train,
            self._validation,
            settings.batch_size,
            steps_per_epoch(settings, count),
            self._test if runs[0].test else None,
            settings.samples,
            settings.statistics_batches,
        )
        members = [self._member(run, length) for run in runs]
        return train_members(
            self._population_of(runs[0]),
            members,
            examples,
            settings.epochs,
            largest=self._largest,
            go_on=None if go_on is None else lambda _, accuracies: go_on(accuracies),
            keep=keep,
        )

    def _population_of(self, run: Run) -> Population:
        compiled = _compiled_for(run)
        if compiled is None:
            return self._population
        if compiled not in self._transformed:
            from reproduce.tasks.transformations import transformation_of  # Optax takes a while, and few need it.

            name, weight_decay = compiled
            transformation = transformation_of(name, OPTAX[name], weight_decay)
            self._transformed[compiled] = Population(
                self._problem, transformation, gradient_noise=self._training.gradient_noise
            )
        return self._transformed[compiled]

    def _member(self, run: Run, length: RunLength) -> Member:
        phases = rate_phases(run.optimizer, length)
        steps = (phases.total_steps, phases.warmup_steps, phases.hold_steps)
        rate, shape = peak_rate(run.optimizer, run.rate, length), rate_shape(run.optimizer)
        if is_transformation(run.optimizer):
            return Member(None, rate, *steps, run.seed, schedule_factor(run.optimizer), shape=shape)
        spec = spec_of(run.optimizer)
        if spec is None:
            raise ValueError(f"{run.optimizer} is neither a spec nor of Optax; the engine cannot run it")
        if run.weight_decay is not None:
            spec = spec.with_weight_decay(run.weight_decay)
        return Member(spec, rate, *steps, run.seed, nesterov=self._nesterov, shape=shape)


def _compiled_for(run: Run) -> _Compiled | None:
    """The optimizer and weight decay that a population is compiled for; None for the one of all specs."""
    return (run.optimizer.base, run.weight_decay) if is_transformation(run.optimizer) else None
