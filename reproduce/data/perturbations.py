"""Harder training parts of the same data: wrong labels and rare classes, the same ones on every machine."""

from __future__ import annotations

import dataclasses
import hashlib

import numpy as np
from numpy.typing import NDArray

from reproduce.data.dataset import Dataset, Part, hashed_order
from reproduce.data.settings import PictureSettings
from reproduce.errors import DataError


def perturb(dataset: Dataset, settings: PictureSettings) -> Dataset:
    """``dataset`` with the imbalance and then the label noise of ``settings`` in its training part alone.

    Raises:
        DataError: If a class has fewer training images than the imbalance.
    """
    train = dataset.train
    if settings.imbalance > 1:
        train = thin_out(train, dataset.classes, settings.imbalance)
    if settings.label_noise > 0:
        train = mislabel(train, len(dataset.classes), settings.label_noise)
    return dataclasses.replace(dataset, train=train)


def thin_out(part: Part, classes: tuple[str, ...], imbalance: float) -> Part:
    """A long tail: of n images in the first class, n / imbalance in the last, and a geometric fall between.

    n is the size of the smallest class, so that every class can give what is asked of it. A larger imbalance keeps a
    subset of what a smaller one keeps. After Cui et al., "Class-Balanced Loss Based on Effective Number of Samples",
    CVPR 2019.

    Raises:
        DataError: If n is less than the imbalance: the last class would be empty.
    """
    counts = np.bincount(part.labels, minlength=len(classes))
    fewest = int(counts.min())
    if fewest < imbalance:
        raise DataError(
            f"imbalance = {imbalance:g} needs at least as many training images in each class; "
            f"class {classes[int(counts.argmin())]!r} has {fewest}"
        )
    kept: list[int] = []
    for label in range(len(classes)):
        members = np.flatnonzero(part.labels == label).tolist()
        order = hashed_order(members, [part.inputs[index].tobytes() for index in members], "imbalance")
        kept += order[: round(fewest * imbalance ** (-label / (len(classes) - 1)))]
    kept.sort()
    return Part(part.inputs[kept], part.labels[kept])


def mislabel(part: Part, num_classes: int, fraction: float) -> Part:
    """A share of the labels, rounded to whole images, replaced by others drawn evenly from the other classes.

    Which images and what labels follow from the pixels' hashes; more noise mislabels more images, and the same ones.
    """
    order = hashed_order(range(len(part)), [image.tobytes() for image in part.inputs], "label noise")
    labels = part.labels.copy()
    for index in order[: round(len(part) * fraction)]:
        labels[index] = (labels[index] + 1 + _draw(part.inputs[index], num_classes - 1)) % num_classes
    return Part(part.inputs, labels)


def _draw(image: NDArray, count: int) -> int:
    """A number below ``count`` that follows from the pixels."""
    digest = hashlib.sha256(b"another label\0" + image.tobytes()).digest()
    return int.from_bytes(digest[:8], "big") % count
