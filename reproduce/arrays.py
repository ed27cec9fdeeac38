"""Arrays in .npz files: whatever the bytes, reading them gives arrays or one error."""

from __future__ import annotations

import lzma
import struct
import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: What zipfile, its compressions and NumPy's reader raise over bytes that are not what they expect.
_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, tokenize.TokenError),
    *(OSError, EOFError, LookupError, TypeError, ValueError, SyntaxError, ArithmeticError),
    RuntimeError,  # An encrypted file, or a compression that nobody knows.
    MemoryError,  # A header that claims more elements than a machine can hold.
)


class DamagedArraysError(ValueError):
    """A file is there and does not hold arrays."""


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays of an .npz file by name, all of them in memory.

    Raises:
        OSError: If there is no such file, or it cannot be opened.
        DamagedArraysError: If it does not hold arrays of numbers and texts.
    """
    with path.open("rb") as file:
        try:
            with np.load(file, allow_pickle=False) as arrays:
                found = {name: arrays[name] for name in arrays.files}
        except _DAMAGE as error:
            raise DamagedArraysError(f"{path} holds no arrays: {error or type(error).__name__}") from None
    for name, array in found.items():
        if not isinstance(array, np.ndarray):  # NumPy gives what does not begin as an array does as bytes.
            raise DamagedArraysError(f"{path} holds {name!r}, which is no array")
    return found
