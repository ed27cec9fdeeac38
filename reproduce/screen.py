"""What goes on screen: text as it is, and tables and bars that are readable whatever the width of the terminal."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator, Sequence

from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Column, Table

from reproduce.errors import printable

#: Columns of a terminal, below which a bar has no room beside its text.
_ROOM_FOR_A_BAR = 60


def replace_unprintable() -> None:
    """Have what the encoding of this process' output lacks printed as "?", where Python would raise an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def say(console: Console, text: str, style: str | None = None) -> None:
    """Print text of any origin: nothing in it is taken for markup or coloured, and no line is broken."""
    console.print(printable(text), style=style, markup=False, highlight=False, soft_wrap=True)


def note(console: Console, text: str) -> None:
    """Say what the user should know while nothing stops."""
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
        table.add_column(title, justify="right" if is_number else "left", no_wrap=True)
    return table


def show_table(console: Console, table: Table) -> None:
    """Print a table of `screen_table`, closer where it is too wide, and else in parts that all begin with its names.

    No number is ever cut; only text that is wider than the terminal leaves it is broken.
    """
    widths, room = [_width(column, console) for column in table.columns], console.width
    if sum(widths) + 2 * (len(widths) - 1) > room:
        table.padding = (0, 0, 0, 0)
    if sum(widths) + len(widths) - 1 <= room:
        console.print(table)
        return
    groups = _groups([str(column.header) for column in table.columns])
    wanted = [sum(widths[number] + 1 for number in group) for group in groups]
    first = max(1, min(widths[0], max(room // 2, room - sum(wanted)), room - max(wanted, default=0)))
    for number, columns in enumerate(_parts(groups, wanted, room - first)):
        part = _part(table, columns, room - first - 1, widths)
        part.columns[0].max_width, part.columns[0].no_wrap = first, first == widths[0]
        if number == 0:
            part.title, part.title_justify = table.title, table.title_justify
        else:
            console.print()
        console.print(part)


def _width(column: Column, console: Console) -> int:
    return max(console.measure(each).maximum for each in (column.header, *column.cells))


def _parts(groups: Sequence[list[int]], wanted: Sequence[int], room: int) -> Iterator[list[int]]:
    """The columns of each part, the first one in all: as many groups as there is room for, and at least one."""
    part, left = [0], room
    for group, width in zip(groups, wanted, strict=True):
        if len(part) > 1 and width > left:
            yield part
            part, left = [0], room
        part += group
        left -= width
    yield part


def _groups(titles: Sequence[str]) -> list[list[int]]:
    """The columns after the first; a title that several of them have says nothing without the column before it."""
    groups: list[list[int]] = []
    for number, title in enumerate(titles[1:], start=1):
        if groups and titles.count(title) > 1:
            groups[-1].append(number)
        else:
            groups.append([number])
    return groups


def _part(table: Table, columns: Sequence[int], room: int, widths: Sequence[int]) -> Table:
    """A table of these columns alone; text that there is no room for beside the first may be broken."""
    kept = [table.columns[number] for number in columns]
    part = screen_table([str(column.header) for column in kept], [column.justify == "right" for column in kept])
    part.padding = table.padding
    for column, number in zip(part.columns, columns, strict=True):
        column.no_wrap, column.overflow = widths[number] <= room, "fold"
    for row, cells in zip(table.rows, zip(*(column.cells for column in kept), strict=True), strict=True):
        part.add_row(*cells, style=row.style, end_section=row.end_section)
    return part
