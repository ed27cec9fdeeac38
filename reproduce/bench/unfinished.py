"""Measurements of an interrupted run, kept so that the same command goes on after the last of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from reproduce.errors import ReproduceError
from reproduce.files import write_text
from reproduce.protocols import settings_hash


class Unfinished:
    """The measurements of one run so far, in a file that is there until the run is finished.

    The file is named after the conditions: what was measured under others is neither used nor lost.

    Args:
        folder: Where the file lies.
        conditions: All that measurements depend on, as plain data: settings, device, versions.
        told: Called with the name of each measurement before it is made.

    Raises:
        ReproduceError: If the file is there and cannot be read.
    """

    def __init__(self, folder: Path, conditions: Mapping[str, Any], told: Callable[[str], None]) -> None:
        self._path = folder / f"unfinished-{settings_hash(conditions)}.json"
        self._told = told
        self._measured = _read(self._path)

    def once(self, name: str, measure: Callable[[], Any]) -> Any:
        """Return what ``measure`` returns, as JSON gives it back, or what it returned before; it is kept at once.

        Raises:
            ReproduceError: If the file cannot be written.
        """
        if name not in self._measured:
            self._told(name)
            measured = {**self._measured, name: measure()}
            text = json.dumps(measured) + "\n"
            write_text(self._path, text)
            self._measured = json.loads(text)
        return self._measured[name]

    def finish(self) -> None:
        """Remove the file: all is measured and written elsewhere.

        Raises:
            ReproduceError: If it cannot be removed.
        """
        try:
            self._path.unlink(missing_ok=True)
        except OSError as error:
            raise ReproduceError(f"cannot remove {self._path}: {error.strerror}") from None


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise ReproduceError(f"cannot read {path}: {error}; remove it to measure again") from None
    if not isinstance(found, dict):
        raise ReproduceError(f"{path} holds no measurements; remove it to measure again")
    return found
