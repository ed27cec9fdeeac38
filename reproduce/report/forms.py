"""Tables as CSV, Markdown, LaTeX, HTML and on screen: pure functions, the same bytes for the same table."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.table import Table as Screen
from rich.text import Text

from reproduce.files import csv_text, write_text
from reproduce.report.table import Cell, Column, Source, Table
from reproduce.screen import screen_table

#: Follows a number that is not told apart from the best of its column.
TIE = "≈"
#: From LaTeX without dollar signs to HTML.
Mathematics = Callable[[str], str]
#: From the runs behind a number to a link to them, or None.
Link = Callable[[Source], str | None]


def to_csv(table: Table) -> str:
    """Comma-separated values with a header line; numbers unrounded, nothing where nothing was run."""
    kept = [number for number, column in enumerate(table.columns) if column.name]
    first = [table.section_name] if table.section_name else []
    rows = (
        [*([section.title] if first else []), *(_plain(line[number]) for number in kept)]
        for section in table.sections
        for line in section.lines
    )
    return csv_text([*first, *(table.columns[number].name for number in kept)], rows)


def to_markdown(table: Table) -> str:
    """A Markdown table under its caption; formulas as text."""
    columns = _shown(table)
    lines = [
        _markdown_line([column.title for column in columns]),
        "|" + "|".join("---:" if column.numeric else "---" for column in columns) + "|",
    ]
    for title, section in _titled(table):
        if title:
            lines.append(_markdown_line([f"**{_markdown(title)}**", *[""] * (len(columns) - 1)]))
        lines += [_markdown_line([_markdown_cell(cell) for cell in line]) for line in section]
    return f"{_markdown(table.caption)}\n\n" + "\n".join(lines) + "\n"


def to_latex(table: Table) -> str:
    """A LaTeX table that needs the packages booktabs and amsmath."""
    columns = _shown(table)
    lines = [
        r"\begin{table}",
        r"  \centering",
        *([r"  \footnotesize\setlength{\tabcolsep}{3pt}"] if _is_wide(table) else []),
        rf"  \caption{{{latex_text(table.caption)}}}",
        rf"  \label{{tab:{table.name}}}",
        rf"  \begin{{tabular}}{{{_latex_columns(table)}}}",
        r"    \toprule",
        _latex_line([latex_text(column.title) for column in columns]),
        r"    \midrule",
    ]
    for number, (title, section) in enumerate(_titled(table)):
        lines += [r"    \midrule"] if title and number else []
        lines += [rf"    \multicolumn{{{len(columns)}}}{{l}}{{{latex_text(title)}}} \\"] if title else []
        lines += [_latex_line([_latex_cell(cell) for cell in line]) for line in section]
    return "\n".join([*lines, r"    \bottomrule", r"  \end{tabular}", r"\end{table}"]) + "\n"


def to_html(table: Table, mathematics: Mathematics | None = None, link: Link | None = None) -> str:
    """An HTML table with caption, column headings and row headings (its first column).

    Args:
        table: The table.
        mathematics: Sets formulas; without it they stand as text.
        link: Makes numbers links to their runs.
    """
    columns = _shown(table)
    heads = "".join(f'<th scope="col"{_align(column)}>{html.escape(column.title)}</th>' for column in columns)
    lines = [
        f'<table id="table-{html.escape(table.name)}">',
        f"<caption><span>{html.escape(table.caption)}</span></caption>",
        f"<thead><tr>{heads}</tr></thead>",
    ]
    for title, section in _titled(table):
        lines.append("<tbody>")
        if title:
            heading = html.escape(title)
            lines.append(f'<tr class="section"><th colspan="{len(columns)}" scope="rowgroup">{heading}</th></tr>')
        lines += [_html_line(columns, line, mathematics, link) for line in section]
        lines.append("</tbody>")
    return "\n".join([*lines, "</table>"]) + "\n"


def on_screen(table: Table) -> Screen:
    """A table for the terminal; see `reproduce.screen.show_table`."""
    columns, sections = _shown(table), _titled(table)
    screen = screen_table([column.title for column in columns], [column.numeric for column in columns])
    for number, (title, section) in enumerate(sections):
        if title and number:
            screen.add_section()
        if title:
            screen.add_row(Text(title, style="bold"), *[""] * (len(columns) - 1))
        for line in section:
            texts = [Text(_marked(cell), style="bold" if cell.mark == "best" else "") for cell in line]
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


def latex_text(text: str) -> str:
    """``text`` with what LaTeX reads as commands escaped."""
    return "".join(_LATEX.get(character, character) for character in text)


#: Forms of a table, by the suffix of their files.
FORMS: dict[str, Callable[[Table], str]] = {".csv": to_csv, ".md": to_markdown, ".tex": to_latex, ".html": to_html}


def _shown(table: Table) -> list[Column]:
    return [column for column in table.columns if column.title]


def _titled(table: Table) -> list[tuple[str, list[list[Cell]]]]:
    """Each section's heading, empty where there is but one, with the shown cells of its lines."""
    shown = [number for number, column in enumerate(table.columns) if column.title]
    several = len(table.sections) > 1
    return [
        (section.title if several else "", [[line[number] for number in shown] for line in section.lines])
        for section in table.sections
    ]


def _plain(cell: Cell) -> str:
    return "" if cell.value is None else str(cell.value)


def _marked(cell: Cell) -> str:
    return f"{cell.text}{TIE}" if cell.mark == "tie" else cell.text


def _markdown(text: str) -> str:
    for character in "\\`*_|<>[]":
        text = text.replace(character, f"\\{character}")
    return text


def _markdown_cell(cell: Cell) -> str:
    if cell.latex is not None:
        # A code span keeps every sign of a formula but the bar that would end the cell.
        return f"`{cell.text}`".replace("|", "\\|")
    text = _markdown(_marked(cell))
    return f"**{text}**" if cell.mark == "best" else text


def _markdown_line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _latex_columns(table: Table) -> str:
    """Numbers right, text left, and text too long for a line as paragraphs that share what width there is."""
    columns = _shown(table)
    lines = [line for _, section in _titled(table) for line in section]
    long = [any(_is_long(line[number]) for line in lines) for number in range(len(columns))]
    widths = (width for width, is_long in zip(_widths(table), long, strict=True) if not is_long)
    left = max(0.3, 0.95 - sum(max(0.13, width * _CHARACTER / _TEXT_WIDTH) for width in widths))
    paragraph = rf"p{{{left / max(1, sum(long)):.2f}\linewidth}}"
    return "".join(
        paragraph if is_long else "r" if column.numeric else "l" for column, is_long in zip(columns, long, strict=True)
    )


def _is_wide(table: Table) -> bool:
    """Whether the table would not fit a page's text in its usual size and spacing."""
    return sum(_CHARACTER * width + _SPACING for width in _widths(table)) > _TEXT_WIDTH


def _widths(table: Table) -> list[int]:
    """The characters that each column takes."""
    lines = [line for _, section in _titled(table) for line in section]
    return [
        max([len(column.title), *(_length(line[number]) for line in lines)])
        for number, column in enumerate(_shown(table))
    ]


def _length(cell: Cell) -> int:
    """In characters; of what is set as a paragraph, as many as it takes at the least."""
    return min(len(_marked(cell)), _LONG)


def _is_long(cell: Cell) -> bool:
    return cell.latex is None and len(cell.text) > _LONG


def _latex_cell(cell: Cell) -> str:
    if cell.latex is not None:
        return f"${cell.latex}$"
    text = latex_text(_marked(cell))
    return rf"\textbf{{{text}}}" if cell.mark == "best" else text


def _latex_line(cells: Sequence[str]) -> str:
    return "    " + " & ".join(cells) + r" \\"


def _html_line(
    columns: Sequence[Column], line: Sequence[Cell], mathematics: Mathematics | None, link: Link | None
) -> str:
    cells = []
    for number, (column, cell) in enumerate(zip(columns, line, strict=True)):
        tag, scope = ("th", ' scope="row"') if number == 0 else ("td", "")
        sort = f' data-value="{html.escape(_plain(cell))}"' if column.numeric else ""
        cells.append(f"<{tag}{scope}{_align(column)}{sort}>{_html_cell(cell, mathematics, link)}</{tag}>")
    return f"<tr>{''.join(cells)}</tr>"


def _html_cell(cell: Cell, mathematics: Mathematics | None, link: Link | None) -> str:
    if cell.latex is not None:
        return mathematics(cell.latex) if mathematics else f"<code>{html.escape(cell.text)}</code>"
    text = html.escape(cell.text)
    target = link(cell.source) if link and cell.source else None
    if target is not None:
        text = f'<a href="{html.escape(target)}">{text}</a>'
    if cell.mark == "best":
        return f"<strong>{text}</strong>"
    return f'{text}<abbr title="not told apart from the best">{TIE}</abbr>' if cell.mark == "tie" else text


def _align(column: Column) -> str:
    return ' class="number"' if column.numeric else ""


#: Characters beyond which text is set as a paragraph.
_LONG = 45
#: Points: of a character, between columns, and of the text on a page of A4, as LaTeX sets them.
_CHARACTER, _SPACING, _TEXT_WIDTH = 4.8, 12.0, 440.0
_VERDICTS = {"better": "green", "worse": "red"}
_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    TIE: r"$\approx$",
    "±": r"$\pm$",
    "×": r"$\times$",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    **{character: f"\\{character}" for character in "&%$#_{}"},
}
