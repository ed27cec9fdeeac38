"""Training many runs of one task side by side in the population engine."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp

from reproduce.data import Dataset, Part
from reproduce.outcomes import Training
from reproduce.population.assembly import Member
from reproduce.population.engine import Population
from reproduce.population.waves import Examples, train_members
from reproduce.study.engine_networks import engine_problem
from reproduce.study.optimizers import Entrant, entrant_spec
from reproduce.study.protocol import TaskSettings
from reproduce.study.rows import Job
from reproduce.study.runners import ENGINE_TYPES
from reproduce.training.settings import run_length, steps_per_epoch


class EngineTrainer:
    """Trains any catalog optimizers on one task, compiled once.

    One seed gives every optimizer the same initial weights and batches, those that Keras would start from too.

    Args:
        task: The settings; `reproduce.study.runners` says which the engine has.
        dataset: Its data.
    """

    def __init__(self, task: TaskSettings, dataset: Dataset) -> None:
        self._settings = task.training
        self._length = run_length(task.training, len(dataset.train))
        self._steps = steps_per_epoch(task.training, len(dataset.train))
        self._dataset = dataset
        self._train = tuple(jnp.asarray(array) for array in (dataset.train.inputs, dataset.train.labels))
        self._population = Population(engine_problem(task, dataset), gradient_noise=task.training.gradient_noise)

    def run(self, jobs: Sequence[tuple[Entrant, Job]]) -> list[Training]:
        """Train once for each job; what becomes of one does not depend on the others.

        Test accuracy is measured in phase "final" alone. Seconds are each job's share of the whole.
        """
        results: dict[Job, Training] = {}
        for phase in ("tune", "final"):
            chosen = [(entrant, job) for entrant, job in jobs if job.phase == phase]
            if chosen:
                start = time.perf_counter()
                trainings = self._trainings(chosen, test=phase == "final")
                seconds = (time.perf_counter() - start) / len(chosen)
                precision = ENGINE_TYPES[self._settings.precision]
                for (_, job), training in zip(chosen, trainings, strict=True):
                    results[job] = replace(training, precision=precision, seconds=seconds)
        return [results[job] for _, job in jobs]

    def _trainings(self, jobs: Sequence[tuple[Entrant, Job]], *, test: bool) -> list[Training]:
        members = [self._member(entrant, job) for entrant, job in jobs]
        examples = Examples(
            train=self._train,
            validation=_arrays(self._dataset.validation),
            batch_size=self._settings.batch_size,
            steps_per_epoch=self._steps,
            test=_arrays(self._dataset.test) if test else None,
        )
        # One after another on a CPU: members gain nothing from company there, and every number of them would compile.
        largest = 1 if jax.default_backend() == "cpu" else len(members)
        return train_members(self._population, members, examples, self._settings.epochs, largest=largest)

    def _member(self, entrant: Entrant, job: Job) -> Member:
        spec, length = entrant_spec(entrant), self._length
        if spec is None:
            raise ValueError(f"{entrant.name} is no spec; the engine cannot run it")
        return Member(spec, job.rate, length.total_steps, length.warmup_steps, length.hold_steps, job.seed)


def _arrays(part: Part) -> tuple[Any, Any]:
    return part.inputs, part.labels
