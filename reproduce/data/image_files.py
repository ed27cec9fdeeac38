"""Encoded images in named classes, wherever they lie, and the data set that is made of them."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple, Protocol

import numpy as np

from reproduce.data.dataset import Dataset, Part, hashed_order, limits, share
from reproduce.data.images import decode
from reproduce.data.settings import ImageSettings
from reproduce.errors import DataError

PARTS = ("train", "test")
LAYOUT = "expected NAME/train/CLASS/*.jpg and NAME/test/CLASS/*.jpg"
SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp")


class ImageFile(NamedTuple):
    """One encoded image.

    Attributes:
        part: "train" or "test".
        label: Its class.
        name: What tells it from the other images of its part and class.
    """

    part: str
    label: str
    name: str

    def __str__(self) -> str:
        return "/".join(self)


#: For each part and class the names of its images, which may be none.
Listing = Mapping[str, Mapping[str, Collection[str]]]


class ImageFiles(Protocol):
    """A data set of encoded images: a folder, an archive, or what TensorFlow Datasets has prepared.

    Attributes:
        name: The data set's name.
        origin: Where it lies, for people.
    """

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def origin(self) -> str: ...  # noqa: D102

    def listing(self) -> Listing:
        """List all images.

        Raises:
            DataError: If they cannot be listed.
        """

    def read(self, wanted: Collection[ImageFile]) -> Iterator[tuple[ImageFile, bytes]]:
        """The contents of some, in the order in which they lie.

        Raises:
            DataError: If one cannot be read.
        """

    def fingerprint(self) -> str | None:
        """SHA-256 over everything, if it is quick to have; what is read may be kept under it."""


def is_image(name: str) -> bool:
    """Whether a file of this name is taken for an image: its ending says so and it is not hidden."""
    return not name.startswith(".") and name.lower().endswith(SUFFIXES)


def make_dataset(files: ImageFiles, settings: ImageSettings) -> Dataset:
    """Choose, split and decode; which images and which split depend on their names alone.

    Raises:
        DataError: For a missing part, a class without images or in one part alone, a class too small to split, an
            image that cannot be read, and images of several sizes where none is set.
    """
    listing = _without(files.listing(), settings.leave_out, files.origin)
    classes = check_listing(listing, files.origin)
    chosen: dict[str, list[tuple[ImageFile, int]]] = {"train": [], "validation": [], "test": []}
    most = limits(settings)
    for label, name in enumerate(classes):
        split = _split_class(listing, name, settings, files.origin)
        for part, images in split.items():
            chosen[part] += [(image, label) for image in images[: most[part]]]
    return Dataset(files.name, classes, 255, **_decode_parts(files, chosen, settings.image_size))


def check_listing(listing: Listing, origin: str) -> tuple[str, ...]:
    """The classes, in the order of their names.

    Raises:
        DataError: If a part is missing, a class has no images or is in one part alone, or there is only one class.
    """
    for part in PARTS:
        if not listing.get(part):
            raise DataError(f"{origin} has no class folders in {part}; {LAYOUT}")
        empty = sorted(name for name, images in listing[part].items() if not images)
        if empty:
            raise DataError(
                f"{origin}: {part}/{empty[0]} has no images ({', '.join(SUFFIXES)}): add some, or remove the class "
                "from both parts"
            )
    train, test = (set(listing[part]) for part in PARTS)
    for only, part in ((train - test, "train"), (test - train, "test")):
        if only:
            raise DataError(
                f"{origin}: class {min(only)!r} is only in {part}: add it to the other part, remove it, or name it in "
                f"leave_out (here: {', '.join(sorted(only))})"
            )
    if len(train) < 2:
        raise DataError(f"{origin}: one class only ({', '.join(train)}); at least two are needed")
    return tuple(sorted(train))


def content_checksum(files: ImageFiles, listing: Listing, check_images: bool) -> str:
    """SHA-256 over the names and contents of all images, the same for a folder and an archive of it.

    Args:
        files: The data set.
        listing: Its images.
        check_images: Whether to decode each image too.

    Raises:
        DataError: If an image cannot be read.
    """
    wanted = {
        ImageFile(part, label, name) for part in listing for label in listing[part] for name in listing[part][label]
    }
    digests = {}
    for image, content in files.read(wanted):
        if check_images:
            decode(content, f"{files.origin}: {image}", None)
        digests[image] = hashlib.sha256(content).hexdigest()
    lines = "".join(f"{digests[image]} {image}\n" for image in sorted(digests))
    return hashlib.sha256(lines.encode()).hexdigest()


def _without(listing: Listing, leave_out: Collection[str], origin: str) -> Listing:
    unknown = set(leave_out) - {name for classes in listing.values() for name in classes}
    if unknown:
        raise DataError(f"{origin} has no class {min(unknown)!r} to leave out: mend leave_out")
    return {
        part: {name: images for name, images in classes.items() if name not in leave_out}
        for part, classes in listing.items()
    }


def _split_class(listing: Listing, name: str, settings: ImageSettings, origin: str) -> dict[str, list[ImageFile]]:
    train, test = (_ordered(part, name, listing[part][name]) for part in PARTS)
    train = train[: settings.train_per_class]
    if len(train) < 2:
        raise DataError(
            f"{origin}: class {name!r} has {len(train)} train image, and at least 2 are needed, to split off "
            "validation: add some, or remove the class from both parts"
        )
    num_validation = share(len(train), settings.validation_fraction)
    return {"train": train[num_validation:], "validation": train[:num_validation], "test": test}


def _ordered(part: str, label: str, names: Collection[str]) -> list[ImageFile]:
    images = sorted(ImageFile(part, label, name) for name in names)
    return hashed_order(images, [f"{image.label}/{image.name}".encode() for image in images], "folder")


def _decode_parts(
    files: ImageFiles, chosen: Mapping[str, list[tuple[ImageFile, int]]], size: int | None
) -> dict[str, Part]:
    """All parts in one pass over the files."""
    places = {image: (part, row) for part, rows in chosen.items() for row, (image, _) in enumerate(rows)}
    arrays: dict[str, np.ndarray] = {}
    shape: tuple[int, ...] | None = None
    for image, content in files.read(places):
        pixels = decode(content, f"{files.origin}: {image}", size)
        if shape is None:
            shape = pixels.shape
            arrays = {part: np.empty((len(rows), *shape), np.uint8) for part, rows in chosen.items()}
        if pixels.shape != shape:
            raise DataError(
                f"{files.origin}: {image} is of {pixels.shape[1]} by {pixels.shape[0]} pixels, another of {shape[1]} "
                f"by {shape[0]}: set image_size to bring all to one size"
            )
        part, row = places[image]
        arrays[part][row] = pixels
    return {part: Part(arrays[part], np.array([label for _, label in rows], np.int32)) for part, rows in chosen.items()}
