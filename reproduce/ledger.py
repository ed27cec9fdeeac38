"""The ledger: an append-only file of records, one JSON object a line, on disk before the next work starts.

Beside its record, each line keeps under the key "environment" what the user had set that can move a number; see
`reproduce.variables`. Lines of earlier versions do not have it: nothing is known of them. Records are added under the
settings that the lines before them have.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Generic, NoReturn, Protocol, TypeVar

from reproduce.errors import LedgerError
from reproduce.libraries import recorded_settings
from reproduce.locks import InUseError, exclusive
from reproduce.plain_data import from_plain

#: What a line holds beside the fields of its record.
ENVIRONMENT = "environment"


class Record(Protocol):
    """One entry of a ledger."""

    def to_dict(self) -> dict[str, Any]:
        """The record as plain data for JSON."""


Kept = TypeVar("Kept", bound=Record)
#: Reads a record back from plain data; a `ValueError` says why it cannot.
Parse = Callable[[Any], Kept]


#: Names and values of what can move a number, as `recorded_settings` gives them; None where nothing is known.
Settings = Mapping[str, str]
_SETTINGS: Any = Settings


def read_records(path: Path, parse: Parse[Kept], *, settings: Settings | None = None) -> list[Kept]:
    """The records of a ledger, without opening it for writing; a torn last line is left out.

    Args:
        path: The file.
        parse: See `Parse`.
        settings: Those of this process, where records are to be added to them; None where they are only read.

    Raises:
        LedgerError: If it cannot be read, ``parse`` refuses a line that is not the last, or a line was written under
            other settings.
    """
    lines = _lines_of(path, parse)
    if settings is not None:
        _require_settings([found for _, found in lines], settings, path)
    return [record for record, _ in lines]


def read_environments(path: Path) -> list[Settings | None]:
    """Read the environment of each line of a ledger, in their order; errors as of `read_records`."""
    return [found for _, found in _lines_of(path, lambda document: document)]


def _lines_of(path: Path, parse: Parse[Any]) -> list[tuple[Any, Settings | None]]:
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
        notify: Called with a sentence when a torn last line was removed.
        settings: What records are added under; None for `recorded_settings`.

    Attributes:
        records: All records, those found and those appended.

    Raises:
        LedgerError: If the folder or file cannot be written, another process has it open, ``parse`` refuses a line, or
            a line was written under other settings.
    """

    def __init__(
        self, path: Path, parse: Parse[Kept], notify: Callable[[str], None], settings: Settings | None = None
    ) -> None:
        self.path = path
        self._settings = dict(recorded_settings() if settings is None else settings)
        self._parse = parse
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file: IO[bytes] = path.open("a+b", buffering=0)
        except OSError as error:
            raise LedgerError(f"cannot write the ledger {path}: {error.strerror}") from None
        with ExitStack() as opened:
            opened.enter_context(self._file)
            self._lock(opened)
            self.records = self._recover(notify)
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
        document = {**record.to_dict(), ENVIRONMENT: self._settings}
        line = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n"
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

    def _recover(self, notify: Callable[[str], None]) -> list[Kept]:
        self._file.seek(0)
        content = self._file.read()
        whole = _whole(content)
        lines = _parse(content[:whole], self.path, self._parse)
        _require_settings([found for _, found in lines], self._settings, self.path)
        if whole < len(content):
            self._file.truncate(whole)
            os.fsync(self._file.fileno())
            notify(f"removed a half-written last line of {len(content) - whole} bytes from {self.path}")
        return [record for record, _ in lines]

    def _take_back(self, end: int) -> None:
        try:
            self._file.truncate(end)
        except OSError:
            return  # The torn line is removed when the ledger is opened next.


def _whole(content: bytes) -> int:
    """Up to where lines are complete."""
    return content.rfind(b"\n") + 1


def _parse(content: bytes, path: Path, parse: Parse[Kept]) -> list[tuple[Kept, Settings | None]]:
    lines: list[tuple[Kept, Settings | None]] = []
    settings: Settings | None = None
    for number, line in enumerate(content.split(b"\n")[:-1], start=1):
        try:
            document = _DECODER.decode(line.decode())
            settings = _settings_of(document, settings)
            lines.append((parse(document), settings))
        except (ValueError, RecursionError) as error:
            raise LedgerError(
                f"{path}, line {number} is not a record: {error}; mend or remove that line to go on (in the ledger of "
                "a search, with all lines after it)"
            ) from None
    return lines


def _settings_of(document: Any, before: Settings | None) -> Settings | None:
    """Take the settings out of a line's document, whose other fields are its record's; mostly those of the line before.

    Args:
        document: The line's.
        before: What the line before it has.
    """
    settings = document.pop(ENVIRONMENT, None) if isinstance(document, dict) else None
    if settings is None or settings == before:
        return settings
    return from_plain(_SETTINGS, settings, ENVIRONMENT)


def _require_settings(found: Sequence[Settings | None], now: Settings, path: Path) -> None:
    for number, settings in enumerate(found, start=1):
        if settings is None or settings == now:
            continue
        name = min(name for name in settings.keys() | now.keys() if settings.get(name) != now.get(name))
        stored, here = (repr(each[name]) if name in each else "not set" for each in (settings, now))
        raise LedgerError(
            f"{path}, line {number}: {name} was {stored} then and is {here} now, and it can change numbers; set it as "
            "it was, or choose another --output"
        )


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse)


def _write_all(file: IO[bytes], data: bytes) -> None:
    view = memoryview(data)
    while view:
        written: Any = file.write(view)
        view = view[written:]
