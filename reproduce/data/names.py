"""Names from file systems and archives, made fit for printing, comparing and naming results."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePath

from reproduce.errors import DataError, printable

#: Folders beside the data that systems and programs make for themselves, as those whose names begin with a dot.
_BESIDE = ("__MACOSX",)


def is_hidden(name: str) -> bool:
    """Whether a file or folder of this name is passed over, with all that lies in it."""
    return name.startswith((".", *_BESIDE))


def one_spelling(name: str, origin: str) -> str:
    """The name of a class or image in Unicode's composed form: macOS decomposes what others compose.

    Raises:
        DataError: If it is not UTF-8.
    """
    if printable(name) != name:
        raise DataError(f"{origin} holds the name '{printable(name)}', which is not UTF-8: rename it")
    return unicodedata.normalize("NFC", name)


def result_name(path: PurePath) -> str:
    """What results on a data set at ``path`` are called: its name, with "_" for all but letters, digits, ".", "-"."""
    return re.sub(r"[^\w.-]+", "_", unicodedata.normalize("NFC", path.name)) or "data"
