"""Worker processes: each runs one batch of jobs at a time and keeps to one group of jobs as long as there are any.

A group is jobs that share what a worker has compiled; a batch is jobs of one group. Rows come back to this process,
the ledger's only writer, and so does what workers warn of. A worker that dies has its batch started once more in a new
one. When this process is gone, however it ended, its workers end in the middle of what they run.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import traceback
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Protocol

from reproduce.errors import ReproduceError, WorkerError, summary, warnings_told
from reproduce.libraries import environment, known_environment
from reproduce.lifetime import end_with_parent, leave_signals_to_parent
from reproduce.study.rows import Job, Row

#: What a worker answers where a batch has no rows.
_Raised = ReproduceError | ModuleNotFoundError
#: Runs the jobs of one batch; one row for each, in their order.
Run = Callable[[Sequence[Job]], list[Row]]


class RunMaker(Protocol):
    """Makes, inside a worker, the function that runs jobs; must survive the way to another process."""

    def __call__(self) -> Run:
        """Called once in each worker."""

    def group(self, job: Job) -> Hashable:
        """What a worker must have compiled for ``job``."""

    def largest_batch(self, job: Job) -> int:
        """The most jobs of its group to be run at once."""


@dataclass(frozen=True)
class _Warning:
    """What a worker says before its batch is done."""

    text: str


@dataclass
class _Worker:
    process: BaseProcess
    connection: Connection
    group: Hashable = None
    batch: tuple[Job, ...] = ()


class WorkerPool:
    """A fixed number of workers; use it in a ``with`` statement, which ends them however it is left.

    Args:
        make_run: See `RunMaker`.
        size: How many workers.
        log: File that what workers say on their standard error is added to.
        notice: Is told, in a sentence, when a worker died, and what workers warn of.
        deterministic: Whether workers compute the same bits each time; see `known_environment`.
    """

    def __init__(
        self,
        make_run: RunMaker,
        size: int,
        log: Path,
        notice: Callable[[str], None],
        *,
        deterministic: bool = False,
    ) -> None:
        self._make_run = make_run
        self._size = size
        self._log = log
        self._notice = notice
        self._deterministic = deterministic
        self._told: set[str] = set()
        self._workers: list[_Worker] = []
        self._died_once: set[Job] = set()

    def __enter__(self) -> WorkerPool:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.process.terminate()
        for worker in self._workers:
            _end(worker)
        self._workers.clear()

    def run(self, jobs: Callable[[], Sequence[Job]]) -> Iterator[Row]:
        """Run whatever ``jobs`` answers until it answers nothing, yielding each row as it comes.

        Args:
            jobs: All jobs that can be run now and are not done, asked for again after each row was yielded.

        Raises:
            WorkerError: If a second worker died over the same batch, or a worker's function raised what it should not.
            ReproduceError: Whatever a worker's function raised of it.
            ModuleNotFoundError: If it needs a package that is not installed.
        """
        while True:
            self._hand_out(list(jobs()))
            busy = [worker for worker in self._workers if worker.batch]
            if not busy:
                return
            ready = wait([worker.connection for worker in busy])
            failure: _Raised | None = None
            for worker in [worker for worker in busy if worker.connection in ready]:
                try:
                    rows = self._receive(worker)
                except (ReproduceError, ModuleNotFoundError) as error:  # What the others have done is taken first.
                    failure = failure or error
                    continue
                yield from rows
            if failure is not None:
                raise failure

    def running(self) -> list[Job]:
        """The jobs being run now."""
        return [job for worker in self._workers for job in worker.batch]

    def _hand_out(self, jobs: Sequence[Job]) -> None:
        running = set(self.running())
        waiting = [job for job in jobs if job not in running]
        busy = sum(bool(worker.batch) for worker in self._workers)
        while len(self._workers) < min(self._size, busy + len(waiting)):
            self._workers.append(_start(self._make_run, self._log, deterministic=self._deterministic))
        for worker in self._workers:
            if not worker.batch and waiting:
                worker.batch = self._pick(worker, waiting)
                worker.group = self._make_run.group(worker.batch[0])
                waiting = [job for job in waiting if job not in worker.batch]
                with suppress(BrokenPipeError):  # A dead worker is noticed where its answer is awaited.
                    worker.connection.send(worker.batch)

    def _pick(self, worker: _Worker, waiting: Sequence[Job]) -> tuple[Job, ...]:
        """Jobs of the group this worker has compiled, else of one that no other worker has, else of any."""
        group = self._make_run.group
        taken = {other.group for other in self._workers if other is not worker}
        own = (job for job in waiting if group(job) == worker.group)
        free = (job for job in waiting if group(job) not in taken)
        first = next(own, None) or next(free, None) or waiting[0]
        same = (job for job in waiting if group(job) == group(first))
        return tuple(islice(same, self._make_run.largest_batch(first)))

    def _receive(self, worker: _Worker) -> list[Row]:
        """The worker's rows, or none if it died or only had something to say."""
        try:
            answer: list[Row] | _Raised | _Warning = worker.connection.recv()
        except (EOFError, ConnectionResetError):
            self._bury(worker)
            return []
        if isinstance(answer, _Warning):
            self._tell(answer.text)
            return []
        worker.batch = ()
        if isinstance(answer, ReproduceError | ModuleNotFoundError):
            raise answer
        return answer

    def _tell(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            self._notice(text)

    def _bury(self, worker: _Worker) -> None:
        _end(worker)
        self._workers.remove(worker)
        code = worker.process.exitcode
        ending = f"signal {-code}" if code is not None and code < 0 else f"exit status {code}"
        what = f"({ending}) while running {_named(worker.batch)}"
        if self._died_once.intersection(worker.batch):
            raise WorkerError(f"a second worker process died {what}: see {self._log}")
        self._died_once.update(worker.batch)
        self._notice(f"a worker process died {what}: running it once more (see {self._log})")


def _start(make_run: RunMaker, log: Path, *, deterministic: bool) -> _Worker:
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_work, args=(there, make_run, str(log), os.getpid()), daemon=True)
    # Each computes on one core; more threads would fight over the same ones.
    with environment(known_environment(threads=1, deterministic=deterministic)), _interrupts_held():
        process.start()
    there.close()
    return _Worker(process, here)


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Interrupts come when this ends; to a process that is begun meanwhile, not before it asks for them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _work(connection: Connection, make_run: RunMaker, log: str, parent: int) -> None:
    """A worker's life: ends when the pipe does, or the process ``parent``."""
    end_with_parent(parent)
    with Path(log).open("ab") as file:
        os.dup2(file.fileno(), 2)  # Libraries in C write there without asking Python.
    leave_signals_to_parent()
    run: Run | None = None
    with (
        suppress(EOFError, BrokenPipeError, ConnectionResetError),
        warnings_told(lambda text: connection.send(_Warning(text))),
    ):
        while True:
            batch: tuple[Job, ...] = connection.recv()
            try:
                run = run or make_run()
                answer: list[Row] | _Raised = run(batch)
            except (ReproduceError, ModuleNotFoundError) as error:
                answer = error
            except Exception as error:  # noqa: BLE001  # Whatever it is, it is told where someone reads it.
                traceback.print_exc()
                answer = WorkerError(f"{_named(batch)} ended with {summary(error)} (its traceback is in {log})")
            connection.send(answer)


def _named(batch: Sequence[Job]) -> str:
    return f"{batch[0]} and {len(batch) - 1} more" if len(batch) > 1 else str(batch[0])


def _end(worker: _Worker) -> None:
    worker.connection.close()
    worker.process.join(timeout=5)
    if worker.process.is_alive():
        worker.process.kill()
        worker.process.join()
