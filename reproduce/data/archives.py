"""Images in a tar or zip archive of class folders, read in place: nothing is ever extracted to disk."""

from __future__ import annotations

import hashlib
import lzma
import re
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO

from reproduce.data.image_files import LAYOUT, PARTS, ImageFile, Listing, is_image
from reproduce.errors import DataError

SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".zip")
#: No encoded image is larger; a member that says it is would fill the memory.
MOST_BYTES = 64 * 2**20
#: Archives of no more than this many bytes of images are unpacked once, into memory.
MOST_HELD = 256 * 2**20
_CHUNK = 2**20
_DAMAGE = (
    tarfile.TarError,
    zipfile.BadZipFile,
    lzma.LZMAError,
    zlib.error,
    struct.error,
    EOFError,
    ValueError,
    NotImplementedError,  # A zip that names a compression nobody knows.
    IndexError,  # A zip with a member without a name.
)
#: A path that starts anew on Windows.
_DRIVE = re.compile("[A-Za-z]:")


@dataclass(frozen=True)
class Member:
    """A file or folder in an archive.

    Attributes:
        path: Its path, checked to stay inside the archive's own folder.
        content: Its bytes; None for a folder.
    """

    path: PurePosixPath
    content: IO[bytes] | None


@dataclass(frozen=True)
class ArchiveFiles:
    """See `reproduce.data.image_files.ImageFiles`.

    Attributes:
        path: The archive: tar, plain or packed with gzip, bzip2 or xz, or zip. It holds train and test, or one folder
            that does.
    """

    path: Path
    _held: dict[ImageFile, bytes] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        return archive_stem(self.path) or self.path.name

    @property
    def origin(self) -> str:
        """The archive's path."""
        return str(self.path)

    def listing(self) -> Listing:
        """The images of each class folder.

        Raises:
            DataError: If the archive is damaged, cut short or unsafe, or holds no or several data sets.
        """
        listing: dict[str, dict[str, list[str]]] = {part: {} for part in PARTS}
        roots = set()
        room = MOST_HELD
        for member in members(self.path):
            place = _place(member)
            if place is None:
                continue
            root, part, label, name = place
            roots.add(root)
            names = listing[part].setdefault(label, [])
            if name and member.content is not None:
                names.append(name)
                room -= self._hold(ImageFile(part, label, name), member.content, room)
        if not roots:
            raise DataError(f"{self.path} has no class folders in train and test; {LAYOUT}")
        if len(roots) > 1:
            found = ", ".join(sorted(root or "." for root in roots))
            raise DataError(f"{self.path} holds several data sets ({found}): keep one in each archive")
        return listing

    def read(self, wanted: Collection[ImageFile]) -> Iterator[tuple[ImageFile, bytes]]:
        """The contents of some files, in one pass over the archive.

        Raises:
            DataError: If the archive is damaged, cut short or unsafe, or a file is no longer in it.
        """
        if self._held:
            yield from ((image, self._held[image]) for image in wanted)
            return
        left = set(wanted)
        for member in members(self.path):
            place = _place(member)
            if place is None or member.content is None:
                continue
            image = ImageFile(*place[1:])
            if image in left:
                left.remove(image)
                with _damage_named(self.path):
                    content = member.content.read()
                yield image, content
        if left:
            raise DataError(f"{self.path} has changed while it was read: {min(left)} is gone")

    def _hold(self, image: ImageFile, content: IO[bytes], room: int) -> int:
        """Keep what was unpacked anyway, so that reading needs no second pass; returns the bytes that were read.

        Either all images are held or none.
        """
        if room < 0:
            return 0
        with _damage_named(self.path):
            self._held[image] = content.read()
        size = len(self._held[image])
        if size > room:
            self._held.clear()
            return room + 1
        return size

    def fingerprint(self) -> str:
        """SHA-256 of the archive."""
        return file_checksum(self.path)


def archive_stem(path: Path) -> str | None:
    """The file's name without the ending that makes it an archive; None if it has no such ending."""
    endings = [suffix for suffix in SUFFIXES if path.name.lower().endswith(suffix)]
    return path.name[: -len(max(endings, key=len))] if endings else None


def file_checksum(path: Path) -> str:
    """SHA-256 of a file.

    Raises:
        DataError: If it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from None


def members(path: Path) -> Iterator[Member]:
    """Every file and folder of an archive, in its order; a content can be read until the next is asked for.

    Raises:
        DataError: If the archive cannot be read, is damaged or cut short; for a path that is absolute or leads out of
            the archive's folder; for links and devices; for a path that is there twice; for a file over 64 MiB.
    """
    seen: set[PurePosixPath] = set()
    source = _zip_members(path) if path.suffix.lower() == ".zip" else _tar_members(path)
    while True:
        with _damage_named(path):
            member = next(source, None)
        if member is None:
            return
        if member.content is not None:
            if member.path in seen:
                raise DataError(f"{path} holds {member.path} twice: pack it anew")
            seen.add(member.path)
        yield member


def _tar_members(path: Path) -> Iterator[Member]:
    with tarfile.open(path, "r:*") as archive:
        while (info := archive.next()) is not None:
            if not (info.isfile() or info.isdir()):
                raise DataError(f"{path} holds the link or device {info.name}: only files and folders are read")
            inner = _checked(path, info.name, info.size)
            yield Member(inner, archive.extractfile(info))
        _require_end(archive, path)


def _zip_members(path: Path) -> Iterator[Member]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            kind = stat.S_IFMT(info.external_attr >> 16)
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise DataError(f"{path} holds the link or device {info.filename}: only files and folders are read")
            if info.flag_bits & 1:
                raise DataError(f"{path}: {info.filename} is encrypted")
            inner = _checked(path, info.filename, info.file_size)
            if info.is_dir():
                yield Member(inner, None)
                continue
            with archive.open(info) as content:
                yield Member(inner, content)


def _checked(archive: Path, name: str, size: int) -> PurePosixPath:
    inner = PurePosixPath(name)
    if inner.is_absolute() or ".." in inner.parts or "\\" in name or _DRIVE.match(name):
        raise DataError(f"{archive} holds {name!r}, a path outside its own folder: it is not to be trusted")
    if size > MOST_BYTES:
        raise DataError(f"{archive}: {name} is of {size} bytes; no image has more than {MOST_BYTES}")
    return inner


def _require_end(archive: tarfile.TarFile, path: Path) -> None:
    """Read on to the end, where the packing checks itself; a plain tar ends in a block of zeros, or was cut short."""
    file = archive.fileobj
    if file is None:
        return
    if path.suffix.lower() == ".tar":
        file.seek(archive.offset)
        if file.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
            raise tarfile.ReadError("the end mark is missing")
    while file.read(_CHUNK):
        pass


def _place(member: Member) -> tuple[str, str, str, str] | None:
    """Root, part, class and file name (empty for a class folder) of what belongs to a class; None for all else."""
    parts = member.path.parts if member.content is None else member.path.parts[:-1]
    if not 2 <= len(parts) <= 3 or parts[-2] not in PARTS or any(each.startswith((".", "__MACOSX")) for each in parts):
        return None
    name = "" if member.content is None else member.path.name
    if name and not is_image(name):
        return None
    return "/".join(parts[:-2]), parts[-2], parts[-1], name


@contextmanager
def _damage_named(path: Path) -> Iterator[None]:
    try:
        yield
    except _DAMAGE as error:
        raise DataError(f"the archive {path} is damaged or cut short ({error}): fetch it again") from None
    except OSError as error:
        raise DataError(f"cannot read the archive {path}: {error.strerror or error}") from None
