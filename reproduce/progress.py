"""One line of progress that is kept up to date: a bar with text on a terminal, else a new line now and then."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from rich.console import Console

from reproduce.screen import note, progress_bar, say

#: Seconds between plain lines.
PLAIN_INTERVAL = 10.0


class ProgressLine:
    """A line on the console from the beginning of a ``with`` statement to its end.

    Args:
        console: Where it is shown; its kind of output decides the form.
        unit: What is counted.
    """

    def __init__(self, console: Console, unit: str) -> None:
        self._console = console
        self._unit = unit
        self._begun = self._printed = time.monotonic()
        self._first: float | None = None
        self._bar = progress_bar(console, "[bold]{task.completed}[/] of {task.fields[most]}" + f" {unit}")
        self._task = self._bar.add_task("", total=None, most="", text="starting")

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._console.is_terminal:
            self._bar.stop()

    def notify(self, text: str) -> None:
        """Say something that the user should know; nothing stops."""
        note(self._console, text)

    def show(self, done: int, total: int, parts: list[str], *, now: bool = False) -> None:
        """Bring the line up to date; ``now`` prints a plain one whatever the time."""
        text = ", ".join(filter(None, parts))
        if self._console.is_terminal:
            self._bar.update(self._task, completed=done, total=max(total, 1), most=f"{total:,}", text=text)
        elif now or time.monotonic() - self._printed >= PLAIN_INTERVAL:
            self._printed = time.monotonic()
            say(self._console, f"{done:,} of {total:,} {self._unit}, {text}")


def minutes_and_seconds(minutes: float) -> str:
    """A length of time in words."""
    seconds = int(60 * minutes)
    if seconds >= 3600:
        return f"{seconds // 3600} h {seconds % 3600 // 60:02d} min"
    return f"{seconds // 60} min {seconds % 60:02d} s"
