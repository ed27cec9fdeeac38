"""Data sets as every source gives them: labelled samples in three parts, split by content alone, and a checksum."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from reproduce.data.settings import PictureSettings


@dataclass(frozen=True, eq=False)
class Part:
    """Labelled samples.

    Attributes:
        inputs: Images, uint8, shape (n, height, width, channels); or text, int32, shape (n, characters).
        labels: int32, indices into the data set's classes: shape (n,) for images; for text the character after each,
            shape (n, characters).
    """

    inputs: NDArray[Any]
    labels: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, eq=False)
class Dataset:
    """One task.

    Attributes:
        name: The data set's name in rows and tables.
        classes: Class names, or the characters of a text; a label is an index into them.
        largest_pixel: The pixel value that stands for 1; 1 for text, whose inputs are indices.
        train: What weights are fitted to.
        validation: What rates are chosen by.
        test: What is reported, once, at the end of training.
    """

    name: str
    classes: tuple[str, ...]
    largest_pixel: int
    train: Part
    validation: Part
    test: Part

    @property
    def parts(self) -> dict[str, Part]:
        """The three parts by name."""
        return {"train": self.train, "validation": self.validation, "test": self.test}

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one sample: (height, width, channels), or (characters,)."""
        return self.train.inputs.shape[1:]

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Height, width, channels.

        Raises:
            ValueError: For text.
        """
        if self.is_text:
            raise ValueError(f"{self.name} is text of {self.input_shape[0]} characters a sample, not images")
        height, width, channels = self.input_shape
        return height, width, channels

    @property
    def is_text(self) -> bool:
        """Whether samples are characters rather than images."""
        return len(self.input_shape) == 1

    def checksum(self) -> str:
        """SHA-256 over classes, inputs, labels and the way they are split."""
        digest = hashlib.sha256(json.dumps([self.classes, self.largest_pixel]).encode())
        for part in self.parts.values():
            digest.update(repr(part.inputs.shape).encode())
            for array in (part.inputs, part.labels):
                little_endian = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
                digest.update(little_endian.data)
        return digest.hexdigest()


def channel_statistics(part: Part, largest_pixel: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and standard deviation of each channel of ``part``'s images, with pixels divided by ``largest_pixel``.

    Give it the training part: what validation and test are standardised by must not come from them.

    Returns:
        Two arrays of shape (channels,). A channel that never varies has deviation 1, so that dividing by it is safe.

    Raises:
        ValueError: For text.
    """
    if part.inputs.ndim != 4:
        raise ValueError(f"images have 4 axes; received inputs of shape {part.inputs.shape}")
    counts = np.stack([_pixel_counts(part.inputs[..., channel]) for channel in range(part.inputs.shape[-1])])
    values = np.arange(256) / largest_pixel
    mean = counts @ values / counts.sum(axis=1)
    variance = counts @ values**2 / counts.sum(axis=1) - mean**2
    constant = (counts > 0).sum(axis=1) == 1
    deviation = np.where(constant, 1.0, np.sqrt(np.maximum(variance, 0)))
    return mean.astype(np.float32), deviation.astype(np.float32)


def _pixel_counts(channel: NDArray) -> NDArray[np.int64]:
    """How often each of the 256 values occurs: exact, and no float copy of the images."""
    return np.bincount(channel.ravel(), minlength=256)


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
