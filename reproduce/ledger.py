"""The ledger: an append-only file of records, one JSON object a line, on disk before the next work starts."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Generic, NoReturn, Protocol, TypeVar

from reproduce.errors import LedgerError
from reproduce.locks import InUseError, exclusive

NAME = "ledger.jsonl"


class Record(Protocol):
    """What a ledger keeps."""

    def to_dict(self) -> dict[str, Any]:
        """The record as plain data for JSON."""


Kept = TypeVar("Kept", bound=Record)
#: Reads a record back from plain data; a `ValueError` says why it cannot.
Parse = Callable[[Any], Kept]


def read_records(path: Path, parse: Parse[Kept]) -> list[Kept]:
    """The records of a ledger, without opening it for writing; a torn last line is left out.

    Args:
        path: The file.
        parse: See `Parse`.

    Raises:
        LedgerError: If it cannot be read, or ``parse`` refuses a line that is not the last.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise LedgerError(f"no ledger {path}: nothing has been run there yet") from None
    except OSError as error:
        raise LedgerError(f"cannot read the ledger {path}: {error.strerror}") from None
    return _parse(content[: _whole(content)], path, parse)


def require_schema(found: object, expected: int) -> None:
    """Refuse a record whose fields mean something else than those of this version.

    Raises:
        ValueError: If its schema's number is another.
    """
    if found != expected:
        raise ValueError(f"schema must be {expected}; received {found!r}")


def require_same(record: object, now: Mapping[str, object], path: Path, line: int) -> None:
    """Refuse a record of another experiment.

    Args:
        record: What the ledger holds.
        now: By field, what this experiment's records hold.
        path: The ledger.
        line: Where the record is, from 1.

    Raises:
        LedgerError: Naming the first field that differs.
    """
    for field, value in now.items():
        found = getattr(record, field)
        if found != value:
            raise LedgerError(
                f"{path} holds the records of another experiment: {field} is {found} in line {line} and {value} now; "
                "choose another --output, or move that file away"
            )


class Ledger(Generic[Kept]):
    """A ledger opened by its one writer; use it in a ``with`` statement.

    Args:
        path: The file; it and its folders are made where missing.
        parse: See `Parse`.
        notice: Is told, in a sentence, when a torn last line was removed.

    Attributes:
        records: All records, those found and those appended.

    Raises:
        LedgerError: If the folder or file cannot be written, another process has it open, or ``parse`` refuses a line.
    """

    def __init__(self, path: Path, parse: Parse[Kept], notice: Callable[[str], None]) -> None:
        self.path = path
        self._parse = parse
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file: IO[bytes] = path.open("a+b", buffering=0)
        except OSError as error:
            raise LedgerError(f"cannot write the ledger {path}: {error.strerror}") from None
        with ExitStack() as opened:
            opened.enter_context(self._file)
            self._lock(opened)
            self.records = self._recover(notice)
            self._opened = opened.pop_all()

    def __enter__(self) -> Ledger[Kept]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._opened.close()

    def append(self, record: Kept) -> None:
        """Write a record and wait until it is on disk.

        Raises:
            LedgerError: If that fails; what was written of the record is taken back.
        """
        line = json.dumps(record.to_dict(), ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n"
        end = self._file.seek(0, os.SEEK_END)
        try:
            _write_all(self._file, line.encode())
            os.fsync(self._file.fileno())
        except OSError as error:
            self._take_back(end)
            raise LedgerError(
                f"cannot write the ledger {self.path}: {error.strerror}; its {len(self.records)} records are safe: "
                "make room and start again"
            ) from None
        self.records.append(record)

    def _lock(self, opened: ExitStack) -> None:
        try:
            opened.enter_context(exclusive(self._file, self.path, wait=False))
        except InUseError as holder:
            raise LedgerError(
                f"the ledger {self.path} is in use by {holder}: wait for it, or choose another --output"
            ) from None
        except OSError as error:
            raise LedgerError(f"cannot lock the ledger {self.path}: {error.strerror}") from None

    def _recover(self, notice: Callable[[str], None]) -> list[Kept]:
        self._file.seek(0)
        content = self._file.read()
        whole = _whole(content)
        records = _parse(content[:whole], self.path, self._parse)
        if whole < len(content):
            self._file.truncate(whole)
            os.fsync(self._file.fileno())
            notice(f"removed a half-written last line of {len(content) - whole} bytes from {self.path}")
        return records

    def _take_back(self, end: int) -> None:
        try:
            self._file.truncate(end)
        except OSError:
            return  # The torn line is removed when the ledger is opened next.


def _whole(content: bytes) -> int:
    """Up to where lines are complete."""
    return content.rfind(b"\n") + 1


def _parse(content: bytes, path: Path, parse: Parse[Kept]) -> list[Kept]:
    records = []
    for number, line in enumerate(content.split(b"\n")[:-1], start=1):
        try:
            records.append(parse(json.loads(line, parse_constant=_refuse)))
        except (ValueError, RecursionError) as error:
            raise LedgerError(
                f"{path}, line {number} is not a record: {error}; mend or remove that line to go on (in the ledger of "
                "a search, with all lines after it)"
            ) from None
    return records


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _write_all(file: IO[bytes], data: bytes) -> None:
    view = memoryview(data)
    while view:
        written: Any = file.write(view)
        view = view[written:]
