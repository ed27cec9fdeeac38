"""What every data source gives: labelled images in three parts, and a checksum over all of it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Part:
    """Labelled images.

    Attributes:
        images: uint8, shape (n, height, width, channels).
        labels: int32, shape (n,), indices into the data set's classes.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, eq=False)
class Dataset:
    """One task.

    Attributes:
        name: The task's name in rows and tables.
        classes: Class names; a label is an index into them.
        largest_pixel: The pixel value that stands for 1.
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
    def image_shape(self) -> tuple[int, int, int]:
        """Height, width, channels."""
        height, width, channels = self.train.images.shape[1:]
        return height, width, channels

    def checksum(self) -> str:
        """SHA-256 over classes, pixels, labels and the way they are split."""
        digest = hashlib.sha256(json.dumps([self.classes, self.largest_pixel]).encode())
        for part in (self.train, self.validation, self.test):
            digest.update(repr(part.images.shape).encode())
            digest.update(np.ascontiguousarray(part.images).data)
            digest.update(np.ascontiguousarray(part.labels, dtype="<i4").data)
        return digest.hexdigest()
