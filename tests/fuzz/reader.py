"""A reader of files that came from elsewhere, with what must hold of any bytes that it is given.

A reader accepts or raises its documented error. What it accepts is printed, or read again, and must come back the same.
"""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Reader:
    """One reader.

    Attributes:
        name: Names it on the command line.
        accepts: Reads bytes; False where the documented error was raised, AssertionError where they do not come back.
        seeds: Documents that it accepts.
        longest: The most bytes worth trying.
    """

    name: str
    accepts: Callable[[bytes], bool]
    seeds: Callable[[], Iterator[bytes]]
    longest: int


def require_same(there: object, here: object) -> None:
    """Require that what was read comes back.

    Raises:
        AssertionError: If it did not.
    """
    if there != here:
        raise AssertionError(f"does not come back: {there!r} is not {here!r}")


def scratch(name: str) -> Path:
    """A file of this process, in memory where the machine has such a folder."""
    memory = Path("/dev/shm")
    return Path(tempfile.mkdtemp(dir=memory if memory.is_dir() else None)) / name
