"""CIFAR-10 and CIFAR-100 as published in their binary version: files of records, each labels and 32 by 32 pixels."""

from __future__ import annotations

import io
from collections.abc import Collection
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath

import numpy as np

from reproduce.data.layouts.layout import Contents, DatasetLayout, ImageIndex, ImageLocation
from reproduce.errors import DataError

_SIDE = 32
_PIXELS = 3 * _SIDE * _SIDE


@dataclass(frozen=True)
class _Version:
    """The differences between CIFAR-10 and CIFAR-100.

    Attributes:
        title: The data set's name.
        archive: The published archive of the binary version.
        classes: The file of class names, one a line.
        num_labels: Bytes of labels before the pixels; the last is the class.
        parts: The part that each file belongs to.
    """

    title: str
    archive: str
    classes: str
    num_labels: int
    parts: dict[str, str]

    @property
    def record(self) -> int:
        """Bytes of one image with its labels."""
        return self.num_labels + _PIXELS


def _fits(version: _Version, names: Collection[str]) -> bool:
    return version.classes in names and any(name in names for name in version.parts)


def _index(version: _Version, contents: Contents) -> ImageIndex:
    index = ImageIndex(contents.origin)
    classes = [name for name in contents.text(version.classes).splitlines() if name]
    if len(set(classes)) != len(classes):
        raise DataError(f"{contents.origin}: {version.classes} names a class twice: fetch it again")
    for name, part in version.parts.items():
        content = contents.note(name)
        if not content or len(content) % version.record:
            raise DataError(
                f"{contents.origin}: {name} is of {len(content)} bytes; expected a multiple of {version.record}: it is "
                "cut short, fetch it again"
            )
        labels = content[version.num_labels - 1 :: version.record]
        if max(labels) >= len(classes):
            raise DataError(
                f"{contents.origin}: {name} has the label {max(labels)}, but there are {len(classes)} classes"
            )
        path = PurePosixPath(name)
        for row, label in enumerate(labels):
            index.add(part, classes[label], f"{path.stem}-{row:05}", ImageLocation(path, row))
    return index


def _image(version: _Version, content: bytes, row: int) -> bytes:
    """One image as a bitmap file, which loses nothing: the record has its red, then its green and blue values."""
    from PIL import Image

    start = row * version.record + version.num_labels
    pixels = np.frombuffer(content, np.uint8, _PIXELS, start).reshape(3, _SIDE, _SIDE)
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels.transpose(1, 2, 0))).save(file, "BMP")
    return file.getvalue()


def _layout(version: _Version) -> DatasetLayout:
    return DatasetLayout(
        f"{version.title}: the files of {version.archive}",
        partial(_fits, version),
        partial(_index, version),
        notes=(version.classes, *version.parts),
        image=partial(_image, version),
    )


_CIFAR10 = _Version(
    "CIFAR-10",
    "cifar-10-binary.tar.gz",
    "batches.meta.txt",
    1,
    {**{f"data_batch_{number}.bin": "train" for number in range(1, 6)}, "test_batch.bin": "test"},
)
_CIFAR100 = _Version(
    "CIFAR-100", "cifar-100-binary.tar.gz", "fine_label_names.txt", 2, {"train.bin": "train", "test.bin": "test"}
)
CIFAR10, CIFAR100 = _layout(_CIFAR10), _layout(_CIFAR100)


def _fits_another_version(names: Collection[str]) -> bool:
    return any({first, meta} <= set(names) for first, meta in _OTHERS)


def _refuse(contents: Contents) -> ImageIndex:
    raise DataError(
        f"{contents.origin} is the version of CIFAR for Python or MATLAB, which is not read: Python's is in pickle, "
        f"which can run code. Bring the binary version instead, {_CIFAR10.archive} or {_CIFAR100.archive}, from "
        "https://www.cs.toronto.edu/~kriz/cifar.html"
    )


_OTHERS = (
    ("data_batch_1", "batches.meta"),
    ("train", "meta"),
    ("data_batch_1.mat", "batches.meta.mat"),
    ("train.mat", "meta.mat"),
)
OTHER_CIFAR = DatasetLayout("", _fits_another_version, _refuse)
