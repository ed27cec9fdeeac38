"""Scikit-learn's digits: 1,797 real handwritten digits of 8 by 8 pixels with values 0 to 16."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reproduce.data.dataset import Dataset, Part
from reproduce.data.splits import hashed_order, share
from reproduce.study.protocol import DigitsSettings


def load_digits(settings: DigitsSettings) -> Dataset:
    """The digits, split by class in the order of each image's own hash."""
    from sklearn import datasets

    pixels, labels = datasets.load_digits(return_X_y=True)
    images = pixels.reshape(-1, 8, 8, 1).astype(np.uint8)
    test: list[int] = []
    validation: list[int] = []
    train: list[int] = []
    for label in range(10):
        members = np.flatnonzero(labels == label).tolist()
        order = hashed_order(members, [images[index].tobytes() for index in members], "digits")
        num_test = share(len(order), settings.test_fraction)
        num_validation = share(len(order) - num_test, settings.validation_fraction)
        test += order[:num_test]
        validation += order[num_test : num_test + num_validation]
        train += order[num_test + num_validation :]
    return Dataset(
        name="digits",
        classes=tuple(str(label) for label in range(10)),
        largest_pixel=16,
        train=_part(images, labels, train),
        validation=_part(images, labels, validation),
        test=_part(images, labels, test),
    )


def _part(images: NDArray[np.uint8], labels: NDArray[np.int64], indices: list[int]) -> Part:
    ordered = sorted(indices)
    return Part(images[ordered], labels[ordered].astype(np.int32))
