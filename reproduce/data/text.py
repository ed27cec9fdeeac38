"""Texts as tasks for language models: which character comes next."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reproduce.data.dataset import Dataset, Part, hashed_order, share
from reproduce.data.settings import TextSettings, TextSource
from reproduce.errors import DataError


@dataclass(frozen=True)
class _TextFile:
    """A text that comes with this project: ASCII, one paragraph a line.

    Attributes:
        name: Its file.
        sha256: Of the file.
    """

    name: str
    sha256: str

    @property
    def path(self) -> Path:
        return Path(__file__).resolve().parent / self.name


#: "text" is the Declaration of Independence and the Constitution of the United States with its amendments; "federalist"
#: is The Federalist, 85 essays by Hamilton, Madison and Jay of 1787 and 1788. Both are in the public domain.
TEXTS: Mapping[TextSource, _TextFile] = {
    "text": _TextFile("charters.txt", "781d3414ea61aea713233985718c224e3810fc6b6ca41096fe7da08cea2f04f6"),
    "federalist": _TextFile("federalist.txt", "d5ea914bfcf28b93c2a9424b272322671db6a5d83fa0e8bac860c8070a946240"),
}


def load_text(settings: TextSettings) -> Dataset:
    """The text in disjoint windows, split in the order of the windows' hashes.

    Each window of L + 1 characters gives L inputs, all but its last, and L labels, all but its first: no character of
    the validation and test parts is seen in training.

    Raises:
        DataError: If the file is missing or altered.
    """
    text = _read_text(TEXTS[settings.source])
    classes = tuple(sorted(set(text)))
    length = settings.window + 1
    windows = [text[start : start + length] for start in range(0, len(text) - length + 1, length)]
    ordered = hashed_order(windows, [window.encode() for window in windows], "text")
    num_test = share(len(ordered), settings.test_fraction)
    num_validation = share(len(ordered) - num_test, settings.validation_fraction)
    first_train = num_test + num_validation
    return Dataset(
        name=settings.source,
        classes=classes,
        largest_pixel=1,
        train=_part(ordered[first_train:], classes),
        validation=_part(ordered[num_test:first_train], classes),
        test=_part(ordered[:num_test], classes),
    )


def _read_text(file: _TextFile) -> str:
    try:
        content = file.path.read_bytes()
    except OSError as error:
        raise DataError(f"cannot read the text {file.path}: {error.strerror}; install this project again") from None
    found = hashlib.sha256(content).hexdigest()
    if found != file.sha256:
        raise DataError(f"the text {file.path} has SHA-256 {found}, not {file.sha256}: install this project again")
    return content.decode("ascii")


def _part(windows: list[str], classes: tuple[str, ...]) -> Part:
    index = {character: number for number, character in enumerate(classes)}
    codes = np.array([[index[character] for character in window] for window in windows], np.int32)
    return Part(np.ascontiguousarray(codes[:, :-1]), np.ascontiguousarray(codes[:, 1:]))
