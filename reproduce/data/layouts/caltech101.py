"""Caltech 101 as published: one folder of 102 class folders, the background among them, and no split."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from pathlib import PurePosixPath

from reproduce.data.dataset import hashed_order
from reproduce.data.image_files import is_image
from reproduce.data.layouts.layout import Contents, DatasetLayout, ImageIndex, ImageLocation
from reproduce.data.trees import one_spelling
from reproduce.errors import DataError

FOLDER = "101_ObjectCategories"
#: Tells the folder of classes itself from one of anybody's own.
BACKGROUND = "BACKGROUND_Google"
#: Training images of each class, as is usual for this data set.
NUM_TRAIN = 30


def _fits(names: Collection[str]) -> bool:
    return f"{FOLDER}/" in names or f"{BACKGROUND}/" in names or f"{FOLDER}.tar.gz" in names


def _index(contents: Contents) -> ImageIndex:
    """Split images: the first 30 of a class, in the order of SHA-256 over class and name, are for training."""
    index = ImageIndex(contents.origin)
    top = PurePosixPath(FOLDER if PurePosixPath(FOLDER) in contents.folders else ".")
    depth = len(top.parts) + 1
    images: dict[str, list[PurePosixPath]] = defaultdict(list)
    for folder in contents.folders:
        if folder.parent == top:
            images[folder.name] = []
    for path in sorted(path for path in contents.files if top in path.parents and is_image(path.name)):
        if len(path.parts) != depth + 1:
            raise DataError(
                f"{contents.origin}: {path} is not where Caltech 101 has its images, {FOLDER}/CLASS: move or remove it"
            )
        images[path.parent.name].append(path)
    for label, paths in sorted(images.items()):
        if len(paths) <= NUM_TRAIN:
            raise DataError(
                f"{contents.origin}: {FOLDER}/{label} has {len(paths)} images; {NUM_TRAIN} are for training, and at "
                "least one must be left for the test: fetch it again, or bring class folders in train and test"
            )
        names = [one_spelling(f"{label}/{path.name}", contents.origin).encode() for path in paths]
        for number, path in enumerate(hashed_order(paths, names, "caltech101")):
            index.add("train" if number < NUM_TRAIN else "test", label, path.name, ImageLocation(path))
    return index


CALTECH101 = DatasetLayout(f"Caltech 101: {FOLDER}/CLASS, or {FOLDER}.tar.gz", _fits, _index)
