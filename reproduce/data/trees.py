"""Trees of a data set's files: a folder, or an archive that is read in place; and the names of the files."""

from __future__ import annotations

import re
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath
from typing import ClassVar

from reproduce.errors import DataError, printable

#: Archives that published data sets consist of, and the folder that each unpacks to. They are read where they lie.
INNER_ARCHIVES = {
    "101_ObjectCategories.tar.gz": "101_ObjectCategories",
    "102flowers.tgz": "jpg",
    "cars_train.tgz": "cars_train",
    "cars_test.tgz": "cars_test",
    "car_devkit.tgz": "devkit",
}
#: No encoded image is larger; a file that says it is would fill the memory.
MAX_BYTES = 64 * 2**20
#: Files of published data sets that hold many images.
_LARGER = {"train.bin": 160 * 2**20}


@dataclass(frozen=True)
class TreeMember:
    """A file or folder in a tree.

    Attributes:
        path: Where it is, from the tree's own top.
        read: Gives its bytes, until the next member is asked for; None for a folder.
    """

    path: PurePosixPath
    read: Callable[[], bytes] | None


@dataclass(frozen=True)
class Tree(ABC):
    """A folder or an archive.

    Attributes:
        path: Where it lies.
        is_packed: Whether each look at its members unpacks all of them.
    """

    path: Path
    is_packed: ClassVar[bool]

    @property
    @abstractmethod
    def name(self) -> str:
        """The name that results on it carry."""

    @property
    def origin(self) -> str:
        """Where it lies, for people."""
        return str(self.path)

    @abstractmethod
    def members(self) -> Iterator[TreeMember]:
        """Every file and folder, in the order in which they lie; those of inner archives as if unpacked beside it.

        Raises:
            DataError: If one cannot be read.
        """

    @abstractmethod
    def fingerprint(self) -> str | None:
        """SHA-256 over everything, if it is quick to have; what is read may be kept under it."""


def require_size(origin: str, name: str, size: int) -> None:
    """Refuse a file that is larger than any that data sets consist of.

    Raises:
        DataError: If so.
    """
    most = _LARGER.get(PurePosixPath(name).name, MAX_BYTES)
    if size > most:
        raise DataError(f"{origin}: {name} is of {size} bytes; no image has more than {most}")


#: Folders beside the data that systems and programs make for themselves, as those whose names begin with a dot.
_BESIDE = ("__MACOSX",)


def is_hidden(name: str) -> bool:
    """Whether a file or folder of this name is passed over, with all that lies in it."""
    return name.startswith((".", *_BESIDE))


def one_spelling(name: str, origin: str) -> str:
    """The name of a class or image in Unicode's composed form: macOS decomposes what others compose.

    Raises:
        DataError: If it is not UTF-8.
    """
    if printable(name) != name:
        raise DataError(f"{origin} holds the name '{printable(name)}', which is not UTF-8: rename it")
    return unicodedata.normalize("NFC", name)


def result_name(path: PurePath) -> str:
    """Name results on a data set at ``path``: its name, with "_" for all but letters, digits, ".", "-"."""
    return re.sub(r"[^\w.-]+", "_", unicodedata.normalize("NFC", path.name)) or "data"
