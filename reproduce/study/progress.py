"""Live progress of a study."""

from __future__ import annotations

import time
from collections.abc import Sequence

from rich.console import Console

from reproduce.counts import number_of
from reproduce.progress import ProgressLine, minutes_and_seconds
from reproduce.study.rows import Job, Row


class StudyProgress(ProgressLine):
    """Runs done and to come, what is running, the best so far, and the time left.

    Args:
        console: Where it is shown.
    """

    def __init__(self, console: Console) -> None:
        super().__init__(console, "runs")
        self._found = self._done = 0
        self._num_workers = 1
        self._best: Row | None = None

    def start(self, found: int, left: int, num_workers: int) -> None:
        """Say what is to be done: rows found in the ledger, runs left, workers."""
        self._found, self._num_workers = found, num_workers
        workers = number_of(num_workers, "worker")
        if not left:
            self._console.print(f"{number_of(found, 'run')} in the ledger, and none to go.")
        elif found:
            self._console.print(f"Found {number_of(found, 'run')} in the ledger, about {left} to go on {workers}.")
        else:
            self._console.print(f"About {number_of(left, 'run')} to go on {workers}.")

    def advance(self, row: Row, left: int, running: Sequence[Job]) -> None:
        """A run has ended; ``left`` are still to come."""
        self._done += 1
        self._first = self._first or time.monotonic()
        accuracy = row.validation_accuracy
        if accuracy is not None and (self._best is None or accuracy > (self._best.validation_accuracy or 0)):
            self._best = row
        names = list(dict.fromkeys(job.optimizer for job in running)) or [row.optimizer]
        parts = [" + ".join(names), self._best_so_far(), self._time_left(left)]
        done = self._found + self._done
        self.show(done, done + left, parts, now=not left)

    def _best_so_far(self) -> str:
        if self._best is None or self._best.validation_accuracy is None:
            return ""
        return f"best {100 * self._best.validation_accuracy:.1f} % ({self._best.optimizer})"

    def _time_left(self, left: int) -> str:
        """Estimate the time left by the pace since the first run ended: before it, libraries were loaded."""
        if self._first is None or self._done <= self._num_workers or not left:
            return ""
        minutes = (time.monotonic() - self._first) / 60 / (self._done - 1) * left
        return f"{minutes_and_seconds(minutes)} left"
