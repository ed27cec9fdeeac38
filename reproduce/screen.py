"""What goes on screen: text as it is, and tables as narrow as their cells, so that they fit 80 columns."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table


def say(console: Console, text: str, style: str | None = None) -> None:
    """Print text of any origin: nothing in it is taken for markup or coloured, and no line is broken."""
    console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)


def screen_table(header: Sequence[str], numeric: Sequence[bool], *, tight: bool = False) -> Table:
    """An empty table with these columns, numbers flush right; one blank between columns where ``tight``, else two."""
    table = Table(
        box=box.SIMPLE_HEAD,
        show_edge=False,
        header_style="bold",
        padding=(0, 0 if tight else 1, 0, 0),
        collapse_padding=True,
        pad_edge=False,
    )
    for title, is_number in zip(header, numeric, strict=True):
        table.add_column(title, justify="right" if is_number else "left", no_wrap=True)
    return table
