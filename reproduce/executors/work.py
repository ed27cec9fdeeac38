"""Work: what jobs are jobs of, and what becomes of it in each process that runs them."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Hashable, Sequence
from typing import Any, Protocol, TypeVar

from reproduce.errors import ReproduceError, WorkerError, summary

_Job = TypeVar("_Job", contravariant=True)
_Result = TypeVar("_Result", covariant=True)


class Work(Protocol[_Job, _Result]):
    """The work that jobs belong to: a frozen value that can go to other processes. A job's text names it in messages.

    What a job gives depends on the job and its work, and on nothing else: not on which jobs ran with it, nor where.
    """

    def make(self) -> Callable[[Sequence[_Job]], Sequence[_Result]]:
        """The function that runs a batch, with a result for each job; called once in each process that runs jobs."""

    def group(self, job: _Job) -> Hashable:
        """Name what a process must have compiled for ``job``: jobs of one group share it."""

    def task_of(self, job: _Job) -> Hashable:
        """Name what ``job`` belongs to: while jobs of the first that waits are left, none of another is begun."""

    def largest_batch(self, job: _Job) -> int:
        """The most jobs of its group to be run at once."""


class Made:
    """The functions that were made in a process, of the last works alone: each holds data and compiled programs."""

    _MOST = 3

    def __init__(self) -> None:
        self._functions: dict[Any, Callable[[Sequence[Any]], Sequence[Any]]] = {}

    def run(self, work: Work[Any, Any], batch: Sequence[Any]) -> Sequence[Any]:
        """The results of a batch."""
        if work not in self._functions:
            while len(self._functions) >= self._MOST:
                del self._functions[next(iter(self._functions))]
            self._functions[work] = work.make()
        return self._functions[work](batch)

    def answer(self, work: Work[Any, Any], batch: Sequence[Any], log: str = "") -> Sequence[Any] | Exception:
        """The results of a batch, or what it raised: itself where it says enough, else its type and last line.

        Args:
            work: What the jobs are of.
            batch: The jobs.
            log: Says where the traceback can be read.
        """
        try:
            return self.run(work, batch)
        except (ReproduceError, ModuleNotFoundError) as error:
            return error
        except Exception as error:  # noqa: BLE001  # Whatever it is, it is told where someone reads it.
            traceback.print_exc()
            return WorkerError(f"{named(batch)} ended with {summary(error)}{log}")


def named(batch: Sequence[object]) -> str:
    """A batch in words."""
    return f"{batch[0]} and {len(batch) - 1} more" if len(batch) > 1 else str(batch[0])
