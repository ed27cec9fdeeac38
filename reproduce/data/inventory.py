"""Inventory of the data sets that are here, and whether they are whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from reproduce.data.catalog import CATALOG, DatasetInfo
from reproduce.data.image_files import PARTS, Listing, check_listing, content_checksum
from reproduce.data.settings import DIGIT_SOURCES, TEXT_SOURCES, DataSettings, DigitSettings, TextSettings
from reproduce.data.sources import find_files, how_to_get, load_dataset
from reproduce.data.tree_files import TreeFiles
from reproduce.errors import DataError

#: How the data sets that come with the project are cut when they are counted; their protocols may cut them otherwise.
_CUTS: Sequence[DataSettings] = (
    *(DigitSettings(source=name, validation_fraction=0.25, test_fraction=0.4) for name in DIGIT_SOURCES),
    *(TextSettings(source=name, window=64, validation_fraction=0.25, test_fraction=0.4) for name in TEXT_SOURCES),
)
_BUILT_IN: Mapping[str, DataSettings] = {settings.source: settings for settings in _CUTS}
#: The origin of what comes with the project.
BUILT_IN = "built in"
NAMES = (*_BUILT_IN, *CATALOG)


@dataclass(frozen=True)
class Found:
    """A data set that is here.

    Attributes:
        name: Its name.
        origin: Where it lies.
        num_classes: How many classes it has, or different characters.
        counts: Samples in training (with validation) and test.
        published: The counts of the published split; None where there is none that is the same everywhere.
        licence: Its licence, or "unknown".
        checksum: SHA-256 over the samples; None where they were only counted.
        fault: Why no experiment can use it, as far as names tell; None where one can.
        unread: How many images lie beside its layout and are not read, by folder.
    """

    name: str
    origin: str
    num_classes: int
    counts: tuple[int, int]
    published: tuple[int, int] | None
    licence: str
    checksum: str | None
    fault: str | None = None
    unread: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Missing:
    """A data set that is not here.

    Attributes:
        name: Its name.
        remedy: How to get it.
        licence: Its licence, or "unknown".
    """

    name: str
    remedy: str
    licence: str


def inspect(name: str, data_dir: Path | None, *, verify: bool) -> Found | Missing:
    """Look for a data set and count it.

    Args:
        name: One of `NAMES`.
        data_dir: See `reproduce.data.load_dataset`.
        verify: Whether to read and decode every image, and give the checksum.

    Raises:
        DataError: For a name that is not known, a data set that is damaged or not laid out as one, and, with
            ``verify``, for one with a fault.
    """
    if name in _BUILT_IN:
        return _inspect_built_in(name, verify)
    if name not in CATALOG:
        raise DataError(f"no data set {name!r}; there are: {', '.join(NAMES)}")
    return _inspect_files(CATALOG[name], data_dir, verify)


def _inspect_built_in(name: str, verify: bool) -> Found:
    dataset = load_dataset(_BUILT_IN[name])
    counts = (len(dataset.train) + len(dataset.validation), len(dataset.test))
    checksum = dataset.checksum() if verify else None
    licence = "public domain" if name in TEXT_SOURCES else "BSD-3-Clause, CC BY 4.0"
    return Found(name, BUILT_IN, len(dataset.classes), counts, None, licence, checksum)


def _inspect_files(entry: DatasetInfo, data_dir: Path | None, verify: bool) -> Found | Missing:
    files = find_files(entry, data_dir)
    if files is None:
        return Missing(entry.name, how_to_get(entry), entry.licence)
    listing = files.listing()
    fault = _fault(listing, files.origin)
    if verify and fault:
        raise DataError(fault)
    train, test = (sum(len(images) for images in listing[part].values()) for part in PARTS)
    published = (entry.train_images, entry.test_images) if entry.train_images and entry.test_images else None
    return Found(
        name=entry.name,
        origin=files.origin,
        num_classes=len({label for part in PARTS for label in listing[part]}),
        counts=(train, test),
        published=published,
        licence=entry.licence,
        checksum=content_checksum(files, listing, check_images=True) if verify else None,
        fault=fault,
        unread=files.unread if isinstance(files, TreeFiles) else {},
    )


def _fault(listing: Listing, origin: str) -> str | None:
    try:
        check_listing(listing, origin)
    except DataError as error:
        return str(error)
    return None
