"""Tables as CSV, Markdown, LaTeX, HTML and on screen: pure functions, the same bytes for the same table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from rich.table import Table as Screen
from rich.text import Text

from reproduce.files import csv_text, write_text
from reproduce.report.html import to_html
from reproduce.report.latex import to_latex
from reproduce.report.table import Cell, Table
from reproduce.screen import screen_table


def to_csv(table: Table) -> str:
    """Comma-separated values with a header line; numbers unrounded, nothing where nothing was run."""
    kept = [number for number, column in enumerate(table.columns) if column.name]
    first = [table.section_name] if table.section_name else []
    rows = (
        [*([section.title] if first else []), *(line[number].plain for number in kept)]
        for section in table.sections
        for line in section.lines
    )
    return csv_text([*first, *(table.columns[number].name for number in kept)], rows)


def to_markdown(table: Table) -> str:
    """A Markdown table under its caption; formulas as text."""
    columns = table.shown_columns()
    lines = [
        _markdown_line([column.title for column in columns]),
        "|" + "|".join("---:" if column.numeric else "---" for column in columns) + "|",
    ]
    for title, section in table.shown_sections():
        if title:
            lines.append(_markdown_line([f"**{_markdown(title)}**", *[""] * (len(columns) - 1)]))
        lines += [_markdown_line([_markdown_cell(cell) for cell in line]) for line in section]
    return f"{_markdown(table.caption)}\n\n" + "\n".join(lines) + "\n"


def on_screen(table: Table) -> Screen:
    """A table for the terminal; see `reproduce.screen.show_table`."""
    columns, sections = table.shown_columns(), table.shown_sections()
    screen = screen_table([column.title for column in columns], [column.numeric for column in columns])
    for number, (title, section) in enumerate(sections):
        if title and number:
            screen.add_section()
        if title:
            screen.add_row(Text(title, style="bold"), *[""] * (len(columns) - 1))
        for line in section:
            texts = [Text(cell.marked_text, style="bold" if cell.mark == "best" else "") for cell in line]
            screen.add_row(*texts, style=_VERDICTS.get(line[-1].text))
    return screen


def write_table(table: Table, folder: Path) -> list[Path]:
    """Write a table in its four forms; returns their paths.

    Raises:
        ReproduceError: If a file cannot be written.
    """
    paths = []
    for suffix, form in FORMS.items():
        paths.append(folder / f"{table.name}{suffix}")
        write_text(paths[-1], form(table))
    return paths


#: Forms of a table, by the suffix of their files.
FORMS: dict[str, Callable[[Table], str]] = {".csv": to_csv, ".md": to_markdown, ".tex": to_latex, ".html": to_html}


def _markdown(text: str) -> str:
    for character in "\\`*_|<>[]":
        text = text.replace(character, f"\\{character}")
    return text


def _markdown_cell(cell: Cell) -> str:
    if cell.latex is not None:
        # A code span keeps every sign of a formula but the bar that would end the cell.
        return f"`{cell.text}`".replace("|", "\\|")
    text = _markdown(cell.marked_text)
    return f"**{text}**" if cell.mark == "best" else text


def _markdown_line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


_VERDICTS = {"SUPPORTED": "green", "CONTRADICTED": "red"}
