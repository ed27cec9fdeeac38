"""Locks between processes. A lock goes with the process that holds it, however that ends.

The lock is flock where the file system has it. Some do not (Lustre without its option, some network file systems).
There a file ``NAME.lock`` beside the locked one says who holds it, and is taken over where that process is no more.
Both are filelock's.
"""

from __future__ import annotations

import errno
import functools
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from filelock import SoftFileLock, Timeout, lock_descriptor

from reproduce.errors import ReproduceWarning

#: What flock answers where the file system has no such locks.
_NO_FLOCK = {errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP}
_SECONDS_BETWEEN_TRIES = 0.01
_SECONDS_UNTIL_SAID = 10.0


class InUseError(Exception):
    """Another process holds the lock; the text says which, as far as that is known."""


@contextmanager
def exclusive(file: IO[bytes], path: Path, *, wait: bool = True) -> Iterator[None]:
    """Hold the lock of an open file until this ends and the file is closed.

    Args:
        file: The file, open for writing.
        path: Where it is.
        wait: Wait while another process holds the lock.

    Raises:
        InUseError: If another process holds it, unless ``wait``.
        OSError: If the file cannot be locked.
    """
    try:
        if not lock_descriptor(file.fileno(), blocking=wait, poll_interval=_SECONDS_BETWEEN_TRIES):
            raise InUseError("another process")
    except OSError as error:
        if error.errno not in _NO_FLOCK:
            raise
        _say_once(errno.errorcode[error.errno], str(error.strerror))
    else:
        yield
        return
    with _marked(path.with_name(f"{path.name}.lock"), wait):
        yield


@functools.cache
def _say_once(name: str, text: str) -> None:
    warnings.warn(
        f"this file system has no flock ({name}: {text}): files NAME.lock keep other processes out instead",
        ReproduceWarning,
        stacklevel=2,
    )


@contextmanager
def _marked(mark: Path, wait: bool) -> Iterator[None]:
    """Have the file ``mark`` say who holds the lock, until this ends."""
    lock = SoftFileLock(mark, poll_interval=_SECONDS_BETWEEN_TRIES)
    try:
        lock.acquire(_SECONDS_UNTIL_SAID if wait else 0)
    except Timeout:
        holder = f"{_holder(mark)} (if that has ended, remove {mark})"
        if not wait:
            raise InUseError(holder) from None
        warnings.warn(f"waiting for {holder}", ReproduceWarning, stacklevel=2)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _holder(mark: Path) -> str:
    """Name the holder of a lock: filelock writes the process and its host, a line each."""
    try:
        process, host, *_ = mark.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return "another process"
    return f"process {process} on {host.partition('?')[0]}"
