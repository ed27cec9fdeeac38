"""Output on screen: text as it is, and tables and bars that go with the width of the terminal."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from weakref import WeakKeyDictionary

from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Column, Table

from reproduce.errors import printable

#: Columns of a terminal, below which a bar has no room beside its text.
_ROOM_FOR_A_BAR = 60
#: Letters of a word, or of a name, that is not broken; no number has more.
_LONGEST_WORD = 20
_NOTED: WeakKeyDictionary[Console, set[str]] = WeakKeyDictionary()


def replace_unprintable() -> None:
    """Have what the encoding of this process' output lacks printed as "?", where Python would raise an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def say(console: Console, text: str, style: str | None = None) -> None:
    """Print text of any origin: nothing in it is taken for markup or coloured, and no line is broken."""
    console.print(printable(text), style=style, markup=False, highlight=False, soft_wrap=True)


def note(console: Console, text: str) -> None:
    """Say what the user should know while nothing stops: once on a console, whoever finds it."""
    noted = _NOTED.setdefault(console, set())
    if text not in noted:
        noted.add(text)
        say(console, f"Note: {text}", "yellow")


def progress_bar(console: Console, count: str) -> Progress:
    """A bar that goes away at its end, after it what a task's field "text" says, on as many lines as it takes.

    Args:
        console: The terminal.
        count: Rich's format of the count, before the bar, with its markup; nothing in the text is taken for markup.
    """
    return Progress(
        TextColumn(count),
        *([BarColumn(bar_width=8)] if console.width >= _ROOM_FOR_A_BAR else []),
        TextColumn("{task.fields[text]}", markup=False, table_column=Column(no_wrap=False)),
        console=console,
        transient=True,
    )


def screen_table(header: Sequence[str], numeric: Sequence[bool]) -> Table:
    """An empty table with these columns, as narrow as its cells, numbers flush right; for `show_table`."""
    table = Table(
        box=box.SIMPLE_HEAD,
        show_edge=False,
        header_style="bold",
        padding=(0, 1, 0, 0),
        collapse_padding=True,
        pad_edge=False,
    )
    for title, is_number in zip(header, numeric, strict=True):
        table.add_column(title, justify="right" if is_number else "left", overflow="fold")
    return table


def show_table(console: Console, table: Table) -> None:
    """Print a table of `screen_table`: where it is too wide, columns come closer, then text is broken, never a number.

    Where even its numbers take more than the terminal's width, lines are longer than that.
    """
    wide = console.options.update_width(1000)
    if console.measure(table, options=wide).maximum > console.width:
        table.padding = (0, 0, 0, 0)
    for number, column in enumerate(table.columns):
        found = [console.measure(cell, options=wide) for cell in (column.header, *column.cells)]
        # Of names, which the first column has, the whole; of all else the longest word.
        longest = max(each.minimum if number else each.maximum for each in found)
        column.min_width = min(longest, _LONGEST_WORD)
    least = sum((column.min_width or 0) + 1 for column in table.columns)
    table.width = least if least > console.width else None
    console.print(table, crop=False)
