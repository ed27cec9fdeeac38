"""The executor: who gets which jobs, and what becomes of jobs whose worker died, wherever the workers are.

A worker runs one batch at a time and keeps to one group of jobs as long as there are any, since it has compiled for
them. Results come back to this process, and so does what workers warn of. A worker that dies has its batch started once
more, in a new one; jobs that two workers died over are named and given up.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from types import TracebackType
from typing import Any, Protocol, TypeVar

from reproduce.errors import WorkerError
from reproduce.executors.work import Made, Work, named
from reproduce.machine import engine_device

Job = TypeVar("Job")
Result = TypeVar("Result")
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Said:
    """A worker warned of something."""

    text: str


@dataclass(frozen=True)
class Done:
    """A worker has run its batch: the results, or what it raised."""

    answer: Sequence[Any] | Exception


@dataclass(frozen=True)
class Lost:
    """A worker died: how, in words."""

    how: str


Event = Said | Done | Lost


@dataclass(eq=False)
class Worker(ABC):
    """One worker and what it is at.

    Attributes:
        is_up: Whether it can take a batch.
        group: What it has compiled for.
        run: The run that its batch is of; see `Executor.run`.
        work: What its batch is of.
        batch: The jobs that it runs now.
    """

    is_up: bool = True
    group: Hashable = None
    run: object = None
    work: Any = None
    batch: tuple[Any, ...] = ()

    @abstractmethod
    def begin(self) -> None:
        """Begin with the batch."""


class Workers(Protocol):
    """Where workers come from.

    Attributes:
        size: How many there are to be at the most.
        log: Where more is to be read of one that died.
    """

    size: int
    log: str

    @property
    def has_gpus(self) -> bool:
        """Whether workers have GPUs."""

    def start(self) -> Worker:
        """Begin a worker."""

    def wait(self, workers: Sequence[Any]) -> list[tuple[Any, Event]]:
        """Return the messages of ``workers``; waits until one says something or comes up.

        Raises:
            WorkerError: If none comes up.
        """

    def close(self, workers: Sequence[Any]) -> None:
        """End ``workers``, and whatever else was begun for them."""


class Executor:
    """Runs jobs; use it in a ``with`` statement, which ends its workers however it is left.

    Args:
        source: Where its workers come from; None runs jobs in this process, a batch at a time.
        notify: Called with a sentence when a worker died, and once each what workers warn of.

    Attributes:
        source: Where its workers come from.
    """

    def __init__(self, source: Workers | None = None, notify: Callable[[str], None] = print) -> None:
        self.source = source or ThisProcess()
        self._notify = notify
        self._workers: list[Worker] = []
        self._run: object = None
        self._told: set[str] = set()
        self._died_once: list[Any] = []

    def __enter__(self) -> Executor:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.source.close(self._workers)
        self._workers.clear()

    def run(self, work: Work[Job, Result], jobs: Callable[[], Sequence[Job]]) -> Iterator[tuple[Job, Result]]:
        """Run whatever ``jobs`` answers until it answers nothing; each job and its result, as they come.

        One run goes on at a time: batches of another that are out are given up, and run again if that one goes on.

        Args:
            work: What the jobs are of.
            jobs: All jobs that can be run now and have no result, asked for again and again.

        Raises:
            WorkerError: If a second worker died over the same job, or a worker raised what it should not.
            ReproduceError: Whatever the work raised of it.
            ModuleNotFoundError: If it needs a package that is not installed.
        """
        self._run = run = object()
        while self._hand_out(work, jobs()):
            results: list[tuple[Job, Result]] = []
            failure: Exception | None = None
            for worker, event in self.source.wait(self._workers):
                batch, is_own = worker.batch, worker.run is run
                answer = self._heard(worker, event)
                if isinstance(answer, Exception):
                    failure = failure or (answer if is_own else None)
                elif is_own and answer is not None:
                    results += zip(batch, answer, strict=True)
            yield from results
            if failure is not None:  # What others have done was taken first.
                raise failure
            self._run = run  # Whatever was run between.

    def running(self) -> list[Any]:
        """The jobs being run now."""
        return [job for worker in self._workers if worker.run is self._run for job in worker.batch]

    def ask(self, function: Callable[[], Answer]) -> Answer:
        """Return what a function of a module answers where jobs are run; errors as of `run`."""
        answers: list[Answer] = []
        for _, answer in self.run(_Call(), lambda: [] if answers else [function]):
            answers.append(answer)
        return answers[0]

    def _hand_out(self, work: Work[Job, Result], jobs: Sequence[Job]) -> bool:
        """Give free workers what waits; whether anything waits or runs."""
        running = self.running()
        waiting = [job for job in jobs if job not in running]
        busy, size = sum(bool(worker.batch) for worker in self._workers), self.source.size
        while len(self._workers) < min(size, busy + len(waiting)):
            self._workers.append(self.source.start())
        share = -(-len(waiting) // size)
        for worker in self._workers:
            if worker.is_up and not worker.batch and waiting:
                first = self._first(work, worker, waiting)
                worker.group, worker.run, worker.work = work.group(first), self._run, work
                same = (job for job in waiting if work.group(job) == worker.group)
                worker.batch = tuple(islice(same, min(work.largest_batch(first), share)))
                waiting = [job for job in waiting if job not in worker.batch]
                worker.begin()
        return bool(waiting or self.running())

    def _first(self, work: Work[Job, Result], worker: Worker, waiting: Sequence[Job]) -> Job:
        """A job of the first task: of the group that this worker has compiled, else of one no other has, else any."""
        task = work.task_of(waiting[0])
        waiting = [job for job in waiting if work.task_of(job) == task]
        taken = {other.group for other in self._workers if other is not worker}
        own = (job for job in waiting if work.group(job) == worker.group)
        free = (job for job in waiting if work.group(job) not in taken)
        return next(own, None) or next(free, None) or waiting[0]

    def _heard(self, worker: Worker, event: Event) -> Sequence[Any] | Exception | None:
        """The results that came, or what is to be raised."""
        if isinstance(event, Said):
            if event.text not in self._told:
                self._told.add(event.text)
                self._notify(event.text)
            return None
        if isinstance(event, Lost):
            self._workers.remove(worker)
            return self._bury(worker, event)
        worker.batch = ()
        return event.answer

    def _bury(self, worker: Worker, event: Lost) -> WorkerError | None:
        if not worker.batch or worker.run is not self._run:
            return None
        what = f"({event.how}) while running {named(worker.batch)}"
        if any(job in self._died_once for job in worker.batch):
            return WorkerError(f"a second worker died {what}: see {self.source.log}")
        self._died_once += worker.batch
        self._notify(f"a worker died {what}: running it once more (see {self.source.log})")
        return None


@dataclass(frozen=True)
class _Call:
    """The work whose jobs are functions that are called."""

    def make(self) -> Callable[[Sequence[Callable[[], Answer]]], list[Answer]]:
        return lambda functions: [function() for function in functions]

    def group(self, job: object) -> Hashable:
        return job

    def task_of(self, job: object) -> Hashable:
        return job

    def largest_batch(self, job: object) -> int:
        del job
        return 1


class _Self(Worker):
    """This process, which begins with a batch when it is waited for."""

    def begin(self) -> None:
        """See `Worker`."""


class ThisProcess:
    """Runs jobs here; see `Workers`."""

    size = 1
    log = "above"

    def __init__(self) -> None:
        self._made = Made()

    @property
    def has_gpus(self) -> bool:
        """See `Workers`; starts JAX."""
        return bool(engine_device().platform != "cpu")

    def start(self) -> Worker:
        """See `Workers`."""
        return _Self()

    def wait(self, workers: Sequence[Worker]) -> list[tuple[Worker, Event]]:
        """See `Workers`."""
        (worker,) = workers
        try:
            return [(worker, Done(self._made.run(worker.work, worker.batch)))]
        except Exception as error:  # noqa: BLE001  # Raised again as it is.
            return [(worker, Done(error))]

    def close(self, workers: Sequence[Worker]) -> None:
        """Let go of data and compiled programs."""
        del workers
        self._made = Made()
