"""Readers of images: archives of class folders as they come, packed or not, and single encoded images."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable, Collection, Iterator, Mapping

import numpy as np
from PIL import Image

from reproduce.data.archives import Archive, members
from reproduce.data.image_files import ImageFile
from reproduce.data.images import decode
from reproduce.data.tree_files import TreeFiles
from reproduce.errors import DataError
from tests.fuzz.reader import Reader, require_same, scratch

#: What the archives of the seeds hold: two classes in two parts, what is no image, and what is hidden.
_FILES = (
    "pets/train/cat/1.png",
    "pets/train/dog/2.png",
    "pets/test/cat/3.jpg",
    "pets/test/dog/4.jpg",
    "pets/README",
    "pets/test/.hidden/5.png",
)
_SIZE = 8


def _reads_archive(ending: str, pack: Callable[[bytes], bytes] = bytes) -> Callable[[bytes], bool]:
    """A reader of archives whose names end so; ``pack`` is what the bytes go through first."""
    path = scratch(f"images{ending}")

    def reads(data: bytes) -> bool:
        path.write_bytes(pack(data))
        files = TreeFiles(Archive(path))
        try:
            listing = files.listing()
            wanted = [ImageFile(part, *image) for part in listing for image in _images_of(listing[part])]
            held = dict(files.read(wanted))
            found = dict(TreeFiles(Archive(path), max_held=0).read(wanted))  # In a pass of its own: nothing was held.
            paths = [member.path for member in members(path)]
        except DataError:
            return False
        require_same(found, held)
        require_same(len(held), len(wanted))
        require_same([place for place in paths if place.is_absolute() or ".." in place.parts], [])
        return True

    return reads


def _images_of(classes: Mapping[str, Collection[str]]) -> Iterator[tuple[str, str]]:
    return ((label, name) for label, names in classes.items() for name in names)


def _reads_image(data: bytes) -> bool:
    try:
        pixels = decode(data, "an image", None)
        fitted = decode(data, "an image", _SIZE)
    except DataError:
        return False
    require_same((pixels.dtype, pixels.ndim, pixels.shape[2]), (np.uint8, 3, 3))
    require_same(fitted.shape, (_SIZE, _SIZE, 3))
    return True


def _encoded(kind: str, seed: int = 0, mode: str = "RGB", **options: int) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (5, 6, 3), dtype=np.uint8)
    file = io.BytesIO()
    image = Image.fromarray(pixels)
    (image.convert("L").convert(mode) if mode == "I;16" else image.convert(mode)).save(file, kind, **options)
    return file.getvalue()


def _images() -> Iterator[bytes]:
    for kind in ("jpeg", "png", "bmp", "gif", "tiff", "webp"):
        yield _encoded(kind)
    for mode in ("L", "P", "1", "RGBA", "LA", "I;16"):
        yield _encoded("png", mode=mode)
    for mode in ("CMYK", "LA", "I;16"):
        yield _encoded("tiff", mode=mode)
    yield _encoded("gif", mode="P", transparency=3)


def _contents() -> Iterator[tuple[str, bytes]]:
    return ((name, _encoded("png", number)) for number, name in enumerate(_FILES))


def _tar(kind: int) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=kind) as archive:
        folder = tarfile.TarInfo("pets/train/empty")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        for name, content in _contents():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        end = archive.offset
    return file.getvalue()[: end + 2 * tarfile.BLOCKSIZE]  # Without what fills the last 10 kB.


def _tars() -> Iterator[bytes]:
    return map(_tar, (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT))


def _packed_tars() -> Iterator[bytes]:
    return (pack(whole) for whole in _tars() for pack in (gzip.compress, bz2.compress, lzma.compress))


def _zips() -> Iterator[bytes]:
    for compression in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", compression) as archive:
            for name, content in _contents():
                archive.writestr(name, content)
        yield file.getvalue()


IMAGE_READERS = (
    Reader("archive-tar", _reads_archive(".tar"), _tars, 8192),
    Reader("archive-tar-inside-gzip", _reads_archive(".tar.gz", lambda data: gzip.compress(data, 1)), _tars, 8192),
    Reader("archive-packed", _reads_archive(".tar.xz"), _packed_tars, 4096),
    Reader("archive-zip", _reads_archive(".zip"), _zips, 4096),
    Reader("image", _reads_image, _images, 4096),
)
