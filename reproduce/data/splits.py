"""Splits that depend on the images alone: no random generator, no order of files or rows."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeVar

from reproduce.data.settings import PictureSettings

Item = TypeVar("Item")


def hashed_order(items: Sequence[Item], keys: Sequence[bytes], salt: str) -> list[Item]:
    """``items`` in the order of SHA-256(salt, key); equal keys keep the order they came in."""
    digests = [hashlib.sha256(salt.encode() + b"\0" + key).digest() for key in keys]
    return [items[index] for index in sorted(range(len(items)), key=digests.__getitem__)]


def share(count: int, fraction: float) -> int:
    """How many of ``count`` a fraction is: rounded, at least one, and at least one left over.

    Raises:
        ValueError: If there are fewer than two.
    """
    if count < 2:
        raise ValueError(f"{count} cannot be split in two")
    return min(max(round(count * fraction), 1), count - 1)


def limits(settings: PictureSettings) -> dict[str, int | None]:
    """The most images of a class in each part; None for all."""
    together, validation = settings.train_per_class, None
    if together is not None:
        validation = share(together, settings.validation_fraction)
        together -= validation
    return {
        "train": together,
        "validation": validation,
        "test": settings.test_per_class,
    }
