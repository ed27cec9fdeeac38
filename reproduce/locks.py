"""Locks between processes. A lock goes with the process that holds it, however that ends.

The lock is flock where the file system has it. Some do not (Lustre without its option, some network file systems).
There a file ``NAME.lock`` beside the locked one says who holds it, and is taken over where that process is no more.
"""

from __future__ import annotations

import errno
import fcntl
import functools
import json
import os
import platform
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from reproduce.errors import ReproduceWarning

#: What flock answers where the file system has no such locks.
_NO_FLOCK = {errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP}
_SECONDS_BETWEEN_TRIES = 0.05
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
        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise InUseError("another process") from None
    except OSError as error:
        if error.errno not in _NO_FLOCK:
            raise
        cause = error
    else:
        yield
        return
    _say_once(errno.errorcode[cause.errno or 0], str(cause.strerror))
    lock = path.with_name(f"{path.name}.lock")
    _take(lock, wait)
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)


@functools.cache
def _say_once(name: str, text: str) -> None:
    warnings.warn(
        f"this file system has no flock ({name}: {text}): files NAME.lock keep other processes out instead",
        ReproduceWarning,
        stacklevel=2,
    )


@dataclass(frozen=True)
class _Holder:
    """Who holds a lock.

    Attributes:
        host: The machine since it was started, and the container.
        process: Its process id.
        began: When it began, in the machine's own measure, or "unknown": process ids are given again.
    """

    host: str
    process: int
    began: str

    def is_gone(self) -> bool:
        """Whether this is a process of this machine that has ended; of others nothing is known."""
        return self.host == _host() and self.began != _began(self.process)


def _take(lock: Path, wait: bool) -> None:
    """Make the file ``lock``, which must not be there, or be of a process that is no more."""
    patience = time.monotonic() + _SECONDS_UNTIL_SAID
    while not _made(lock, json.dumps(asdict(_Holder(_host(), os.getpid(), _began(os.getpid()) or "unknown")))):
        holder = _holder(lock)
        if holder is not None and holder.is_gone():
            _remove(lock, holder)
            continue
        if not lock.exists():
            continue
        name = "another process" if holder is None else f"process {holder.process} on {holder.host.partition(' ')[0]}"
        text = f"{name} (if that has ended, remove {lock})"
        if not wait:
            raise InUseError(text)
        if time.monotonic() > patience:
            patience = float("inf")
            warnings.warn(f"waiting for {text}", ReproduceWarning, stacklevel=2)
        time.sleep(_SECONDS_BETWEEN_TRIES)


def _made(path: Path, text: str) -> bool:
    """Whether the file was not there, and is now."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        return False
    return True


def _holder(lock: Path) -> _Holder | None:
    """What the file says; None where it is gone, or not yet written."""
    try:
        return _Holder(**json.loads(lock.read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def _remove(lock: Path, holder: _Holder) -> None:
    """Remove the lock of a process that is no more; of several that would, one does, and never another's lock."""
    right = lock.with_name(f"{lock.name}-{holder.process}-{holder.began}")
    if not _made(right, ""):
        time.sleep(_SECONDS_BETWEEN_TRIES)
        return
    try:
        if _holder(lock) == holder:
            lock.unlink(missing_ok=True)
    finally:
        right.unlink(missing_ok=True)


@functools.cache
def _host() -> str:
    """This machine's name, the time it was started as an id, and which process ids it means."""
    marks = [platform.node() or "this machine"]
    with suppress(OSError):
        marks.append(Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip())
    with suppress(OSError):
        marks.append(str(Path("/proc/self/ns/pid").readlink()))
    return " ".join(marks)


def _began(process: int) -> str | None:
    """When a process of this machine began; None where it has ended, and "unknown" where that is not told."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return None
    except PermissionError:  # There is one, of another user.
        pass
    try:
        text = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "unknown"
    state, *numbers = text.rpartition(")")[2].split()
    return None if state in ("Z", "X") else numbers[18]
