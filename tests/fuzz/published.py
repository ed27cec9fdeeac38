"""Readers of published data sets: MATLAB's files, and of each layout what says what its images are, a file or names."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from reproduce.data.image_files import PARTS, ImageFile
from reproduce.data.matlab import MatlabError, read_matlab
from reproduce.data.tree_files import TreeFiles
from reproduce.data.trees import TreeMember
from reproduce.errors import DataError
from tests.data.published import PUBLISHED
from tests.fuzz.reader import Reader, require_same


@dataclass(frozen=True)
class _Memory:
    """A tree of files in memory."""

    files: dict[str, bytes]
    name: str = "memory"
    origin: str = "memory"
    is_packed: bool = False

    def members(self) -> Iterator[TreeMember]:
        return (TreeMember(PurePosixPath(path), lambda path=path: self.files[path]) for path in self.files)

    def fingerprint(self) -> None:
        return None


def _reads_matlab(data: bytes) -> bool:
    try:
        found = read_matlab(data)
    except MatlabError:
        return False
    require_same(repr(read_matlab(data)), repr(found))
    return True


def _reads_published(name: str, path: str) -> Callable[[bytes], bool]:
    """A reader of one file of a small data set, all others of which are as they should be."""
    files, _ = PUBLISHED[name][1]()
    return lambda data: _reads_files({**files, path: data})


def _reads_files(files: dict[str, bytes]) -> bool:
    tree = TreeFiles(_Memory(files))
    try:
        listing = tree.listing()
        wanted = [
            ImageFile(part, label, each) for part in PARTS for label in listing[part] for each in listing[part][label]
        ]
        found = dict(tree.read(wanted))
    except DataError:
        return False
    require_same(found.keys(), set(wanted))
    require_same([image for image in wanted if str(image).encode("utf-8").decode("utf-8") != str(image)], [])
    return True


def _reads_names(data: bytes) -> bool:
    """A data set that its files' names alone describe: a name in each line."""
    paths = [PurePosixPath(line) for line in data.decode("utf-8", "surrogateescape").split("\n")]
    inside = [path for path in paths if path.parts and not path.is_absolute() and ".." not in path.parts]
    return _reads_files({str(path): b"an image" for path in inside})


def _names(name: str) -> Callable[[], Iterator[bytes]]:
    return lambda: iter(["\n".join(PUBLISHED[name][1]()[0]).encode()])


def _seed(name: str, path: str) -> Callable[[], Iterator[bytes]]:
    return lambda: iter([PUBLISHED[name][1]()[0][path]])


def _matlab_files() -> Iterator[bytes]:
    for _, make in PUBLISHED.values():
        files, _ = make()
        yield from (content for path, content in files.items() if path.endswith(".mat"))


_NOTES = {
    "tiny_imagenet": ("val/val_annotations.txt", 512),
    "flowers102": ("setid.mat", 1024),
    "cars196": ("devkit/cars_train_annos.mat", 2048),
    "cifar10": ("test_batch.bin", 12288),
    "cifar100": ("fine_label_names.txt", 64),
}
PUBLISHED_READERS = (
    Reader("matlab", _reads_matlab, _matlab_files, 2048),
    *(
        Reader(f"published-{name}", _reads_published(name, path), _seed(name, path), longest)
        for name, (path, longest) in _NOTES.items()
    ),
    Reader("published-caltech101", _reads_names, _names("caltech101"), 4096),
)
