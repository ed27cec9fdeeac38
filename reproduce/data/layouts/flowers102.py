"""Oxford Flowers 102 as published: images in one folder, labels and parts in two MATLAB files; classes have numbers."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from reproduce.data.layouts.layout import Contents, DatasetLayout, ImageIndex, ImageLocation, require_labels
from reproduce.errors import DataError

LABELS, PARTS_FILE = "imagelabels.mat", "setid.mat"
#: What the published parts are used for.
_PARTS = {"trnid": "train", "valid": "train", "tstid": "test"}


def _fits(names: Collection[str]) -> bool:
    return {LABELS, PARTS_FILE} <= set(names) and ("jpg/" in names or "102flowers.tgz" in names)


def _index(contents: Contents) -> ImageIndex:
    index = ImageIndex(contents.origin)
    labels = _numbers(contents, LABELS, "labels")
    parts: dict[str, tuple[str, int]] = {}
    for published, part in _PARTS.items():
        for number in _numbers(contents, PARTS_FILE, published):
            name = f"image_{number:05}.jpg"
            if not 1 <= number <= len(labels) or name in parts:
                raise DataError(
                    f"{contents.origin}: {PARTS_FILE} names image {number} twice, or {LABELS} has no label for it"
                )
            parts[name] = part, labels[number - 1]
    images = contents.images_in("jpg")
    require_labels(contents.origin, images, parts, "jpg")
    for name, (part, label) in sorted(parts.items()):
        index.add(part, f"{label:03}", name, ImageLocation(images[name]))
    return index


def _numbers(contents: Contents, path: str, variable: str) -> list[int]:
    values = contents.matlab(variable, path)
    numbers = values.tolist() if isinstance(values, np.ndarray) else []
    if not all(1 <= number < 2**16 and number == int(number) for number in numbers) or not numbers:
        raise DataError(f"{contents.origin}: {variable} in {path} must hold whole numbers from 1: fetch it again")
    return [int(number) for number in numbers]


FLOWERS102 = DatasetLayout(
    f"Oxford Flowers 102: jpg or 102flowers.tgz, {LABELS}, {PARTS_FILE}", _fits, _index, notes=(LABELS, PARTS_FILE)
)
