"""The settings that are kept as ``protocol.json`` beside what was measured under them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeVar

from reproduce.errors import ProtocolError
from reproduce.settings import read_settings

#: The file's name.
SETTINGS = "protocol.json"

_Settings = TypeVar("_Settings")


def read_stored_settings(path: Path, kind: type[_Settings]) -> _Settings:
    """The settings of a ``protocol.json`` as a settings class.

    Raises:
        ProtocolError: If the file cannot be read, or does not hold what this version reads.
    """
    return read_settings(kind, _without_none(stored_settings(path)), str(path))


def stored_settings(path: Path) -> dict[str, Any]:
    """The settings of a ``protocol.json`` as plain data.

    Raises:
        ProtocolError: If the file cannot be read.
    """
    settings = _document(path).get("protocol")
    if not isinstance(settings, dict):
        raise ProtocolError(f"{path}: expected the settings under the key protocol")
    return settings


def stored_hash(path: Path) -> str:
    """The hash that the settings of a ``protocol.json`` had when they were written; every row bears it.

    Raises:
        ProtocolError: If the file cannot be read.
    """
    found = _document(path).get("hash")
    if not isinstance(found, str):
        raise ProtocolError(f"{path}: expected the settings' hash under the key hash")
    return found


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


def _without_none(value: Any) -> Any:
    """Settings without the keys that are None, which stand for a table that is left out."""
    if isinstance(value, dict):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    return [_without_none(item) for item in value] if isinstance(value, list) else value
