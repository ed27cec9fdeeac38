"""Folders of files, with archives of published data sets in them read as if they were unpacked there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath

from reproduce.data.archives import members
from reproduce.data.trees import INNER_ARCHIVES, Tree, TreeMember, is_hidden, require_size, result_name
from reproduce.errors import DataError

#: No published layout has half as many folders in each other.
_DEEPEST = 16


class Folder(Tree):
    """A folder, whose files are read by themselves. Links are followed."""

    is_packed = False

    @property
    def name(self) -> str:
        """Name of the folder, as results are called."""
        return result_name(self.path.resolve())

    def members(self) -> Iterator[TreeMember]:
        """Every file and folder, in the order of their paths; hidden ones are passed over.

        Raises:
            DataError: If a folder cannot be listed, or lies in itself or in more than 16 others.
        """
        return self._members(PurePosixPath(), ())

    def fingerprint(self) -> None:
        """Give none: a fingerprint would take as long as reading everything."""

    def _members(self, place: PurePosixPath, above: tuple[tuple[int, int], ...]) -> Iterator[TreeMember]:
        folder = self.path / place
        here = _identity(folder)
        if here in above or len(above) > _DEEPEST:
            raise DataError(f"{folder} lies in itself, by a link, or in more than {_DEEPEST} folders: remove it")
        entries = listed(folder)
        for entry in entries:
            path = place / entry.name
            if entry.is_dir():
                yield TreeMember(path, None)
                yield from self._members(path, (*above, here))
            elif entry.name not in INNER_ARCHIVES:
                yield TreeMember(path, partial(_read, Path(entry.path)))
            elif all(other.name != INNER_ARCHIVES[entry.name] for other in entries):
                yield from (replace(each, path=place / each.path) for each in members(Path(entry.path)))


def listed(folder: Path) -> list[os.DirEntry[str]]:
    """List a folder's contents in the order of names, without what is hidden.

    Raises:
        DataError: If it cannot be listed.
    """
    try:
        with os.scandir(folder) as entries:
            return sorted((each for each in entries if not is_hidden(each.name)), key=lambda each: each.name)
    except OSError as error:
        raise DataError(f"cannot list {folder}: {error.strerror}") from None


def _identity(folder: Path) -> tuple[int, int]:
    try:
        found = folder.stat()
    except OSError as error:
        raise DataError(f"cannot list {folder}: {error.strerror}") from None
    return found.st_dev, found.st_ino


def _read(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise DataError(f"cannot read {path}: it is no file, or a link to nothing; replace or remove it")
        require_size(str(path.parent), path.name, path.stat().st_size)
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from None
