"""Stanford Cars as published: images in two folders, classes and labels in MATLAB files of its development kit."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from reproduce.data.layouts.layout import Contents, DatasetLayout, ImageIndex, ImageLocation, require_labels
from reproduce.data.matlab import Value
from reproduce.errors import DataError

CLASSES, TRAIN_LABELS, TEST_LABELS = "cars_meta.mat", "cars_train_annos.mat", "cars_test_annos_withlabels.mat"


def class_names(value: Value, origin: str) -> list[str]:
    """The variable ``class_names`` of the kit's cars_meta.mat.

    Raises:
        DataError: If it is not a list of different texts.
    """
    names = [name for name in value if isinstance(name, str) and name] if isinstance(value, list) else []
    if not names or len(names) != len(value) or len(set(names)) != len(names):
        raise DataError(f"{origin}: class_names in {CLASSES} must be a list of different names: fetch it again")
    return names


def image_labels(value: Value, num_classes: int, origin: str) -> dict[str, int]:
    """The variable ``annotations`` of the kit's files: for each image its class, counted from 0; MATLAB counts from 1.

    Raises:
        DataError: If it does not hold names and classes, or a class is none of ``num_classes``.
    """
    labels: dict[str, int] = {}
    for row in value if isinstance(value, list) else [value]:
        name, label = (row.get("fname"), row.get("class")) if isinstance(row, dict) else (None, None)
        numbers = label.tolist() if isinstance(label, np.ndarray) else []
        if not isinstance(name, str) or len(numbers) != 1 or name in labels:
            raise DataError(f"{origin}: annotations must hold each image's fname once, and its class: fetch it again")
        if numbers[0] not in range(1, num_classes + 1):
            raise DataError(f"{origin}: {name} is labelled {numbers[0]}, but there are {num_classes} classes")
        labels[name] = int(numbers[0]) - 1
    return labels


def _fits(names: Collection[str]) -> bool:
    return any(name in names for name in ("cars_train/", "cars_train.tgz"))


def _index(contents: Contents) -> ImageIndex:
    index = ImageIndex(contents.origin)
    names = class_names(contents.matlab("class_names", f"devkit/{CLASSES}"), contents.origin)
    for part, folder, paths in (
        ("train", "cars_train", [f"devkit/{TRAIN_LABELS}"]),
        ("test", "cars_test", [TEST_LABELS, f"devkit/{TEST_LABELS}"]),
    ):
        labels = image_labels(contents.matlab("annotations", *paths), len(names), f"{contents.origin}: {paths[0]}")
        images = contents.images_in(folder)
        require_labels(contents.origin, images, labels, folder)
        for name, path in sorted(images.items()):
            index.add(part, names[labels[name]], name, ImageLocation(path))
    return index


CARS196 = DatasetLayout(
    f"Stanford Cars: cars_train, cars_test and devkit, each a folder or .tgz, and {TEST_LABELS}",
    _fits,
    _index,
    notes=(CLASSES, TRAIN_LABELS, TEST_LABELS),
)
