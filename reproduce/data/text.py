"""Two founding documents of the United States as a task for language models: which character comes next."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from reproduce.data.dataset import Dataset, Part, hashed_order, share
from reproduce.data.settings import TextSettings
from reproduce.errors import DataError

#: The Declaration of Independence and the Constitution with its amendments, one paragraph a line; public domain.
PATH = Path(__file__).resolve().parent / "charters.txt"
SHA256 = "781d3414ea61aea713233985718c224e3810fc6b6ca41096fe7da08cea2f04f6"


def load_text(settings: TextSettings) -> Dataset:
    """The text in disjoint windows, split in the order of the windows' hashes.

    Each window of L + 1 characters gives L inputs, all but its last, and L labels, all but its first: no character of
    the validation and test parts is seen in training.

    Raises:
        DataError: If the file is missing or altered.
    """
    text = _read_text()
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


def _read_text() -> str:
    try:
        content = PATH.read_bytes()
    except OSError as error:
        raise DataError(f"cannot read the text {PATH}: {error.strerror}; install this project again") from None
    found = hashlib.sha256(content).hexdigest()
    if found != SHA256:
        raise DataError(f"the text {PATH} has SHA-256 {found}, not {SHA256}: install this project again")
    return content.decode("ascii")


def _part(windows: list[str], classes: tuple[str, ...]) -> Part:
    index = {character: number for number, character in enumerate(classes)}
    codes = np.array([[index[character] for character in window] for window in windows], np.int32)
    return Part(np.ascontiguousarray(codes[:, :-1]), np.ascontiguousarray(codes[:, 1:]))
