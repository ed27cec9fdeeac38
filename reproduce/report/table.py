"""Tables as values: captioned sections of cells, each with what is shown and what it stands for.

A table is made of columns and of items, one for each line: a column says its heading, its name in the CSV file, and how
its cell follows from an item.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Generic, Literal, NamedTuple, TypeVar

from reproduce.study.rows import Phase

#: What stands where a number would, if the runs behind it were made.
NOT_RUN = "not run"
#: What stands where there can be no number.
NONE = "-"
#: Follows a number that may be the best of its column too.
POSSIBLE = "≈"
#: What a line of a table is made of.
Item = TypeVar("Item")
#: "best": the best of its column; "possible": what may be the best too.
Mark = Literal["best", "possible"]


class Source(NamedTuple):
    """The runs behind a number: all of one optimizer on one task, of a phase of a study."""

    study: str
    task: str
    optimizer: str
    phase: Phase


@dataclass(frozen=True)
class Cell:
    """One cell.

    Attributes:
        text: What is shown.
        value: What the CSV file holds: a number unrounded; None for nothing.
        latex: A formula, without dollar signs, that stands for the text where mathematics can be set.
        mark: See `Mark`.
        source: See `Source`; None for what no runs are behind.
    """

    text: str
    value: float | int | str | bool | None = None
    latex: str | None = None
    mark: Mark | None = None
    source: Source | None = None

    @property
    def plain(self) -> str:
        """The text that the CSV file holds."""
        return "" if self.value is None else str(self.value)

    @property
    def marked_text(self) -> str:
        """The text with the sign of what may be the best."""
        return f"{self.text}{POSSIBLE}" if self.mark == "possible" else self.text


@dataclass(frozen=True)
class Column(Generic[Item]):
    """One column.

    Attributes:
        title: Its heading; empty for one that only the CSV file has.
        name: Its name in the CSV file; empty for one that the CSV file does not have.
        cell: From a line's item to its cell.
        numeric: Whether it is set flush right.
    """

    title: str
    name: str
    cell: Callable[[Item], Cell] = field(default=lambda _: Cell(""), compare=False)
    numeric: bool = False


@dataclass(frozen=True)
class Section:
    """Lines under a common heading.

    Attributes:
        title: The heading.
        lines: A cell for each column.
    """

    title: str
    lines: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        name: Of its files, without suffix.
        title: A few words.
        caption: One paragraph: what is shown, of what, with n.
        columns: See `Column`.
        sections: See `Section`. A single section's heading is not shown.
        section_name: The name under which the CSV file has the section's title as a first column; empty for none.

    Raises:
        ValueError: If a line has not one cell for each column.
    """

    name: str
    title: str
    caption: str
    columns: tuple[Column[Any], ...]
    sections: tuple[Section, ...]
    section_name: str = ""

    @classmethod
    def of(
        cls,
        name: str,
        title: str,
        caption: str,
        columns: Iterable[Column[Item]],
        items: Iterable[Item] = (),
        *,
        sections: Mapping[str, Iterable[Item]] | None = None,
        section_name: str = "",
    ) -> Table:
        """A table with a line for each item.

        Args:
            name: Of its files, without suffix.
            title: Its heading.
            caption: What it shows, of what, with n.
            columns: What the cells of a line are.
            items: The items of a table that has no sections.
            sections: Those of each section of one that has, by heading.
            section_name: The heading of the column of sections in the CSV file; empty without sections.
        """
        columns = tuple(columns)
        filled = (
            Section(heading, tuple(tuple(column.cell(item) for column in columns) for item in listed))
            for heading, listed in ({"": items} if sections is None else sections).items()
        )
        return cls(name, title, caption, columns, tuple(filled), section_name)

    def __post_init__(self) -> None:
        """Every line fits the columns."""
        for line in self.lines():
            if len(line) != len(self.columns):
                raise ValueError(f"{self.name}: received {len(line)} cells; expected {len(self.columns)}, one a column")

    def lines(self) -> Iterator[tuple[Cell, ...]]:
        """The lines of all sections."""
        for section in self.sections:
            yield from section.lines

    def first(self, number: int) -> Table:
        """The table with at most so many lines in each section."""
        return replace(self, sections=tuple(Section(each.title, each.lines[:number]) for each in self.sections))

    @property
    def is_empty(self) -> bool:
        """Whether there is no line at all."""
        return not any(True for _ in self.lines())

    def shown_columns(self) -> list[Column[Any]]:
        """The columns that more than the CSV file has."""
        return [column for column in self.columns if column.title]

    def shown_sections(self) -> list[tuple[str, list[list[Cell]]]]:
        """Each section's heading, empty where there is but one, with the cells of its lines in `shown_columns`."""
        shown = [number for number, column in enumerate(self.columns) if column.title]
        several = len(self.sections) > 1
        return [
            (section.title if several else "", [[line[number] for number in shown] for line in section.lines])
            for section in self.sections
        ]


def words(text: str, source: Source | None = None) -> Cell:
    """A cell of text, the same in the CSV file."""
    return Cell(text, text, source=source)


def formula(text: str, latex: str) -> Cell:
    """A formula in two notations."""
    return Cell(text, text, latex)


def missing(text: str = NOT_RUN) -> Cell:
    """A cell with nothing in the CSV file."""
    return Cell(text)


def number(value: float | None, digits: int, factor: float = 1.0, source: Source | None = None) -> Cell:
    """``factor * value`` with so many digits after the point; `NONE` of None."""
    return missing(NONE) if value is None else Cell(fixed(factor * value, digits), value, source=source)


def count(value: int | None) -> Cell:
    """An integer, with groups of three; `NONE` of None."""
    return missing(NONE) if value is None else Cell(f"{value:,}", value)


def percent(share: float | None, digits: int = 1, source: Source | None = None) -> Cell:
    """A share in percent, without the sign."""
    return number(share, digits, 100.0, source)


def points(share: float | None, digits: int = 1, source: Source | None = None) -> Cell:
    """A difference of shares in percentage points, with its sign."""
    if share is None:
        return missing(NONE)
    return Cell(signed(100 * share, digits), share, source=source)


def p_value(value: float | None) -> Cell:
    """A p-value with three digits, none before the point; `NONE` of None."""
    if value is None:
        return missing(NONE)
    return Cell("<.001" if value < 0.001 else f"{value:.3f}".removeprefix("0"), value)


def marked(cell: Cell, mark: Mark | None) -> Cell:
    """The cell with a mark."""
    return replace(cell, mark=mark)


def fixed(value: float, digits: int) -> str:
    """A number with so many digits after the point, and no minus zero."""
    text = f"{value:.{digits}f}"
    return text.removeprefix("-") if float(text) == 0 else text


def signed(value: float, digits: int) -> str:
    """The same with its sign, unless it rounds to zero."""
    text = fixed(value, digits)
    return f"+{text}" if float(text) > 0 else text
