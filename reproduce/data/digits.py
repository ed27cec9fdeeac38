"""Scikit-learn's digits, real handwriting of 8 by 8 pixels with values 0 to 16: alone, or side by side as numbers."""

from __future__ import annotations

from importlib import util
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reproduce.data.dataset import Dataset, Part, hashed_order, limits, share
from reproduce.data.images import resize_all
from reproduce.data.settings import DigitSettings

_LARGEST_PIXEL = 16
#: Images that are resized first get this many times their 17 grey levels, so that means between them are not lost.
_FINER = 15
#: How many numbers each source has as classes, and with how many digits they are written.
_NUMBERS = {"digits": (10, 1), "digits100": (100, 2), "digits200": (200, 3)}


def load_digits(settings: DigitSettings) -> Dataset:
    """The 1,797 digits, or the numbers 00 to 99 or 000 to 199 written with them.

    Each digit's images are split in the order of their own hashes. The numbers of a part are written with that part's
    digits alone, so that no image of the test or validation part is seen in training. Other images by the same writers
    are: scikit-learn does not say who wrote which.
    """
    num_classes, num_digits = _NUMBERS[settings.source]
    sources = _split_digits(settings)
    most = limits(settings)
    parts = {
        name: _number_part(sources[name], num_classes, num_digits, most[name], settings.image_size) for name in sources
    }
    classes = tuple(f"{number:0{num_digits}}" for number in range(num_classes))
    return Dataset(settings.source, classes, _LARGEST_PIXEL * (_FINER if settings.image_size else 1), **parts)


def read_digits() -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """Read all digits in scikit-learn's order: [1797, 8, 8, 1] pixels from 0 to 16, and their labels.

    The file is read as it lies in the package. To import scikit-learn, with SciPy's statistics and pandas, would take
    longer than all else that a search does before it computes.

    Raises:
        ModuleNotFoundError: If scikit-learn is not installed.
    """
    found = util.find_spec("sklearn")
    if found is None or not found.submodule_search_locations:
        raise ModuleNotFoundError("No module named 'sklearn'", name="sklearn")
    path = Path(found.submodule_search_locations[0]) / "datasets" / "data" / "digits.csv.gz"
    values = np.loadtxt(path, np.uint8, delimiter=",")
    return values[:, :-1].reshape(-1, 8, 8, 1), values[:, -1].astype(np.int32)


def _split_digits(settings: DigitSettings) -> dict[str, list[list[NDArray[np.uint8]]]]:
    """List for each part the images of each digit."""
    images, labels = read_digits()
    parts: dict[str, list[list[NDArray[np.uint8]]]] = {"train": [], "validation": [], "test": []}
    for digit in range(10):
        members = _hashed(list(images[labels == digit]), "digits")
        num_test = share(len(members), settings.test_fraction)
        num_validation = share(len(members) - num_test, settings.validation_fraction)
        parts["test"].append(members[:num_test])
        parts["validation"].append(members[num_test : num_test + num_validation])
        parts["train"].append(members[num_test + num_validation :])
    return parts


def _number_part(
    digits: list[list[NDArray[np.uint8]]], num_classes: int, num_digits: int, most: int | None, size: int | None
) -> Part:
    images = [_write(f"{number:0{num_digits}}", digits)[:most] for number in range(num_classes)]
    labels = np.repeat(np.arange(num_classes, dtype=np.int32), [len(each) for each in images])
    pixels = np.concatenate(images)
    return Part(resize_all(pixels * np.uint8(_FINER), size) if size else pixels, labels)


def _write(number: str, digits: list[list[NDArray[np.uint8]]]) -> NDArray[np.uint8]:
    """Every image of ``number``: its digits side by side, each in an order of its own, as far as the rarest goes."""
    places = [_hashed(digits[int(digit)], f"{number}/{place}") for place, digit in enumerate(number)]
    return np.stack([np.concatenate(columns, axis=1) for columns in zip(*places, strict=False)])


def _hashed(images: list[NDArray[np.uint8]], salt: str) -> list[NDArray[np.uint8]]:
    return hashed_order(images, [image.tobytes() for image in images], salt)
