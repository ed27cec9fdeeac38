"""Protocol files of the search room: ``artifact/protocols/PROFILE/NAME.toml``, their hash and their errors."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import tomllib
from pathlib import Path
from typing import Any, TypeVar

from reproduce.errors import ProtocolError
from reproduce.settings import read_settings

_PACKAGE = Path(__file__).resolve().parents[1]
#: In a checkout, and where an installed package keeps its copy.
FOLDERS = (_PACKAGE.parent / "artifact" / "protocols", _PACKAGE / "protocols")

_Settings = TypeVar("_Settings")


def read_protocol(kind: type[_Settings], name: str, profile: str) -> _Settings:
    """The settings ``NAME.toml`` of a profile.

    Args:
        kind: A frozen dataclass with a field ``profile``.
        name: The file's name without suffix.
        profile: The profile's name, or the path of a TOML file.

    Raises:
        ProtocolError: If there is none, or it does not fit ``kind``; the error names the key.
    """
    path = Path(profile) if profile.endswith(".toml") else _find(name, profile)
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ProtocolError(f"cannot read the protocol {path}: {error}") from None
    except (ValueError, RecursionError) as error:  # Not only TOMLDecodeError: of numbers and nesting without end.
        raise ProtocolError(f"{path} is not valid TOML: {error}") from None
    settings = read_settings(kind, table, str(path))
    expected = path.stem if profile.endswith(".toml") else path.parent.name
    if table["profile"] != expected:
        raise ProtocolError(f"{path}: profile must be {expected!r}; received {table['profile']!r}")
    return settings


def settings_hash(settings: dict[str, Any]) -> str:
    """16 hexadecimal digits of the settings' canonical form."""
    text = json.dumps(settings, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def plain_settings(settings: Any) -> dict[str, Any]:
    """Settings as plain data for JSON."""
    plain: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(settings), allow_nan=False))
    return plain


def _find(name: str, profile: str) -> Path:
    for folder in FOLDERS:
        path = folder / profile / f"{name}.toml"
        if path.is_file() and path.parent.parent == folder:
            return path
    known = sorted({path.parent.name for folder in FOLDERS for path in folder.glob(f"*/{name}.toml")})
    raise ProtocolError(
        f"no profile {profile!r} with {name}.toml; there are: {', '.join(known) or 'none'} (or give a path ending in "
        ".toml)"
    )
