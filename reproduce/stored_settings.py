"""The resolved settings that are kept as ``protocol.json`` beside what was measured under them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from reproduce.errors import ProtocolError
from reproduce.files import write_text
from reproduce.plain_data import read_settings
from reproduce.results_layout import SETTINGS_FILE
from reproduce.stored_form import current_form

_Settings = TypeVar("_Settings")


def write_stored_settings(folder: Path, settings: Mapping[str, Any], **beside: Any) -> None:
    """Write the settings, in their stored form, and what else is worth knowing of them, into ``folder``.

    Raises:
        ReproduceError: If the folder or file cannot be written.
    """
    document = {**beside, "protocol": settings}
    write_text(folder / SETTINGS_FILE, json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def read_stored_settings(path: Path, kind: type[_Settings]) -> _Settings:
    """The settings of a ``protocol.json`` as a settings class.

    Raises:
        ProtocolError: If the file cannot be read, or does not hold what this version reads.
    """
    return read_settings(kind, stored_settings(path), str(path))


def stored_settings(path: Path) -> dict[str, Any]:
    """The settings of a ``protocol.json`` as plain data, in the form in which they are read.

    Raises:
        ProtocolError: If the file cannot be read.
    """
    settings = _document(path).get("protocol")
    if not isinstance(settings, dict):
        raise ProtocolError(f"{path}: expected the settings under the key protocol")
    plain: dict[str, Any] = current_form(settings)
    return plain


def stored_paths(path: Path, key: str) -> list[Path]:
    """The files that a ``protocol.json`` names under ``key``, relative to its folder.

    Raises:
        ProtocolError: If the file cannot be read, or names none.
    """
    found = _document(path).get(key)
    if not isinstance(found, list) or not found or not all(isinstance(each, str) for each in found):
        raise ProtocolError(f"{path}: expected a list of files under the key {key}")
    return [path.parent / each for each in found]


def _document(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ProtocolError(f"no settings {path}; a ledger is kept with the file that was written beside it") from None
    except (OSError, ValueError, RecursionError) as error:
        raise ProtocolError(f"cannot read the settings {path}: {error}") from None
    if not isinstance(document, dict):
        raise ProtocolError(f"{path}: expected a JSON object")
    return document
