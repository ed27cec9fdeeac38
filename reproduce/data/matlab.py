"""MATLAB's files (.mat, version 5) as published data sets have them: whatever the bytes, values or one error.

Each value is cut from the bytes that are there, at most `MAX_BYTES` of them, whatever sizes the file claims. What
MATLAB has beside numbers, texts, cells and structs is refused, among it everything that could run.

Reference: MathWorks, "MAT-File Format", Level 5.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

#: Numbers of shape (n,), in MATLAB's order; a text; the elements of a cell; the elements of a struct, by field.
Value: TypeAlias = "NDArray[np.generic] | str | list[Value] | list[dict[str, Value]]"

#: The most bytes that a file may unpack to, all its values together.
MAX_BYTES = 8 * 2**20
_HEAD = 128
_DEEPEST = 8
_COMPRESSED, _MATRIX = 15, 14
#: Types of plain data; those without a letter hold text.
_NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_TEXTS = {16: "utf-8", 17: "utf-16", 18: "utf-32"}
_CELL, _STRUCT, _CHAR = 1, 2, 4
_NUMERIC = range(6, 16)
_COMPLEX = 0x08


class MatlabError(ValueError):
    """Bytes that are not a MATLAB file of version 5, or hold what is not read."""


@dataclass(frozen=True)
class _Element:
    """A piece of a file: its type, and its bytes."""

    kind: int
    data: memoryview


def read_matlab(content: bytes) -> dict[str, Value]:
    """The variables of a file by name.

    Raises:
        MatlabError: If it is damaged, of another version, larger than 8 MiB when unpacked, or holds complex or sparse
            numbers, objects or functions.
    """
    if len(content) > MAX_BYTES:
        raise MatlabError(f"it has {len(content)} bytes; at most {MAX_BYTES} are read")
    order = {b"IM": "<", b"MI": ">"}.get(content[_HEAD - 2 : _HEAD])
    if order is None:
        raise MatlabError("it is no MATLAB file of version 5")
    try:
        return dict(_variables(memoryview(content)[_HEAD:], order))
    except (struct.error, zlib.error, ValueError, ArithmeticError) as error:
        raise MatlabError(str(error) or type(error).__name__) from None


def _variables(data: memoryview, order: str) -> Iterator[tuple[str, Value]]:
    room = MAX_BYTES
    for element in _elements(data, order):
        if element.kind != _COMPRESSED:
            yield _matrix(element, order, 0)
            continue
        unpacking = zlib.decompressobj()
        inside = unpacking.decompress(element.data, room + 1)
        room -= len(inside)
        if room < 0 or not unpacking.eof:
            raise MatlabError(f"it is cut short, or unpacks to more than {MAX_BYTES} bytes")
        for inner in _elements(memoryview(inside), order):
            yield _matrix(inner, order, 0)


def _elements(data: memoryview, order: str) -> Iterator[_Element]:
    while data:
        element, data = _next(data, order)
        yield element


def _next(data: memoryview, order: str) -> tuple[_Element, memoryview]:
    """The first element of ``data`` and what follows it; up to 4 bytes stand in the place of their own count."""
    kind, count = struct.unpack_from(f"{order}II", data)
    small = kind >> 16
    start = 4 if small else 8
    if small:
        kind, count = kind & 0xFFFF, small
    end = start + count
    if end > len(data) or (small and count > 4):
        raise MatlabError("it is cut short")
    padded = 8 if small else end if kind == _COMPRESSED else end + -count % 8
    return _Element(kind, data[start:end]), data[padded:]


def _matrix(element: _Element, order: str, depth: int) -> tuple[str, Value]:
    """A variable, or an element of a cell or struct, and its name."""
    if element.kind != _MATRIX:
        raise MatlabError(f"it has an element of type {element.kind} where an array is expected")
    if depth > _DEEPEST:
        raise MatlabError("its arrays are nested too deeply")
    if not element.data:
        return "", np.empty(0)
    flags, rest = _next(element.data, order)
    shape, rest = _next(rest, order)
    name, rest = _next(rest, order)
    (flag,) = struct.unpack_from(f"{order}I", flags.data)
    count = math.prod(int(each) for each in _numbers(shape, order))
    return bytes(name.data).decode("ascii"), _value(flag & 0xFF, flag >> 8, count, rest, order, depth)


def _value(kind: int, flags: int, count: int, rest: memoryview, order: str, depth: int) -> Value:
    if kind == _CELL:
        return [_matrix(each, order, depth + 1)[1] for each in _exactly(count, rest, order)]
    if kind == _STRUCT:
        return _struct(count, rest, order, depth)
    if kind == _CHAR:
        return _text(_next(rest, order)[0], order)
    if kind not in _NUMERIC or flags & _COMPLEX:
        raise MatlabError(f"it has an array of class {kind}, flags {flags}; numbers, texts, cells and structs are read")
    values = _numbers(_next(rest, order)[0], order)
    if len(values) != count:
        raise MatlabError(f"it has an array of {count} numbers that holds {len(values)}")
    return values


def _struct(count: int, rest: memoryview, order: str, depth: int) -> list[dict[str, Value]]:
    length, rest = _next(rest, order)
    names, rest = _next(rest, order)
    (width,) = struct.unpack_from(f"{order}i", length.data)
    if width < 1:
        raise MatlabError(f"it has fields with names of {width} bytes")
    text = bytes(names.data)
    fields = [text[start : start + width].split(b"\0")[0].decode("ascii") for start in range(0, len(text), width)]
    if not fields:
        raise MatlabError("it has a struct without fields")
    elements = [_matrix(each, order, depth + 1)[1] for each in _exactly(count * len(fields), rest, order)]
    rows = (elements[start : start + len(fields)] for start in range(0, len(elements), len(fields)))
    return [dict(zip(fields, row, strict=True)) for row in rows]


def _exactly(count: int, data: memoryview, order: str) -> list[_Element]:
    """The elements of ``data``, of which there must be so many; each takes 8 bytes at least."""
    found = list(_elements(data, order)) if count * 8 <= len(data) else []
    if len(found) != count:
        raise MatlabError(f"it has an array of {count} elements that holds {len(found)}, or more than it has bytes for")
    return found


def _numbers(element: _Element, order: str) -> NDArray[np.generic]:
    if element.kind not in _NUMBERS:
        raise MatlabError(f"it has data of type {element.kind} where numbers are expected")
    return np.frombuffer(element.data, np.dtype(order + _NUMBERS[element.kind]))


def _text(element: _Element, order: str) -> str:
    if element.kind in _TEXTS:
        ending = "" if element.kind == min(_TEXTS) else "-le" if order == "<" else "-be"
        return bytes(element.data).decode(_TEXTS[element.kind] + ending)
    codes = _numbers(element, order)
    if codes.dtype.kind == "f":
        raise MatlabError("it has a text of floating-point numbers")
    return "".join(map(chr, codes.tolist()))
