"""Images in a folder of class folders, ``NAME/{train,test}/CLASS/*.jpg``."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from reproduce.data.image_files import LAYOUT, PARTS, ImageFile, Listing, is_image
from reproduce.errors import DataError


@dataclass(frozen=True)
class FolderFiles:
    """See `reproduce.data.image_files.ImageFiles`.

    Attributes:
        root: The folder that holds train and test.
    """

    root: Path

    @property
    def name(self) -> str:
        """That of the folder."""
        return self.root.resolve().name

    @property
    def origin(self) -> str:
        """The folder's path."""
        return str(self.root)

    def listing(self) -> Listing:
        """The images of each class folder.

        Raises:
            DataError: If a folder cannot be listed.
        """
        return {
            part: {
                folder.name: [path.name for path in _listed(folder) if is_image(path.name) and path.is_file()]
                for folder in _listed(self.root / part)
                if folder.is_dir()
            }
            for part in PARTS
        }

    def read(self, wanted: Collection[ImageFile]) -> Iterator[tuple[ImageFile, bytes]]:
        """The contents of some files.

        Raises:
            DataError: If one cannot be read.
        """
        for image in wanted:
            try:
                yield image, self.root.joinpath(*image).read_bytes()
            except OSError as error:
                raise DataError(f"cannot read {self.root.joinpath(*image)}: {error.strerror}") from None

    def fingerprint(self) -> None:
        """None: it would take as long as reading everything."""


def find_root(folder: Path) -> Path:
    """``folder`` if it holds train and test, or the one folder in it that does.

    Raises:
        DataError: If there is no such folder, or more than one.
    """
    if not folder.is_dir():
        raise DataError(f"no folder {folder}; {LAYOUT}")
    if _has_parts(folder):
        return folder
    inner = [path for path in _listed(folder) if path.is_dir() and _has_parts(path)]
    if not inner:
        raise DataError(f"{folder} has no folders train and test, nor a folder that has; {LAYOUT}")
    if len(inner) > 1:
        raise DataError(f"{folder} holds several data sets ({', '.join(p.name for p in inner)}): name one of them")
    return inner[0]


def _has_parts(folder: Path) -> bool:
    return all((folder / part).is_dir() for part in PARTS)


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise DataError(f"cannot list {folder}: {error.strerror}") from None
