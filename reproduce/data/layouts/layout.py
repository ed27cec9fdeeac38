"""Base of layouts, the ways in which a data set's images, parts and classes lie in files; and the plainest layout."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import NamedTuple

from reproduce.data.image_files import PARTS, ImageFile, is_image
from reproduce.data.matlab import MatlabError, Value, read_matlab
from reproduce.data.trees import one_spelling
from reproduce.errors import DataError


@dataclass(frozen=True)
class Contents:
    """The files of a data set.

    Attributes:
        origin: Where it lies, for people.
        files: Their paths, from the data set's own folder.
        folders: Those of the folders.
        notes: The contents of the files that a layout asks for.
    """

    origin: str
    files: Collection[PurePosixPath]
    folders: Collection[PurePosixPath]
    notes: Mapping[PurePosixPath, bytes]

    def note(self, *paths: str) -> bytes:
        """The contents of the first of ``paths`` that is there.

        Raises:
            DataError: If none is.
        """
        for path in paths:
            if PurePosixPath(path) in self.notes:
                return self.notes[PurePosixPath(path)]
        raise DataError(f"{self.origin} has no {paths[0]}, which belongs to the data set as published: fetch it again")

    def text(self, path: str) -> str:
        """The same as UTF-8 text.

        Raises:
            DataError: If it is not there, or not UTF-8.
        """
        try:
            return self.note(path).decode("utf-8")
        except UnicodeDecodeError as error:
            raise DataError(f"{self.origin}: {path} is not UTF-8 ({error}): fetch it again") from None

    def matlab(self, variable: str, *paths: str) -> Value:
        """A variable of the first of ``paths`` that is there, a MATLAB file.

        Raises:
            DataError: If none is, or it has no such variable.
        """
        content = self.note(*paths)
        try:
            return read_matlab(content)[variable]
        except MatlabError as error:
            raise DataError(f"{self.origin}: cannot read {paths[0]}: {error}; fetch it again") from None
        except KeyError:
            raise DataError(f"{self.origin}: {paths[0]} has no variable {variable}: fetch it again") from None

    def images_in(self, folder: str) -> dict[str, PurePosixPath]:
        """The images that lie in ``folder`` itself, by their names."""
        return {path.name: path for path in self.files if path.parent == PurePosixPath(folder) and is_image(path.name)}


class ImageLocation(NamedTuple):
    """Where an image lies.

    Attributes:
        path: The file.
        row: Which of the images in the file; None where the file is the image.
    """

    path: PurePosixPath
    row: int | None = None


@dataclass
class ImageIndex:
    """Which images there are.

    Attributes:
        origin: Where the data set lies, for people.
        listing: For each part and class the names of its images.
        places: Where each image lies.
    """

    origin: str
    listing: dict[str, dict[str, list[str]]] = field(default_factory=lambda: {part: {} for part in PARTS})
    places: dict[ImageFile, ImageLocation] = field(default_factory=dict)
    _folders: dict[tuple[str, str], str] = field(default_factory=dict)

    def add_class(self, part: str, label: str) -> str:
        """A class, which may have no images; returns its name in one spelling.

        Raises:
            DataError: If it is not UTF-8, or two names of a part are one to a reader.
        """
        spelled = one_spelling(label, self.origin)
        if self._folders.setdefault((part, spelled), label) != label:
            raise DataError(f"{self.origin}: {part} has two classes {spelled!r}, in two spellings: put them into one")
        self.listing[part].setdefault(spelled, [])
        return spelled

    def add(self, part: str, label: str, name: str, place: ImageLocation) -> None:
        """Add an image.

        Raises:
            DataError: As `add_class`, and the same for the image's name.
        """
        image = ImageFile(part, self.add_class(part, label), one_spelling(name, self.origin))
        if image in self.places:
            raise DataError(f"{self.origin} has two images {image}, in two spellings: rename one")
        self.places[image] = place
        self.listing[part][image.label].append(image.name)


@dataclass(frozen=True)
class DatasetLayout:
    """One way.

    Attributes:
        title: Says for people what lies where.
        fits: Whether a folder that holds these is laid out so: names of files, and of folders with "/" at their end.
        index: Which images there are.
        notes: Names of the files that `index` reads.
        image: Cuts an image out of a file that holds many; None where each is a file.
        unlabelled: Folders of images without labels that the data set is published with; they are not read.
    """

    title: str
    fits: Callable[[Collection[str]], bool]
    index: Callable[[Contents], ImageIndex]
    notes: Collection[str] = ()
    image: Callable[[bytes, int], bytes] | None = None
    unlabelled: Collection[str] = ()


def require_labels(origin: str, images: Collection[str], labels: Collection[str], where: str) -> None:
    """Refuse images without a label, and labels without an image.

    Args:
        origin: For messages.
        images: Names of the images that are there.
        labels: Names of those that have labels.
        where: The images' folder.

    Raises:
        DataError: If the two differ.
    """
    without, missing = sorted(set(images) - set(labels)), sorted(set(labels) - set(images))
    if without:
        raise DataError(
            f"{origin}: {where}/{without[0]} has no label ({len(without)} images have none): fetch it again"
        )
    if missing:
        raise DataError(
            f"{origin} has no {where}/{missing[0]}, which has a label ({len(missing)} images are missing): fetch it "
            "again"
        )


def _fits(names: Collection[str]) -> bool:
    return all(f"{part}/" in names for part in PARTS)


def _index(contents: Contents) -> ImageIndex:
    index = ImageIndex(contents.origin)
    for folder in sorted(contents.folders):
        if len(folder.parts) == 2 and folder.parts[0] in PARTS:
            index.add_class(*folder.parts)
    images = (path for path in contents.files if path.parts[0] in PARTS and is_image(path.name))
    for path in sorted(images, key=lambda path: path.parts):  # Quicker than by paths, which split themselves each time.
        if len(path.parts) != 3:
            where = "below" if len(path.parts) > 3 else "outside"
            raise DataError(
                f"{contents.origin}: {path} lies {where} the class folders, which are {path.parts[0]}/CLASS: put it "
                "into one of them, or remove it"
            )
        index.add(path.parts[0], path.parts[1], path.name, ImageLocation(path))
    return index


CLASS_FOLDERS = DatasetLayout("class folders, {train,test}/CLASS/*.jpg", _fits, _index)
