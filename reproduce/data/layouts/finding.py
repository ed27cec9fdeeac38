"""Which layout a folder or archive has, and in which of its folders the data set lies."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from reproduce.data.image_files import LAYOUT, PARTS
from reproduce.data.layouts.caltech101 import CALTECH101
from reproduce.data.layouts.cars196 import CARS196
from reproduce.data.layouts.cifar import CIFAR10, CIFAR100, OTHER_CIFAR
from reproduce.data.layouts.flowers102 import FLOWERS102
from reproduce.data.layouts.layout import CLASS_FOLDERS, DatasetLayout
from reproduce.data.layouts.tiny_imagenet import TINY_IMAGENET
from reproduce.errors import DataError

#: The first that fits is taken: Tiny ImageNet has folders train and test too.
LAYOUTS = (TINY_IMAGENET, CALTECH101, FLOWERS102, CARS196, CIFAR10, CIFAR100, OTHER_CIFAR, CLASS_FOLDERS)
#: Names of the files that a layout may read beside images.
NOTES = frozenset(name for layout in LAYOUTS for name in layout.notes)
#: The top of a folder or archive.
TOP = ""


def find_layout(names: Mapping[str, Collection[str]], origin: str) -> tuple[str, DatasetLayout]:
    """The folder that is a data set, and how it is laid out: the top itself, or the one folder in it that is.

    Args:
        names: The names of what lies at the top (under `TOP`) and in each folder there, folders with "/" at their end.
        origin: For messages.

    Raises:
        DataError: If none is laid out as a data set, or several are.
    """
    fits = {folder: layout for folder in names if (layout := layout_of(names[folder])) is not None}
    if TOP in fits:
        return TOP, fits[TOP]
    begun = sorted(folder for folder in names if any(f"{part}/" in names[folder] for part in PARTS))
    several = sorted(fits) if len(fits) > 1 else begun
    if len(several) > 1:
        raise DataError(
            f"{origin} holds several data sets ({', '.join(folder or '.' for folder in several)}): name one of "
            "them, or keep one in each archive"
        )
    if fits:
        return next(iter(fits.items()))
    if begun:
        missing = next(part for part in PARTS if f"{part}/" not in names[begun[0]])
        raise DataError(
            f"{origin} has no folders train and test, nor a folder that has: there are no class folders in {missing}; "
            f"{LAYOUT}"
        )
    raise DataError(
        f"{origin} has no class folders in train and test, nor a folder that has, and is no published data set; "
        f"{LAYOUT}, or one of: {'; '.join(layout.title for layout in LAYOUTS if layout.title)}"
    )


def layout_of(names: Collection[str]) -> DatasetLayout | None:
    """The layout of a folder that holds these, as `find_layout` takes them; None if it is no data set."""
    return next((layout for layout in LAYOUTS if layout.fits(names)), None)
