"""Live progress of an experiment: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Sequence
from types import TracebackType

from rich.console import Console

from reproduce.counts import number_of
from reproduce.screen import note, progress_bar, say
from reproduce.study.rows import Job, Row

#: Seconds between plain lines.
_PLAIN_INTERVAL = 10.0


class Progress:
    """Runs done and to come, what is running, the best so far, and the time left; use it in a ``with`` statement.

    Args:
        console: Where it is shown; its kind of output decides the form.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._found = self._done = self._left = 0
        self._num_workers = 1
        self._printed = time.monotonic()
        self._first_end: float | None = None
        self._best: Row | None = None
        self._running: Sequence[Job] = ()
        self._bar = progress_bar(console, "[bold]{task.completed}[/] of {task.total} runs")
        self._task = self._bar.add_task("runs", total=None, text="starting")

    def start(self, found: int, left: int, num_workers: int) -> None:
        """Say what is to be done: rows found in the ledger, runs left, workers."""
        self._found, self._left, self._num_workers = found, left, num_workers
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
        self._left = left
        self._first_end = self._first_end or time.monotonic()
        self._running = running
        better = self._best is None or (row.validation_accuracy or 0) > (self._best.validation_accuracy or 0)
        if row.diverged_at is None and better:
            self._best = row
        if self._console.is_terminal:
            self._update()
        elif time.monotonic() - self._printed >= _PLAIN_INTERVAL or not left:
            self._printed = time.monotonic()
            say(self._console, f"{self._count()}, {self._text(row)}")

    def notice(self, text: str) -> None:
        """Something the user should know; nothing stops."""
        note(self._console, text)

    def __enter__(self) -> Progress:
        if self._console.is_terminal and self._left:
            self._update()
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def _update(self) -> None:
        self._bar.update(
            self._task,
            completed=self._found + self._done,
            total=self._found + self._done + self._left,
            text=self._text(None) or "starting",
        )

    def _count(self) -> str:
        return f"{self._found + self._done} of {self._found + self._done + self._left} runs"

    def _text(self, last: Row | None) -> str:
        return ", ".join(filter(None, [self._current(last), self._best_so_far(), self._time_left()]))

    def _current(self, last: Row | None) -> str:
        names = list(dict.fromkeys(job.optimizer for job in self._running)) or ([last.optimizer] if last else [])
        return " + ".join(names)

    def _best_so_far(self) -> str:
        if self._best is None or self._best.validation_accuracy is None:
            return ""
        return f"best {100 * self._best.validation_accuracy:.1f} % ({self._best.optimizer})"

    def _time_left(self) -> str:
        """By the pace since the first run ended: before it, libraries were loaded."""
        if self._first_end is None or self._done <= self._num_workers or not self._left:
            return ""
        seconds = (time.monotonic() - self._first_end) / (self._done - 1) * self._left
        return f"{int(seconds // 60)} min {int(seconds % 60):02d} s left"
