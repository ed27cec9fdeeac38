"""Scoring: candidates trained on a task under a screening of rates, wherever an executor runs them.

A candidate's outcome depends on its spec, its seed, the task and the rule, and on nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, NamedTuple, Protocol, TypeAlias

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

if TYPE_CHECKING:
    from reproduce.tasks.engine import EngineTrainer

#: Scores a batch of candidates.
Score: TypeAlias = Callable[[Sequence[Candidate]], Sequence[Outcome]]


class ScoringWork(Work[Candidate, Outcome], Protocol):
    """Work whose jobs are candidates, and what ledgers keep of it."""

    @property
    def trainer(self) -> TrainerName:
        """The trainer of candidates."""

    @property
    def screening_epochs(self) -> int:
        """Epochs of a training that chooses a rate."""

    def facts(self) -> DataFacts:
        """Return the facts about the data that candidates are trained on; errors as of `make`."""


class DataFacts(NamedTuple):
    """The facts about the data that candidates are trained on.

    Attributes:
        name: For readers.
        checksum: Changes with the data.
    """

    name: str
    checksum: str


class ScoredAlike:
    """Base of scorings, which score all candidates alike."""

    def group(self, candidate: Candidate) -> str:
        """All candidates share what is compiled."""
        del candidate
        return ""

    def task_of(self, candidate: Candidate) -> str:
        """All candidates are scored on the same."""
        del candidate
        return ""


class _UnderOneRule(ScoredAlike):
    """Base of the scorings under one rule."""

    rule: RateScreening
    batch: int

    @property
    def screening_epochs(self) -> int:
        """Epochs of the rule."""
        return self.rule.screening_epochs

    def largest_batch(self, candidate: Candidate) -> int:
        """The number that was given."""
        del candidate
        return self.batch


@dataclass(frozen=True)
class Scoring(_UnderOneRule):
    """Candidates scored on a task of a protocol; a `ScoringWork`.

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

    def facts(self) -> DataFacts:
        """Name and checksum of the data set."""
        return _facts(self.task.data, self.data_dir)

    def make(self) -> Score:
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


@dataclass(frozen=True)
class OwnScoring(_UnderOneRule):
    """Candidates scored on a task of one's own, given as a trainer; a `ScoringWork`.

    Attributes:
        name: The task's name, for readers.
        version: Stands for everything that a score depends on beside candidate and rule; change it with the task, or
            ledgers go on as if nothing had changed.
        make_trainer: Makes what trains, in each process that scores: a function of a module, so that processes find it.
        rule: How rates are chosen.
        batch: Candidates trained together. It changes no outcome.
    """

    name: str
    version: str
    make_trainer: Callable[[], EngineTrainer]
    rule: RateScreening
    batch: int = 1
    trainer: ClassVar[TrainerName] = "engine"

    def facts(self) -> DataFacts:
        """Return the facts that were given."""
        return DataFacts(self.name, self.version)

    def make(self) -> Score:
        """Make the trainer."""
        return partial(train_under, self.rule, self.make_trainer())


class Scorer:
    """Scores candidates.

    Args:
        executor: Where.
        work: On what, and how.

    Raises:
        DataError: If the data cannot be read.
    """

    def __init__(self, executor: Executor, work: ScoringWork) -> None:
        self._executor = executor
        self.work = work
        self.data_name, self.data = work.facts()
        self._device: str | None = None

    @property
    def screening_epochs(self) -> int:
        """Epochs of a training that chooses a rate."""
        return self.work.screening_epochs

    def score(self, candidates: Sequence[Candidate]) -> Iterator[tuple[int, Outcome]]:
        """``(index, outcome)`` once for each candidate, in any order, each as soon as it is known."""
        return score_all(self._executor, self.work, candidates)

    def device(self) -> str:
        """The device that candidates are trained on, wherever that is."""
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
def _facts(settings: DataSettings, data_dir: Path | None) -> DataFacts:
    dataset = load_dataset(settings, data_dir)
    return DataFacts(dataset.name, dataset.checksum())
