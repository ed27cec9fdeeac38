"""Files that are whole or not there: written beside their place, then renamed into it."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from reproduce.errors import ReproduceError
from reproduce.locks import exclusive


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text with plain newlines.

    Raises:
        ReproduceError: If the folder or file cannot be written.
    """
    write_bytes(path, text.encode())


def csv_text(columns: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """Comma-separated values under a header line; numbers unrounded, None as nothing."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()


def write_bytes(path: Path, data: bytes) -> None:
    """Write ``data``; a reader sees the old file or the new one, never a part.

    Raises:
        ReproduceError: If the folder or file cannot be written.
    """
    with replacing(path) as file:
        file.write(data)


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """A file to be written, which takes the place of ``path`` once the block is done, and is gone if it fails.

    It lies beside ``path`` under one name, so what a process that was killed left of it is taken up by the next one
    that writes there. Of two at once, the second waits.

    Raises:
        ReproduceError: If the folder or file cannot be written.
    """
    temporary = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _opened(temporary) as file:
            try:
                yield file
                file.flush()
                temporary.replace(path)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
    except OSError as error:
        raise ReproduceError(f"cannot write {path}: {error.strerror}") from None


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    """The empty file at ``path``, locked; opened again where another writer moved it away in the meantime."""
    while True:
        with (
            os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644), "w+b") as file,
            exclusive(file, path),
        ):
            if _is_at(file, path):
                file.truncate(0)
                yield file
                return


def _is_at(file: IO[bytes], path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep other processes that lock ``path`` waiting; the lock goes with the process that holds it.

    Raises:
        ReproduceError: If the folder or file cannot be written or locked.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("ab")
    except OSError as error:
        raise ReproduceError(f"cannot write {path}: {error.strerror}") from None
    with file, ExitStack() as held:
        try:
            held.enter_context(exclusive(file, path))
        except OSError as error:
            raise ReproduceError(f"cannot lock {path}: {error.strerror}") from None
        yield
