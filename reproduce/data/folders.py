"""A folder of class folders, ``DIR/{train,test}/CLASS/*.jpg``, read as a data set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reproduce.data.dataset import Dataset, Part
from reproduce.data.splits import hashed_order, share
from reproduce.errors import DataError
from reproduce.study.protocol import FolderSettings

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp")
_LAYOUT = "expected DIR/train/CLASS/*.jpg and DIR/test/CLASS/*.jpg"


def find_root(folder: Path) -> Path:
    """``folder`` if it holds train and test, or the one folder in it that does.

    Raises:
        DataError: If there is no such folder, or more than one.
    """
    if not folder.is_dir():
        raise DataError(f"no folder {folder}; {_LAYOUT}")
    if _has_parts(folder):
        return folder
    inner = [path for path in _listed(folder) if path.is_dir() and _has_parts(path)]
    if not inner:
        raise DataError(f"{folder} has no folders train and test, nor a folder that has; {_LAYOUT}")
    if len(inner) > 1:
        raise DataError(f"{folder} holds several data sets ({', '.join(p.name for p in inner)}): name one of them")
    return inner[0]


def load_folder(folder: Path, settings: FolderSettings) -> Dataset:
    """Read the images of ``folder``; which images and which split depend on their paths alone.

    Raises:
        DataError: For a missing folder or part, a class without images or in one part alone, a class too small to
            split, and an image that cannot be read.
    """
    root = find_root(folder)
    train_files, test_files = _class_files(root / "train"), _class_files(root / "test")
    for here, there, part in ((test_files, train_files, "test"), (train_files, test_files, "train")):
        only = sorted(set(here) - set(there))
        if only:
            raise DataError(f"{root}: class {only[0]!r} is only in {part}: add it to the other part, or remove it")
    if len(train_files) < 2:
        raise DataError(f"{root}: one class only ({', '.join(train_files)}); at least two are needed")
    train: list[tuple[Path, int]] = []
    validation: list[tuple[Path, int]] = []
    test: list[tuple[Path, int]] = []
    for label, name in enumerate(train_files):
        chosen = _choose(train_files[name], settings.train_per_class)
        if len(chosen) < 2:
            raise DataError(f"{root}: class {name!r} has {len(chosen)} train image: at least 2 to split off validation")
        num_validation = share(len(chosen), settings.validation_fraction)
        validation += [(path, label) for path in chosen[:num_validation]]
        train += [(path, label) for path in chosen[num_validation:]]
        test += [(path, label) for path in _choose(test_files[name], settings.test_per_class)]
    return Dataset(
        name=root.resolve().name,
        classes=tuple(train_files),
        largest_pixel=255,
        train=_read_part(train, settings.image_size),
        validation=_read_part(validation, settings.image_size),
        test=_read_part(test, settings.image_size),
    )


def _has_parts(folder: Path) -> bool:
    return (folder / "train").is_dir() and (folder / "test").is_dir()


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise DataError(f"cannot list {folder}: {error.strerror}") from None


def _class_files(part: Path) -> dict[str, list[Path]]:
    """The image files of each class folder, both in the order of their names."""
    folders = [path for path in _listed(part) if path.is_dir()]
    if not folders:
        raise DataError(f"{part} has no class folders; {_LAYOUT}")
    files = {
        folder.name: [path for path in _listed(folder) if path.is_file() and path.suffix.lower() in SUFFIXES]
        for folder in folders
    }
    empty = [name for name, paths in files.items() if not paths]
    if empty:
        raise DataError(f"{part / empty[0]} has no images ({', '.join(SUFFIXES)})")
    return files


def _choose(paths: Sequence[Path], limit: int) -> list[Path]:
    ordered = hashed_order(paths, [f"{path.parent.name}/{path.name}".encode() for path in paths], "folder")
    return ordered[:limit] if limit else ordered


def _read_part(files: Sequence[tuple[Path, int]], size: int) -> Part:
    images = np.empty((len(files), size, size, 3), np.uint8)
    for index, (path, _) in enumerate(files):
        images[index] = _read_image(path, size)
    return Part(images, np.array([label for _, label in files], np.int32))


def _read_image(path: Path, size: int) -> NDArray[np.uint8]:
    from PIL import Image

    try:
        with Image.open(path) as image:
            colours = image.convert("RGB")
            if colours.size != (size, size):
                colours = colours.resize((size, size), Image.Resampling.BOX if _shrinks(colours.size, size) else None)
            return np.asarray(colours, np.uint8)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise DataError(f"cannot read the image {path}: {error}") from None


def _shrinks(size: tuple[int, int], target: int) -> bool:
    return min(size) >= target
