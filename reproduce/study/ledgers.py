"""The ledger of a study: its records are rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from reproduce.errors import LedgerError
from reproduce.ledger import Ledger, read_records
from reproduce.study.rows import Row, row_from_dict


def open_ledger(path: Path, notice: Callable[[str], None]) -> Ledger[Row]:
    """The ledger of a study, for its one writer; errors as of `Ledger`."""
    return Ledger(path, row_from_dict, notice)


def read_rows(path: Path) -> list[Row]:
    """The rows of a ledger, without opening it for writing; errors as of `read_records`."""
    return read_records(path, row_from_dict)


def check_same(rows: Sequence[Row], path: Path, **expected: str) -> None:
    """Refuse the rows of another experiment.

    Args:
        rows: The ledger's rows.
        path: The ledger, for the message.
        **expected: Fields of `Row` and the value that every row must have.

    Raises:
        LedgerError: Naming the first field that differs.
    """
    for number, row in enumerate(rows, start=1):
        for field, value in expected.items():
            found = getattr(row, field)
            if found != value:
                raise LedgerError(
                    f"{path} holds the rows of another experiment: {field} is {found} in line {number} and {value} "
                    "now; choose another --output, or move that folder away"
                )
