"""Tables as LaTeX: numbers flush right, long text as paragraphs, and what is longer than a page on several."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from reproduce.report.table import TIE, Cell, Column, Table


def to_latex(table: Table) -> str:
    r"""A LaTeX table that needs the packages array, booktabs, amsmath and longtable.

    It is made for text of 10 points, 15.5 cm wide. What is higher than a page of that, by an estimate, is no float: it
    stands where it is put in and goes on on the next page. Where a document has two columns, put such a table after
    ``\onecolumn``; longtable refuses it otherwise.
    """
    sizes = _Sizes.of(table)
    style = [r"  \footnotesize\setlength{\tabcolsep}{3pt}"] if sizes.is_wide else []
    caption = rf"\caption{{{latex_text(table.caption)}}}"
    label = rf"\label{{tab:{table.name}}}"
    columns = f"{{{_columns(table, sizes)}}}"
    head = [r"    \toprule", _line([latex_text(column.title) for column in table.shown_columns()]), r"    \midrule"]
    if sizes.height(table) <= _PAGE_HEIGHT:
        top = [
            r"\begin{table}",
            r"  \centering",
            *style,
            f"  {caption}",
            f"  {label}",
            rf"  \begin{{tabular}}{columns}",
        ]
        end = [r"    \bottomrule", r"  \end{tabular}", r"\end{table}"]
        return "\n".join([*top, *head, *_body(table, r"    \midrule"), *end]) + "\n"
    top = [r"\begingroup", *style, r"  \setlength{\LTcapwidth}{\linewidth}", rf"  \begin{{longtable}}{columns}"]
    top += [rf"    {caption}{label} \\", *head, r"    \endfirsthead", *head, r"    \endhead"]
    top += [r"    \bottomrule", r"    \endfoot"]
    # A rule between sections would stand alone at a page's end.
    return "\n".join([*top, *_body(table, r"    \addlinespace"), r"  \end{longtable}", r"\endgroup"]) + "\n"


def latex_text(text: str) -> str:
    """``text`` with what LaTeX reads as commands escaped."""
    return "".join(_ESCAPED.get(character, character) for character in text)


class _Sizes(NamedTuple):
    """What a table takes on the page, estimated from its characters.

    Attributes:
        is_wide: Whether it would not fit a page's text in its usual size and spacing.
        share: Of the line's width, what each column of paragraphs gets.
        long: For each column, whether it is set as paragraphs.
    """

    is_wide: bool
    share: float
    long: tuple[bool, ...]

    @classmethod
    def of(cls, table: Table) -> _Sizes:
        """The sizes of a table."""
        lines = [line for _, section in table.shown_sections() for line in section]
        cells = [[line[number] for line in lines] for number in range(len(table.shown_columns()))]
        long = tuple(any(_is_long(cell) for cell in column) for column in cells)
        widths = [
            max([len(column.title), *(min(len(cell.marked_text), _LONG) for cell in of_column)])
            for column, of_column in zip(table.shown_columns(), cells, strict=True)
        ]
        wide = sum(_CHARACTER * width + _SPACING for width in widths) > _TEXT_WIDTH
        character, spacing = (_SMALL_CHARACTER, _SMALL_SPACING) if wide else (_CHARACTER, _SPACING)
        short = sum(character * width for width, is_long in zip(widths, long, strict=True) if not is_long)
        left = max(0.3, 0.97 - (short + spacing * len(widths)) / _TEXT_WIDTH)
        return cls(wide, left / max(1, sum(long)), long)

    def height(self, table: Table) -> float:
        """Points, with caption, heading and rules."""
        lines = 1.0
        for title, section in table.shown_sections():
            lines += bool(title) + sum(max(map(self._lines, line, self.long)) for line in section)
        caption = math.ceil(len(table.caption) * _CHARACTER / _TEXT_WIDTH)
        rules = 8 * (len(table.sections) + 2)
        return caption * _LINE + lines * (_SMALL_LINE if self.is_wide else _LINE) + rules

    def _lines(self, cell: Cell, in_paragraphs: bool) -> float:
        """How many lines a cell takes in its column."""
        if cell.latex is not None:
            return _FRACTION if "frac" in cell.latex else 1.0
        width = self.share * _TEXT_WIDTH / (_SMALL_CHARACTER if self.is_wide else _CHARACTER)
        return max(1.0, math.ceil(len(cell.text) / width)) if in_paragraphs else 1.0


def _columns(table: Table, sizes: _Sizes) -> str:
    """Numbers right, text left, and text too long for a line as paragraphs that share what width there is."""
    paragraph = rf">{{\raggedright\arraybackslash}}p{{{sizes.share:.2f}\linewidth}}"
    kinds = zip(table.shown_columns(), sizes.long, strict=True)
    return "".join(paragraph if long else _alignment(column) for column, long in kinds)


def _alignment(column: Column) -> str:
    return "r" if column.numeric else "l"


def _body(table: Table, between: str) -> list[str]:
    lines: list[str] = []
    for number, (title, section) in enumerate(table.shown_sections()):
        lines += [between] if title and number else []
        heading = rf"    \multicolumn{{{len(table.shown_columns())}}}{{l}}{{{latex_text(title)}}} \\*"
        lines += [heading] if title else []
        lines += [_line([_cell(cell) for cell in line]) for line in section]
    return lines


def _line(cells: Sequence[str]) -> str:
    return "    " + " & ".join(cells) + r" \\"


def _cell(cell: Cell) -> str:
    if cell.latex is not None:
        return f"${cell.latex}$"
    text = latex_text(cell.marked_text)
    return rf"\textbf{{{text}}}" if cell.mark == "best" else text


def _is_long(cell: Cell) -> bool:
    return cell.latex is None and len(cell.text) > _LONG


#: Characters beyond which text is set as a paragraph.
_LONG = 45
#: Points: of a character, between columns, and of the text on a page of A4, as LaTeX sets them.
_CHARACTER, _SPACING, _TEXT_WIDTH = 4.8, 12.0, 440.0
#: The first two in a table that is set small.
_SMALL_CHARACTER, _SMALL_SPACING = 4.4, 6.0
#: Points: from line to line, the same in a table that is set small, and what a page holds of them.
_LINE, _SMALL_LINE, _PAGE_HEIGHT = 12.0, 9.5, 540.0
#: Lines that a formula with a fraction takes.
_FRACTION = 1.5
_ESCAPED = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    # At a line's beginning it would be an argument of what ends the line before.
    "[": "{[}",
    TIE: r"$\approx$",
    "±": r"$\pm$",
    "×": r"$\times$",
    "−": "$-$",
    "→": r"$\rightarrow$",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    **{character: f"\\{character}" for character in "&%$#_{}"},
}
