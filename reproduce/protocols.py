"""Protocol files: ``artifact/protocols/PROFILE/NAME.toml``, or a user's own by its path; and the hash of settings."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from reproduce.errors import ProtocolError
from reproduce.plain_data import read_settings

_Settings = TypeVar("_Settings")

_PACKAGE = Path(__file__).resolve().parent
#: In a checkout, and where an installed package keeps its copy.
_FOLDERS = (_PACKAGE.parent / "artifact" / "protocols", _PACKAGE / "protocols")


def load_settings(kind: type[_Settings], name: str, profile: str) -> _Settings:
    """The settings that the file ``NAME.toml`` of a profile holds.

    Args:
        kind: A frozen dataclass with a field ``profile``.
        name: The file's name without suffix.
        profile: The profile's name, or the path of a TOML file, whose name is then the profile's.

    Raises:
        ProtocolError: If there is none, or it does not fit ``kind``; the error names the key.
    """
    path = find_protocol(profile, name)
    if path is None:
        known = [path.parent.name for path in protocol_files() if path.stem == name]
        raise ProtocolError(
            f"no profile {profile!r} with {name}.toml; there are: {', '.join(known) or 'none'} (or give a path ending "
            "in .toml)"
        )
    settings = read_settings(kind, read_protocol(path), str(path))
    require_names(settings, path, {"profile": path.stem if is_path(profile) else profile})
    return settings


def protocol_files() -> list[Path]:
    """Every protocol file of this project, one of each profile and name, sorted by them."""
    files = {_place(path): path for folder in reversed(_FOLDERS) for path in folder.glob("*/*.toml")}
    return [files[place] for place in sorted(files)]


def find_protocol(profile: str, name: str) -> Path | None:
    """The file ``NAME.toml`` of a profile, or the path ``profile`` itself; None where this project has no such file.

    Whether a file lies at a path is for its reader to say.
    """
    if is_path(profile):
        return Path(profile)
    return next((path for path in protocol_files() if _place(path) == (profile, name)), None)


def is_path(profile: str) -> bool:
    """Whether this is the path of a protocol file, not a profile's name."""
    return profile.endswith(".toml")


def read_protocol(path: Path) -> dict[str, Any]:
    """The table that a protocol file holds.

    Raises:
        ProtocolError: If the file cannot be read or is not TOML.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ProtocolError(f"cannot read the protocol {path}: {error}") from None
    return parse_table(text, str(path))


def parse_table(text: str, origin: str) -> dict[str, Any]:
    """The table that TOML text holds; ``origin`` names it in errors.

    Raises:
        ProtocolError: If the text is not TOML.
    """
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # Not only TOMLDecodeError: of numbers and nesting without end.
        raise ProtocolError(f"{origin} is not valid TOML: {error}") from None


def require_names(settings: object, path: Path, names: Mapping[str, str]) -> None:
    """Refuse settings whose own names are not those of their file.

    Args:
        settings: What was read.
        path: From where.
        names: By field, the name that the path gives it.

    Raises:
        ProtocolError: Naming the field.
    """
    for field, expected in names.items():
        found = getattr(settings, field)
        if found != expected:
            raise ProtocolError(f"{path}: {field} must be {expected!r}, as the path says; received {found!r}")


def plain_settings(settings: Any) -> dict[str, Any]:
    """A settings class as plain data for JSON, without what is None: a new setting that is left out changes no hash."""
    plain: dict[str, Any] = _given(dataclasses.asdict(settings))
    return plain


def settings_hash(settings: Mapping[str, Any]) -> str:
    """16 hexadecimal digits of the canonical form of plain data."""
    text = json.dumps(settings, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _place(path: Path) -> tuple[str, str]:
    return path.parent.name, path.stem


def _given(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _given(item) for key, item in value.items() if item is not None}
    return [_given(item) for item in value] if isinstance(value, list | tuple) else value
