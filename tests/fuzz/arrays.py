"""Readers of arrays in .npz files: checkpoints, starting weights and decoded data sets that were kept."""

import io
import warnings
import zipfile
from collections.abc import Callable, Iterator

import numpy as np

from reproduce.data.cache import cached
from reproduce.data.dataset import Dataset, Part
from reproduce.errors import ProtocolError
from reproduce.training.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from reproduce.training.start import Start, read_start, write_start
from tests.data.cases import FOLDER
from tests.fuzz.reader import Reader, require_same, scratch

_RUN = "a run"
_VALUES = (
    (np.arange(6, dtype=np.float32).reshape(2, 3), np.array(3, np.int64)),
    (np.asfortranarray(np.ones((2, 2))), np.zeros((0, 4), np.float16), np.array([True, False])),
)
_PIXELS = np.arange(2 * 2 * 2 * 3, dtype=np.uint8).reshape(2, 2, 2, 3)
_PART = Part(_PIXELS, np.arange(2, dtype=np.int32))
_DATASET = Dataset("pets", ("cat", "dog"), 255, _PART, _PART, _PART)


def _reads_checkpoint() -> Callable[[bytes], bool]:
    path = scratch("checkpoint.npz")

    def reads(data: bytes) -> bool:
        path.write_bytes(data)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # That a file is damaged.
            found = read_checkpoint(path, _RUN)
        if found is None:
            return False
        write_checkpoint(path, found)
        again = read_checkpoint(path, _RUN)
        require_same(again is not None and repr(again.seconds), repr(found.seconds))
        _require_same_arrays([*again.values, again.curve], [*found.values, found.curve])
        return True

    return reads


def _reads_start() -> Callable[[bytes], bool]:
    path = scratch("weights.npz")

    def reads(data: bytes) -> bool:
        path.write_bytes(data)
        try:
            found = read_start(path)
        except ProtocolError:
            return False
        write_start(path, found)
        again = read_start(path)
        require_same(again.weights, found.weights)
        _require_same_arrays(again.values, found.values)
        return True

    return reads


class _Files:
    """Images whose data set is in the cache already, or is not."""

    name = "pets"
    origin = "a test"

    def fingerprint(self) -> str:
        return "0" * 64


def _reads_cache() -> Callable[[bytes], bool]:
    folder = scratch("cache")
    made: list[bool] = []

    def make() -> Dataset:
        made.append(True)
        return _DATASET

    def dataset() -> Dataset:
        return cached(_Files(), FOLDER, folder, make)

    dataset()
    (path,) = folder.iterdir()

    def reads(data: bytes) -> bool:
        path.write_bytes(data)
        made.clear()
        found = dataset()
        if made:
            require_same(found, _DATASET)
        return not made

    return reads


def _require_same_arrays(there: list[np.ndarray], here: list[np.ndarray]) -> None:
    require_same(len(there), len(here))
    for one, other in zip(there, here, strict=True):
        require_same((one.dtype, one.shape, one.tobytes()), (other.dtype, other.shape, other.tobytes()))


def _packed(**arrays: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def _checkpoints() -> Iterator[bytes]:
    path = scratch("seed.npz")
    for values in _VALUES:
        write_checkpoint(path, Checkpoint(_RUN, np.ones((2, 4)), 1.5, values))
        yield path.read_bytes()
    yield _packed(run=np.array(_RUN), curve=np.ones((1, 4)), seconds=np.array(2.0), arr_0=np.ones(3))


def _starts() -> Iterator[bytes]:
    path = scratch("seed.npz")
    for values in _VALUES:
        write_start(path, Start("scratch", list(values)))
        yield path.read_bytes()
    yield _packed(weights=np.array("scratch"), arr_0=np.ones(3))


def _caches() -> Iterator[bytes]:
    folder = scratch("seeds")
    cached(_Files(), FOLDER, folder, lambda: _DATASET)
    (path,) = folder.iterdir()
    yield path.read_bytes()
    file = io.BytesIO()
    with zipfile.ZipFile(path) as stored, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in stored.namelist():
            packed.writestr(name, stored.read(name))
    yield file.getvalue()


ARRAY_READERS = (
    Reader("checkpoint", _reads_checkpoint(), _checkpoints, 4096),
    Reader("weights", _reads_start(), _starts, 4096),
    Reader("data-cache", _reads_cache(), _caches, 8192),
)
