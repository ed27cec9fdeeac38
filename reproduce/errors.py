"""Errors and warnings that a user can mend: each is printed as one message, without a stack trace."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

#: What stands for a byte, 0x80 to 0xff, that is out of place; and all else that no encoding can write.
_SURROGATE = re.compile("[\ud800-\udfff]")


def printable(text: str) -> str:
    """``text`` with what no encoding has written out, as the bytes in names of files that are no UTF-8."""
    return _SURROGATE.sub(lambda found: f"\\x{ord(found[0]) & 0xFF:02x}", text)


class ReproduceError(Exception):
    """The base of this package's errors; its text says what was received, what was expected and how to mend it."""

    def __str__(self) -> str:
        """The text, whatever the names of files in it."""
        return printable(super().__str__())


class ProtocolError(ReproduceError):
    """A protocol file is missing, malformed, or has an unknown, missing or ill-typed field."""


class DataError(ReproduceError):
    """A data set cannot be read as images in class folders."""


class LedgerError(ReproduceError):
    """A ledger cannot be read or written, or holds the rows of another experiment."""


class ReproduceWarning(UserWarning):
    """Something that a user should know, while nothing stops; shown as one line where a command runs."""


class WorkerError(ReproduceError):
    """A worker process died twice over the same job, or what it ran raised an exception that has no other meaning."""


def summary(error: BaseException) -> str:
    """An exception's type and the last line of its text, as a traceback ends."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return ": ".join([type(error).__name__, *lines[-1:]])


@contextmanager
def notify_of_warnings(notify: Callable[[str], None]) -> Iterator[None]:
    """Until this ends, ``notify`` gets the text of each `ReproduceWarning`; all others are shown as before."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", ReproduceWarning)
        warnings.showwarning = partial(_show, notify, warnings.showwarning)
        yield


def _show(notify: Callable[[str], None], show: Any, message: Warning | str, kind: type[Warning], *place: Any) -> None:
    if isinstance(message, ReproduceWarning):
        notify(str(message))
    else:
        show(message, kind, *place)
