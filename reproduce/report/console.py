"""What the screen shows of what is written: a table with its caption, and the paths of the files worth opening."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from reproduce.report.forms import on_screen
from reproduce.report.table import Table
from reproduce.screen import say, show_table


def show(table: Table, console: Console) -> None:
    """A table with its caption."""
    show_table(console, on_screen(table))
    console.print(table.caption, style="dim", highlight=False, markup=False)


def list_written(paths: Sequence[Path], console: Console) -> None:
    """How many files were written, and where the tables and figures of them are."""
    console.print(f"{len(paths)} files written, among them:")
    for path in paths:
        if path.suffix in (".csv", ".svg"):
            say(console, f"  {path}")
