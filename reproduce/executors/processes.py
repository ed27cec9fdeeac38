"""Worker processes on this machine. When this process is gone, however it ended, its workers end too, at once."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path

from reproduce.errors import notify_of_warnings
from reproduce.executors.executor import Done, Event, Lost, Said, Worker
from reproduce.executors.work import Made
from reproduce.libraries import environment, known_environment
from reproduce.lifetime import end_with_parent, leave_signals_to_parent
from reproduce.machine import has_nvidia_gpu


@dataclass(eq=False)
class ProcessWorker(Worker):
    """A worker process."""

    process: BaseProcess = field(kw_only=True)
    connection: Connection = field(kw_only=True)

    def begin(self) -> None:
        """See `Worker`."""
        with suppress(BrokenPipeError):  # A dead worker is noticed where its answer is awaited.
            self.connection.send((self.work, self.batch))

    def end(self) -> None:
        """End the process, with force if it takes long."""
        self.connection.close()
        self.process.join(timeout=5)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()


class ProcessWorkers:
    """Begins worker processes; see `reproduce.executors.executor.Workers`.

    Args:
        size: How many there are to be at the most.
        log: File that what workers say on their standard error is added to.
        deterministic: Whether workers compute the same bits each time; see `known_environment`.
    """

    def __init__(self, size: int, log: Path, *, deterministic: bool = False) -> None:
        self.size = size
        self.has_gpus = has_nvidia_gpu()
        self.log = str(log)
        self._deterministic = deterministic

    def start(self) -> ProcessWorker:
        """See `Workers`."""
        Path(self.log).parent.mkdir(parents=True, exist_ok=True)
        context = multiprocessing.get_context("spawn")
        here, there = context.Pipe()
        process = context.Process(target=_work, args=(there, self.log, os.getpid()), daemon=True)
        # Each computes on one core; more threads would fight over the same ones.
        with environment(known_environment(threads=1, deterministic=self._deterministic)), _interrupts_held():
            process.start()
        there.close()
        return ProcessWorker(process=process, connection=here)

    def wait(self, workers: Sequence[ProcessWorker]) -> list[tuple[ProcessWorker, Event]]:
        """See `Workers`."""
        ready = wait([worker.connection for worker in workers])
        return [(worker, _heard(worker)) for worker in workers if worker.connection in ready]

    def close(self, workers: Sequence[ProcessWorker]) -> None:
        """See `Workers`."""
        for worker in workers:
            worker.process.terminate()
        for worker in workers:
            worker.end()


def _heard(worker: ProcessWorker) -> Event:
    try:
        event: Event = worker.connection.recv()
    except (EOFError, ConnectionResetError):
        worker.end()
        code = worker.process.exitcode
        return Lost(f"signal {-code}" if code is not None and code < 0 else f"exit status {code}")
    return event


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Interrupts come when this ends; to a process that is begun meanwhile, not before it asks for them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _work(connection: Connection, log: str, parent: int) -> None:
    """A worker's life: ends when the pipe does, or the process ``parent``."""
    end_with_parent(parent)
    with Path(log).open("ab") as file:
        os.dup2(file.fileno(), 2)  # Libraries in C write there without asking Python.
    leave_signals_to_parent()
    made = Made()
    with (
        suppress(EOFError, BrokenPipeError, ConnectionResetError),
        notify_of_warnings(lambda text: connection.send(Said(text))),
    ):
        while True:
            work, batch = connection.recv()
            connection.send(Done(made.answer(work, batch, f" (its traceback is in {log})")))
