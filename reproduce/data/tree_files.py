"""A data set's images in a folder or archive, whatever its layout."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path, PurePosixPath

from reproduce.data.folders import Folder, listed
from reproduce.data.image_files import LAYOUT, ImageFile, Listing, is_image
from reproduce.data.layouts.finding import NOTES, TOP, find_layout, layout_of
from reproduce.data.layouts.layout import Contents, DatasetLayout, ImageIndex
from reproduce.data.trees import Tree, is_hidden
from reproduce.errors import DataError

#: Archives of no more than this many bytes of images are unpacked once, into memory.
MAX_HELD = 256 * 2**20


class TreeFiles:
    """See `reproduce.data.image_files.ImageFiles`.

    Args:
        tree: Where the data set lies.
        max_held: The most bytes of an archive's images to hold in memory; None for `MAX_HELD`.
    """

    def __init__(self, tree: Tree, max_held: int | None = None) -> None:
        self._tree, self.name, self.origin = tree, tree.name, tree.origin
        self._most_held = MAX_HELD if max_held is None else max_held
        self._held: dict[PurePosixPath, bytes] = {}

    def listing(self) -> Listing:
        """The images of each class.

        Raises:
            DataError: If the tree is damaged, cut short or unsafe, or holds no or several data sets, or images that are
                not where its layout has them.
        """
        return self._indexed[1].listing

    @property
    def unread(self) -> Mapping[str, int]:
        """How many images its layout does not have, by the outermost folder that they lie in."""
        return self._indexed[2]

    @property
    def unexpected(self) -> Mapping[str, int]:
        """The files of `unread` that do not belong to the data set as it is published."""
        return self._indexed[3]

    def read(self, wanted: Collection[ImageFile]) -> Iterator[tuple[ImageFile, bytes]]:
        """The contents of some images, in one pass over the tree.

        Raises:
            DataError: If the tree is damaged, cut short or unsafe, or an image is no longer in it.
        """
        layout, index, *_ = self._indexed
        images: dict[PurePosixPath, list[ImageFile]] = defaultdict(list)
        for image in wanted:
            images[index.places[image].path].append(image)
        for path, content in self._contents(images):
            for image in images[path]:
                row = index.places[image].row
                yield image, content if row is None or layout.image is None else layout.image(content, row)

    def fingerprint(self) -> str | None:
        """Fingerprint of the tree."""
        return self._tree.fingerprint()

    def _contents(self, wanted: Collection[PurePosixPath]) -> Iterator[tuple[PurePosixPath, bytes]]:
        yield from ((path, self._held[path]) for path in wanted if path in self._held)
        left = {path for path in wanted if path not in self._held}
        if not left:
            return
        for member in self._tree.members():
            if member.path in left and member.read is not None:
                left.remove(member.path)
                yield member.path, member.read()
        if left:
            raise DataError(f"{self.origin} has changed while it was read: {min(left)} is gone")

    @cached_property
    def _indexed(self) -> tuple[DatasetLayout, ImageIndex, Mapping[str, int], Mapping[str, int]]:
        files, folders = self._survey()
        root, layout = find_layout(_names_in_paths(files, folders), self.origin)
        top = PurePosixPath(root)
        inside = {_within(path, top): path for path in files if path.parts[: len(top.parts)] == top.parts}
        notes = {place: self._held[path] for place, path in inside.items() if path in self._held and path.name in NOTES}
        within = {_within(path, top) for path in folders if path.parts[: len(top.parts)] == top.parts}
        index = layout.index(Contents(self.origin, inside.keys(), within, notes))
        index.places = {image: place._replace(path=inside[place.path]) for image, place in index.places.items()}
        left = files - {place.path for place in index.places.values()}
        unread = Counter(_outermost(path, top) for path in left if is_image(path.name))
        published = {str(top / name) for name in layout.unlabelled}
        return layout, index, unread, {where: count for where, count in unread.items() if where not in published}

    def _survey(self) -> tuple[set[PurePosixPath], set[PurePosixPath]]:
        """The paths of files and of folders. What must be read anyway is held: notes, and an archive's images.

        Either all of an archive's images are held or none.
        """
        files: set[PurePosixPath] = set()
        folders: set[PurePosixPath] = set()
        room = self._most_held if self._tree.is_packed else -1
        for member in self._tree.members():
            if any(map(is_hidden, member.path.parts)):
                continue
            if member.path.parent not in folders:
                folders.update(member.path.parents)
            if member.read is None:
                folders.add(member.path)
                continue
            files.add(member.path)
            if member.path.name in NOTES:
                self._held[member.path] = member.read()
            elif room >= 0 and is_image(member.path.name):
                self._held[member.path] = member.read()
                room -= len(self._held[member.path])
                if room < 0:
                    self._held = {path: held for path, held in self._held.items() if path.name in NOTES}
        return files, folders - {PurePosixPath()}


def open_folder(folder: Path) -> TreeFiles:
    """The data set that ``folder`` is, or the one folder in it that is one.

    Raises:
        DataError: If there is no such folder, or it holds no data set, or more than one.
    """
    if not folder.is_dir():
        raise DataError(f"no folder {folder}; {LAYOUT}")
    entries = listed(folder)
    names = {TOP: _names(entries)}
    if layout_of(names[TOP]) is None:
        inner = [each for each in entries if each.is_dir() and os.access(each.path, os.R_OK | os.X_OK)]
        names |= {each.name: _names(listed(Path(each.path))) for each in inner}
    root, _ = find_layout(names, str(folder))
    return TreeFiles(Folder(folder / root))


def named_folders(unread: Mapping[str, int]) -> str:
    """Say where images are that are not read, and how many, of `TreeFiles.unread`."""
    return ", ".join(f"{count:,} {'image' if count == 1 else 'images'} in {where}" for where, count in unread.items())


def _names_in_paths(files: Collection[PurePosixPath], folders: Collection[PurePosixPath]) -> dict[str, set[str]]:
    """The argument of `find_layout`: the names at the top and in each folder there."""
    names: dict[str, set[str]] = defaultdict(set)
    for paths, ending in ((files, ""), (folders, "/")):
        for path in paths:
            if len(path.parts) <= 2:
                names["/".join(path.parts[:-1])].add(f"{path.name}{ending}")
    return names


def _within(path: PurePosixPath, top: PurePosixPath) -> PurePosixPath:
    """A path below ``top``, from there; quicker than `PurePosixPath.relative_to`, of which there would be many."""
    return PurePosixPath(*path.parts[len(top.parts) :]) if top.parts else path


def _outermost(path: PurePosixPath, top: PurePosixPath) -> str:
    """The folder of a file, as short as tells it from the data set's own folder, ``top``; "." where there is none."""
    depth = len(top.parts) + 1 if path.is_relative_to(top) else 1
    return "/".join(path.parts[:-1][:depth]) or "."


def _names(entries: Iterable[os.DirEntry[str]]) -> set[str]:
    return {f"{entry.name}/" if entry.is_dir() else entry.name for entry in entries}
