"""Tables as LaTeX that goes on on the next page: numbers flush right, long text as paragraphs."""

from __future__ import annotations

from reproduce.report.table import POSSIBLE, Cell, Table

#: Characters beyond which text is set as a paragraph.
_LONG = 45
#: Points: of a character, and between columns; first as LaTeX sets them, then in a table that is set small.
_SIZES = ((4.8, 12.0), (4.4, 6.0))
#: Points of text across a page of A4.
_TEXT_WIDTH = 440.0


def to_latex(table: Table) -> str:
    r"""A LaTeX table that needs the packages array, booktabs, amsmath and longtable.

    It is made for text of 10 points, 15.5 cm wide. It is no float: it stands where it is put in. Where a document has
    two columns, put it after ``\onecolumn``; longtable refuses it otherwise.
    """
    shown = table.shown_columns()
    sections = [
        (title, [_line([_cell(cell) for cell in line]) for line in lines]) for title, lines in table.shown_sections()
    ]
    columns, is_wide = _columns(table)
    head = [r"    \toprule", _line([latex_text(column.title) for column in shown]), r"    \midrule"]
    lines = [
        r"\begingroup",
        *([r"  \footnotesize\setlength{\tabcolsep}{3pt}"] if is_wide else []),
        r"  \setlength{\LTcapwidth}{\linewidth}",
        rf"  \begin{{longtable}}{{{columns}}}",
        rf"    \caption{{{latex_text(table.caption)}}}\label{{tab:{table.name}}} \\",
        *(*head, r"    \endfirsthead", *head, r"    \endhead", r"    \bottomrule", r"    \endfoot"),
    ]
    for number, (title, of_section) in enumerate(sections):
        # A rule between sections would stand alone at a page's end.
        lines += [r"    \addlinespace"] if title and number else []
        lines += [rf"    \multicolumn{{{len(shown)}}}{{l}}{{{latex_text(title)}}} \\*"] if title else []
        lines += of_section
    return "\n".join([*lines, r"  \end{longtable}", r"\endgroup"]) + "\n"


def latex_text(text: str) -> str:
    """``text`` with what LaTeX reads as commands escaped."""
    return "".join(_ESCAPED.get(character, character) for character in text)


def _columns(table: Table) -> tuple[str, bool]:
    """Numbers right, text left, and text too long for a line as paragraphs that share what width there is.

    Returns:
        The columns, and whether they are to be set small, since they would not fit a page's text as they are.
    """
    shown, lines = table.shown_columns(), [line for _, section in table.shown_sections() for line in section]
    cells = [[line[number] for line in lines] for number in range(len(shown))]
    is_long = [any(cell.latex is None and len(cell.text) > _LONG for cell in column) for column in cells]
    widths = [
        max([len(column.title), *(min(len(cell.marked_text), _LONG) for cell in of_column)])
        for column, of_column in zip(shown, cells, strict=True)
    ]
    is_wide = sum(_SIZES[0][0] * width + _SIZES[0][1] for width in widths) > _TEXT_WIDTH
    character, spacing = _SIZES[is_wide]
    short = sum(character * width for width, long in zip(widths, is_long, strict=True) if not long)
    share = max(0.3, 0.97 - (short + spacing * len(widths)) / _TEXT_WIDTH) / max(1, sum(is_long))
    paragraph = rf">{{\raggedright\arraybackslash}}p{{{share:.2f}\linewidth}}"
    kinds = zip(shown, is_long, strict=True)
    return "".join(paragraph if long else "r" if column.numeric else "l" for column, long in kinds), is_wide


def _line(cells: list[str]) -> str:
    return "    " + " & ".join(cells) + r" \\"


def _cell(cell: Cell) -> str:
    if cell.latex is not None:
        return f"${cell.latex}$"
    text = latex_text(cell.marked_text)
    return rf"\textbf{{{text}}}" if cell.mark == "best" else text


_ESCAPED = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    # At a line's beginning it would be an argument of what ends the line before.
    "[": "{[}",
    POSSIBLE: r"$\approx$",
    "±": r"$\pm$",
    "×": r"$\times$",
    "−": "$-$",
    "→": r"$\rightarrow$",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    **{character: f"\\{character}" for character in "&%$#_{}"},
}
