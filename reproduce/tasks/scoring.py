"""Scoring: candidates trained on a task under a screening of rates, wherever an executor runs them.

A candidate's outcome depends on its spec, its seed, the task and the rule, and on nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from reproduce.data import load_dataset
from reproduce.data.settings import DataSettings
from reproduce.executors.executor import Executor
from reproduce.executors.work import Work
from reproduce.libraries import keras_device_name
from reproduce.machine import backend_name, engine_device_name, versions
from reproduce.outcomes import Outcome
from reproduce.tasks.rates import RateScreening
from reproduce.tasks.task import Task
from reproduce.tasks.trainer import Candidate, TrainerName, train_under


@dataclass(frozen=True)
class Scoring:
    """The work whose jobs are candidates; see `reproduce.executors.work.Work`.

    Attributes:
        task: What candidates are trained on.
        rule: How their rates are chosen.
        trainer: What trains.
        data_dir: Where data sets lie that do not come with the project; see `load_dataset`.
        batch: Candidates trained together. It changes no outcome.
        largest: The most networks that the engine trains at once; None for what suits the device. Nor does this.
    """

    task: Task
    rule: RateScreening
    trainer: TrainerName = "engine"
    data_dir: Path | None = None
    batch: int = 1
    largest: int | None = None

    def make(self) -> Callable[[Sequence[Candidate]], list[Outcome]]:
        """Read the data and compile.

        Raises:
            DataError: If the data cannot be read or do not fit the task.
        """
        dataset = load_dataset(self.task.data, self.data_dir)
        if self.trainer == "engine":
            from reproduce.tasks.engine import EngineTrainer

            return partial(train_under, self.rule, EngineTrainer.of(self.task, dataset, self.largest))
        from reproduce.tasks.keras import KerasTrainer

        return partial(train_under, self.rule, KerasTrainer(self.task, dataset))

    def group(self, candidate: Candidate) -> str:
        """All candidates of a task share what is compiled."""
        del candidate
        return ""

    def largest_batch(self, candidate: Candidate) -> int:
        """Return the number of networks trained at once, as it was given."""
        del candidate
        return self.batch


class Scorer:
    """Scores candidates.

    Args:
        executor: Where.
        work: On what, and how.

    Raises:
        DataError: If the data cannot be read.
    """

    def __init__(self, executor: Executor, work: Scoring) -> None:
        self._executor = executor
        self.work = work
        self.data_name, self.data = _facts(work.task.data, work.data_dir)
        self._device: str | None = None

    @property
    def screening_epochs(self) -> int:
        """Epochs of a training that chooses a rate."""
        return self.work.rule.screening_epochs

    def score(self, candidates: Sequence[Candidate]) -> Iterator[tuple[int, Outcome]]:
        """``(index, outcome)`` once for each candidate, in any order, each as soon as it is known."""
        return score_all(self._executor, self.work, candidates)

    def device(self) -> str:
        """What candidates are trained on, wherever that is."""
        if self._device is None:
            name = engine_device_name if self.work.trainer == "engine" else keras_device_name
            self._device = self._executor.ask(name)
        return self._device

    def versions(self) -> Mapping[str, str]:
        """Name the versions of the packages that compute."""
        return versions("jax" if self.work.trainer == "engine" else backend_name())


def score_all(
    executor: Executor, work: Work[Candidate, Outcome], candidates: Sequence[Candidate]
) -> Iterator[tuple[int, Outcome]]:
    """``(index, outcome)`` once for each candidate, in any order, each as soon as it is known; equal ones run once."""
    places: dict[Candidate, list[int]] = {}
    for index, candidate in enumerate(candidates):
        places.setdefault(candidate, []).append(index)
    left = dict.fromkeys(places)
    for candidate, outcome in executor.run(work, lambda: list(left)):
        del left[candidate]
        for index in places[candidate]:
            yield index, outcome


def in_order(arriving: Iterator[tuple[int, Outcome]]) -> Iterator[Outcome]:
    """Outcomes in the order of their candidates, each as soon as it and those before it have come."""
    arrived: dict[int, Outcome] = {}
    place = 0
    for index, outcome in arriving:
        arrived[index] = outcome
        while place in arrived:
            yield arrived.pop(place)
            place += 1


@cache
def _facts(settings: DataSettings, data_dir: Path | None) -> tuple[str, str]:
    """Name and checksum of a data set."""
    dataset = load_dataset(settings, data_dir)
    return dataset.name, dataset.checksum()
