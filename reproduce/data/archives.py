"""Tar and zip archives, read in place: nothing is ever extracted to disk."""

from __future__ import annotations

import hashlib
import lzma
import re
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePath, PurePosixPath
from typing import IO

from reproduce.data.trees import INNER_ARCHIVES, Tree, TreeMember, require_size, result_name
from reproduce.errors import DataError

SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".zip")
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


class Archive(Tree):
    """A tar, plain or packed with gzip, bzip2 or xz, or a zip. Even a plain tar is read to its end to know it whole."""

    is_packed = True

    @property
    def name(self) -> str:
        """The file's name without its ending, as results are called."""
        return result_name(PurePath(archive_stem(self.path) or self.path.name))

    def members(self) -> Iterator[TreeMember]:
        """See `members`."""
        return members(self.path)

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


def members(path: Path) -> Iterator[TreeMember]:
    """Every file and folder of an archive, in its order, those of archives inside as if they were unpacked there.

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
        if member.read is not None:
            if member.path in seen:
                raise DataError(f"{path} holds {member.path} twice: pack it anew")
            seen.add(member.path)
            member = TreeMember(member.path, partial(_read, path, member.read))
        yield member


def _read(path: Path, read: Callable[[], bytes]) -> bytes:
    with _damage_named(path):
        return read()


def _tar_members(path: Path) -> Iterator[TreeMember]:
    with tarfile.open(path, "r:*") as archive:
        yield from _members_of_tar(archive, path, PurePosixPath(), INNER_ARCHIVES)
        _require_end(archive, is_plain=path.suffix.lower() == ".tar")


def _members_of_tar(
    archive: tarfile.TarFile, path: Path, within: PurePosixPath, inner: Collection[str]
) -> Iterator[TreeMember]:
    """The members of a tar that lies ``within`` a folder of the archive at ``path``; those named ``inner`` opened."""
    while (info := archive.next()) is not None:
        if not (info.isfile() or info.isdir()):
            raise DataError(f"{path} holds the link or device {info.name}: only files and folders are read")
        place = _checked(path, info.name)
        if within.parts:
            place = within / place
        content = archive.extractfile(info)
        if content is None:
            yield TreeMember(place, None)
        elif place.name in inner:
            yield from _inner_members(content, path, place)
        else:
            require_size(str(path), info.name, info.size)
            yield TreeMember(place, content.read)


def _inner_members(content: IO[bytes], path: Path, place: PurePosixPath) -> Iterator[TreeMember]:
    with tarfile.open(fileobj=content, mode="r:*") as archive:
        yield from _members_of_tar(archive, path, place.parent, ())
        _require_end(archive, is_plain=False)


def _zip_members(path: Path) -> Iterator[TreeMember]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            kind = stat.S_IFMT(info.external_attr >> 16)
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise DataError(f"{path} holds the link or device {info.filename}: only files and folders are read")
            if info.flag_bits & 1:
                raise DataError(f"{path}: {info.filename} is encrypted")
            place = _checked(path, info.filename)
            if info.is_dir():
                yield TreeMember(place, None)
                continue
            with archive.open(info) as content:
                if place.name in INNER_ARCHIVES:
                    yield from _inner_members(content, path, place)
                else:
                    require_size(str(path), info.filename, info.file_size)
                    yield TreeMember(place, content.read)


def _checked(archive: Path, name: str) -> PurePosixPath:
    inner = PurePosixPath(name)
    if inner.is_absolute() or ".." in inner.parts or "\\" in name or _DRIVE.match(name):
        raise DataError(f"{archive} holds {name!r}, a path outside its own folder: it is not to be trusted")
    return inner


def _require_end(archive: tarfile.TarFile, *, is_plain: bool) -> None:
    """Read on to the end, where the packing checks itself; a plain tar ends in a block of zeros, or was cut short."""
    file = archive.fileobj
    if file is None:
        return
    if is_plain:
        file.seek(archive.offset)
        if file.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
            raise tarfile.ReadError("the end mark is missing")
    while file.read(_CHUNK):
        pass


@contextmanager
def _damage_named(path: Path) -> Iterator[None]:
    try:
        yield
    except _DAMAGE as error:
        raise DataError(f"the archive {path} is damaged or cut short ({error}): fetch it again") from None
    except OSError as error:
        raise DataError(f"cannot read the archive {path}: {error.strerror or error}") from None
