"""Arrays come back, and whatever is wrong with a file is one error."""

import io
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from reproduce.arrays import DamagedArraysError, read_arrays

ARRAYS = {"one": np.arange(6.0).reshape(2, 3), "two": np.array("text")}


def written(path: Path, save: Callable[..., None] = np.savez) -> bytes:
    with path.open("wb") as file:
        save(file, **ARRAYS)
    return path.read_bytes()


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_arrays_come_back(tmp_path: Path, save: Callable[..., None]) -> None:
    written(tmp_path / "a.npz", save)
    found = read_arrays(tmp_path / "a.npz")
    assert set(found) == set(ARRAYS)
    np.testing.assert_array_equal(found["one"], ARRAYS["one"])
    assert str(found["two"]) == "text"


def single(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


def zipped(content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("one.npy", content)
    return file.getvalue()


def with_header(header: bytes) -> bytes:
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header


def with_bytes(at: int, value: bytes) -> Callable[[bytes], bytes]:
    """Change the central directory, ``at`` bytes after its first signature."""

    def changed(whole: bytes) -> bytes:
        place = whole.index(b"PK\x01\x02") + at
        return whole[:place] + value + whole[place + len(value) :]

    return changed


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda whole: b"", id="empty"),
        pytest.param(lambda whole: whole[:-30], id="cut short"),
        pytest.param(lambda whole: single(np.ones(3)), id="one array, not several"),
        pytest.param(lambda whole: pickle.dumps({"one": 1}), id="a pickle"),
        pytest.param(lambda whole: zipped(single(np.array([{}], object))), id="objects"),
        pytest.param(with_bytes(8, b"\x01\x00"), id="encrypted"),
        pytest.param(with_bytes(10, b"\x63\x00"), id="compression that nobody knows"),
        pytest.param(with_bytes(6, b"\xff\x00"), id="version of zip that nobody knows"),
        pytest.param(
            lambda whole: zipped(
                with_header(
                    b"{'descr': '<f8', 'fortran_order': False, 'shape': (10**15,), }".replace(b"10**15", b"9" * 15)
                )
            ),
            id="too many elements",
        ),
        pytest.param(lambda whole: zipped(with_header(b"{'descr': 'x', 'fortran_order': ")), id="half a header"),
    ],
)
def test_damage_is_one_error(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "a.npz"
    path.write_bytes(damage(written(path)))
    with pytest.raises(DamagedArraysError, match=r"a\.npz holds no arrays: "):
        read_arrays(path)


def test_a_missing_file_is_no_damage(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_arrays(tmp_path / "a.npz")


def test_what_does_not_begin_as_an_array_does_is_no_array(tmp_path: Path) -> None:
    """NumPy answers with its bytes; found by fuzzing."""
    path = tmp_path / "arrays.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("weights.npy", b"not an array")
    with pytest.raises(DamagedArraysError, match="holds 'weights', which is no array"):
        read_arrays(path)
