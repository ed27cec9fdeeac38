"""Everything that is written from rows, and the main table on screen."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table as Screen

from reproduce.files import write_text
from reproduce.report.figures.schedules import schedule_pictures
from reproduce.report.results import frame
from reproduce.report.style import write_pictures
from reproduce.report.tables import Table, main_table, to_csv, to_latex, to_markdown
from reproduce.screen import screen_table
from reproduce.study.optimizers import Entrant
from reproduce.study.protocol import Protocol
from reproduce.study.rows import Row

_STYLES = {"better": "green", "worse": "red"}


def write_results(
    protocol: Protocol, entrants: Sequence[Entrant], rows: Sequence[Row], folder: Path, console: Console
) -> None:
    """Write tables and figures into ``folder`` and show the main table with the paths of what was written."""
    table = main_table(protocol, entrants, rows)
    written = write_table(table, folder / "tables")
    runs = folder / "tables" / "runs.csv"
    write_text(runs, frame(rows).to_csv(index=False, lineterminator="\n"))
    training = protocol.tasks[0].training
    pictures = schedule_pictures(training.warmup_fraction, training.hold_fraction)
    written += [runs, *write_pictures(pictures, folder / "figures")]
    console.print(on_screen(table))
    console.print(table.caption, style="dim", highlight=False, markup=False)
    console.print("\nWritten:")
    for path in written:
        console.print(f"  {path}", highlight=False, markup=False, soft_wrap=True)


def write_table(table: Table, folder: Path) -> list[Path]:
    """Write a table's three forms; returns their paths."""
    forms = {".csv": to_csv, ".md": to_markdown, ".tex": to_latex}
    for suffix, form in forms.items():
        write_text(folder / f"{table.name}{suffix}", form(table))
    return [folder / f"{table.name}{suffix}" for suffix in forms]


def on_screen(table: Table) -> Screen:
    """A table for the terminal, narrow enough for 80 columns, coloured by its last column."""
    screen = screen_table(table.header, table.numeric)
    for cells in table.cells:
        screen.add_row(*cells, style=_STYLES.get(cells[-1]))
    return screen
