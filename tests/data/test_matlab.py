"""The reader of MATLAB's files, against SciPy's writer and reader, and on what is not to be believed."""

import io
import struct
import time
import zlib

import numpy as np
import pytest
from scipy.io import loadmat, savemat

from reproduce.data.matlab import MAX_BYTES, MatlabError, read_matlab


def saved(compressed: bool = False, **content: object) -> bytes:
    file = io.BytesIO()
    savemat(file, content, do_compression=compressed)
    return file.getvalue()


def table() -> np.ndarray:
    rows = np.zeros(3, dtype=[("bbox", object), ("class", object), ("fname", object)])
    rows["fname"], rows["class"], rows["bbox"] = ["a.jpg", "b.jpg", "ü.jpg"], [1, 2, 300], [0.5, 6, 7]
    return rows


CONTENT = {
    **{kind: np.arange(5, dtype=kind)[None] for kind in ("u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8")},
    "square": np.arange(6.0).reshape(2, 3),
    "nothing": np.empty((0, 0)),
    "text": "héllo",
    "names": np.array(["AB", "Ré C/V", ""], object),
    "rows": table(),
}


@pytest.mark.parametrize("compressed", [False, True])
def test_values_are_those_that_were_written(compressed: bool) -> None:
    content = saved(compressed, **CONTENT)
    found, oracle = read_matlab(content), loadmat(io.BytesIO(content), squeeze_me=True)
    assert found.keys() == CONTENT.keys()
    for name, value in CONTENT.items():
        if name not in ("text", "names", "rows"):
            assert np.array_equal(found[name], value.ravel(order="F")), name
    assert found["text"] == oracle["text"] == "héllo"
    assert found["names"][:2] == oracle["names"].tolist()[:2]
    assert [(row["fname"], row["class"].tolist(), row["bbox"].tolist()) for row in found["rows"]] == [
        (str(row["fname"]), [row["class"]], [row["bbox"]]) for row in oracle["rows"]
    ]


def element(kind: int, data: bytes, order: str = "<") -> bytes:
    return struct.pack(f"{order}II", kind, len(data)) + data + bytes(0 if kind == 15 else -len(data) % 8)


def array(
    kind: int, shape: tuple[int, ...], *data: bytes, flags: int = 0, name: bytes = b"x", order: str = "<"
) -> bytes:
    """A variable, with a shape that its data need not have."""
    head = element(6, struct.pack(f"{order}II", kind | flags << 8, 0), order)
    head += element(5, struct.pack(f"{order}{len(shape)}i", *shape), order) + element(1, name, order)
    return element(14, head + b"".join(data), order)


def document(*elements: bytes, order: str = "<") -> bytes:
    return (
        b"MATLAB 5.0".ljust(124)
        + struct.pack(f"{order}H", 0x0100)
        + (b"IM" if order == "<" else b"MI")
        + b"".join(elements)
    )


@pytest.mark.parametrize("order", ["<", ">"])
def test_both_orders_of_bytes_are_read(order: str) -> None:
    numbers = element(4, struct.pack(f"{order}3H", 1, 2, 300), order)
    text = element(17, "aü".encode("utf-16-le" if order == "<" else "utf-16-be"), order)
    content = document(
        array(6, (1, 3), numbers, order=order), array(4, (1, 2), text, name=b"t", order=order), order=order
    )
    found = read_matlab(content)
    assert (found["x"].tolist(), found["t"]) == ([1, 2, 300], "aü")
    oracle = loadmat(io.BytesIO(content))
    assert oracle["x"].tolist() == [[1, 2, 300]]
    assert oracle["t"].tolist() == ["aü"]


def bomb() -> bytes:
    return element(15, zlib.compress(bytes(MAX_BYTES + 8)))


def deep(levels: int) -> bytes:
    inner = array(6, (1, 1), element(2, b"\1"))
    for _ in range(levels):
        inner = array(1, (1, 1), inner)
    return inner


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no MATLAB file of version 5"),
        (b"\x89HDF\r\n\x1a\n" + bytes(600), "no MATLAB file of version 5"),
        (document(b"\1"), "buffer"),
        (document(element(14, b"")[:4] + struct.pack("<I", 2**32 - 1)), "cut short"),
        (document(array(6, (1, 4), element(2, b"\1\2\3"))), "array of 4 numbers that holds 3"),
        (document(array(6, (2**31 - 1, 2**31 - 1), element(2, b"\1"))), "numbers that holds 1"),
        (document(array(1, (2**31 - 1, 2**31 - 1))), "or more than it has bytes for"),
        (
            document(array(2, (2**30, 1), element(5, struct.pack("<i", 8)), element(1, b"a" + bytes(7)))),
            "has bytes for",
        ),
        (document(array(2, (1, 1), element(5, struct.pack("<i", 0)), element(1, b"a"))), "names of 0 bytes"),
        (document(array(6, (1, 1), element(2, b"\1"), flags=0x08)), "array of class 6, flags 8"),
        (document(array(5, (1, 1), element(2, b"\1"))), "array of class 5, flags 0"),
        (document(array(16, (1, 1), element(2, b"\1"))), "array of class 16"),
        (document(array(3, (1, 1), element(2, b"\1"))), "array of class 3"),
        (document(array(4, (1, 1), element(9, struct.pack("<d", 65.5)))), "text of floating-point numbers"),
        (document(array(4, (1, 1), element(16, b"\xff"))), "can't decode"),
        (document(array(6, (1, 1), element(99, b"\1"))), "data of type 99"),
        (document(element(9, bytes(8))), "an element of type 9 where an array is expected"),
        (document(bomb()), "unpacks to more than"),
        (document(element(15, zlib.compress(bytes(100))[:-4])), "cut short"),
        (document(element(15, b"no zlib")), "decompress|header"),
        (document(deep(60)), "nested too deeply"),
        (bytes(MAX_BYTES + 1), "bytes; at most"),
    ],
)
def test_what_is_not_to_be_believed_is_refused_at_once(content: bytes, said: str) -> None:
    start = time.process_time()
    with pytest.raises(MatlabError, match=said):
        read_matlab(content)
    assert time.process_time() - start < 1


def test_many_small_bombs_are_one_large_one() -> None:
    part = element(15, zlib.compress(array(6, (1, 2**20), element(2, bytes(2**20)))))
    assert len(read_matlab(document(part))["x"]) == 2**20
    with pytest.raises(MatlabError, match="unpacks to more than"):
        read_matlab(document(*[part] * 8))


def test_any_damage_is_an_error_or_other_values() -> None:
    random = np.random.default_rng(0)
    refused = 0
    for compressed in (False, True):
        content = saved(compressed, **CONTENT)
        for _ in range(300):
            damaged = bytearray(content)
            for place in random.integers(124, len(content), 4):
                damaged[place] = random.integers(256)
            try:
                read_matlab(bytes(damaged))
            except MatlabError:
                refused += 1
    assert refused > 200
