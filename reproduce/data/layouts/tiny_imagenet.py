"""Tiny ImageNet as published: its validation images are the test part, since those of its test part have no labels."""

from __future__ import annotations

from collections.abc import Collection

from reproduce.data.image_files import is_image
from reproduce.data.layouts.layout import Contents, DatasetLayout, ImageIndex, ImageLocation, require_labels
from reproduce.errors import DataError

CLASSES = "wnids.txt"
ANNOTATIONS = "val_annotations.txt"


def validation_labels(text: str, origin: str) -> dict[str, str]:
    """The class of each validation image: lines of its name, its class and a box, with tabs between.

    Raises:
        DataError: If a line is another, or names an image again.
    """
    labels: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        name, _, rest = line.partition("\t")
        label = rest.partition("\t")[0]
        if not name or not label or name in labels:
            raise DataError(
                f"{origin}: line {number} of {ANNOTATIONS} must name another image and its class, with a tab between; "
                f"received {line[:80]!r}"
            )
        labels[name] = label
    return labels


def _fits(names: Collection[str]) -> bool:
    return {"train/", CLASSES} <= set(names)


def _index(contents: Contents) -> ImageIndex:
    index = ImageIndex(contents.origin)
    classes = contents.text(CLASSES).split()
    labels = validation_labels(contents.text(f"val/{ANNOTATIONS}"), contents.origin)
    for label in classes:
        index.add_class("train", label)
        index.add_class("test", label)
    images = contents.images_in("val/images")
    require_labels(contents.origin, images, labels, "val/images")
    unknown = set(labels.values()) - set(classes)
    if unknown:
        raise DataError(f"{contents.origin}: class {min(unknown)!r} of {ANNOTATIONS} is not in {CLASSES}")
    for name, path in sorted(images.items()):
        index.add("test", labels[name], name, ImageLocation(path))
    for path in sorted(path for path in contents.files if path.parts[0] == "train" and is_image(path.name)):
        if len(path.parts) != 4 or path.parts[2] != "images" or path.parts[1] not in classes:
            raise DataError(
                f"{contents.origin}: {path} is not where Tiny ImageNet has its images, train/CLASS/images, with CLASS "
                f"one of {CLASSES}: move or remove it"
            )
        index.add("train", path.parts[1], path.name, ImageLocation(path))
    return index


TINY_IMAGENET = DatasetLayout(
    f"Tiny ImageNet: train/CLASS/images, val/images, val/{ANNOTATIONS}, {CLASSES}",
    _fits,
    _index,
    notes=(CLASSES, ANNOTATIONS),
    unlabelled=("test",),
)
