"""The ledger: an append-only file of rows, one JSON object a line, on disk before the next run starts."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, NoReturn

from reproduce.errors import LedgerError
from reproduce.rows import Row, row_from_dict

NAME = "ledger.jsonl"


def read_rows(path: Path) -> list[Row]:
    """The rows of a ledger, without opening it for writing; a torn last line is left out.

    Raises:
        LedgerError: If it cannot be read, or a line that is not the last is not a row.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise LedgerError(f"no ledger {path}: nothing has been run there yet") from None
    except OSError as error:
        raise LedgerError(f"cannot read the ledger {path}: {error.strerror}") from None
    return _parse(content[: _whole(content)], path)


class Ledger:
    """A ledger opened by its one writer; use it in a ``with`` statement.

    Args:
        path: The file; it and its folders are made where missing.
        notice: Is told, in a sentence, when a torn last line was removed.

    Attributes:
        rows: All rows, those found and those appended.

    Raises:
        LedgerError: If the folder or file cannot be written, another process has it open, or a line is not a row.
    """

    def __init__(self, path: Path, notice: Callable[[str], None]) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file: IO[bytes] = path.open("a+b", buffering=0)
        except OSError as error:
            raise LedgerError(f"cannot write the ledger {path}: {error.strerror}") from None
        try:
            self._lock()
            self.rows = self._recover(notice)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Ledger:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def append(self, row: Row) -> None:
        """Write a row and wait until it is on disk.

        Raises:
            LedgerError: If that fails; what was written of the row is taken back.
        """
        line = json.dumps(row.to_dict(), ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n"
        end = self._file.seek(0, os.SEEK_END)
        try:
            _write_all(self._file, line.encode())
            os.fsync(self._file.fileno())
        except OSError as error:
            self._take_back(end)
            raise LedgerError(
                f"cannot write the ledger {self.path}: {error.strerror}; its {len(self.rows)} rows are safe: "
                "make room and start again"
            ) from None
        self.rows.append(row)

    def _lock(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise LedgerError(
                f"the ledger {self.path} is in use by another process: wait for it, or choose another --output"
            ) from None

    def _recover(self, notice: Callable[[str], None]) -> list[Row]:
        self._file.seek(0)
        content = self._file.read()
        whole = _whole(content)
        rows = _parse(content[:whole], self.path)
        if whole < len(content):
            self._file.truncate(whole)
            os.fsync(self._file.fileno())
            notice(f"removed a half-written last line of {len(content) - whole} bytes from {self.path}")
        return rows

    def _take_back(self, end: int) -> None:
        try:
            self._file.truncate(end)
        except OSError:
            return  # The torn line is removed when the ledger is opened next.


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


def _whole(content: bytes) -> int:
    """Up to where lines are complete."""
    return content.rfind(b"\n") + 1


def _parse(content: bytes, path: Path) -> list[Row]:
    rows = []
    for number, line in enumerate(content.split(b"\n")[:-1], start=1):
        try:
            rows.append(row_from_dict(json.loads(line, parse_constant=_refuse)))
        except (ValueError, RecursionError) as error:
            raise LedgerError(
                f"{path}, line {number} is not a row: {error}; mend or remove that line to go on"
            ) from None
    return rows


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _write_all(file: IO[bytes], data: bytes) -> None:
    view = memoryview(data)
    while view:
        written: Any = file.write(view)
        view = view[written:]
