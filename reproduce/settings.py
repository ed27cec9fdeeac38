"""Frozen dataclasses from plain tables, with an error that names the key for whatever does not fit."""

from __future__ import annotations

import dataclasses
import math
import sys
from collections.abc import Mapping
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from reproduce.errors import ProtocolError

Settings = TypeVar("Settings")


class OutOfRangeError(ValueError):
    """A field of a settings class has the right type and a value that is not allowed."""


def require(condition: bool, name: str, received: object, expected: str) -> None:
    """Refuse a field's value.

    Raises:
        OutOfRangeError: Unless ``condition`` holds.
    """
    if not condition:
        raise OutOfRangeError(f"{name} must be {expected}; received {received!r}")


def read_settings(kind: type[Settings], table: Mapping[str, Any], origin: str, section: str = "") -> Settings:
    """Make a ``kind`` from ``table``: every field present, none unknown, each of its annotated type.

    Fields may be str, int, float (which takes an int), bool, a Literal of strings, tuples of one of these, and other
    settings classes. Only a field that may be None can be missing; it is None then.

    Raises:
        ProtocolError: Naming the key, as ``origin: section.key``.
    """
    types = get_type_hints(kind)
    unknown = sorted(set(table) - set(types))
    if unknown:
        fields = ", ".join(types)
        raise ProtocolError(f"{origin}: unknown key {section}{unknown[0]}; expected: {fields}")
    missing = [name for name in types if name not in table and not _optional(types[name])]
    if missing:
        raise ProtocolError(f"{origin}: missing key {section}{missing[0]}")
    values = {
        name: None
        if _optional(types[name]) and table.get(name) is None
        else _read(_given(types[name]), table[name], origin, section + name)
        for name in types
    }
    try:
        return kind(**values)
    except OutOfRangeError as error:
        raise ProtocolError(f"{origin}: {section}{error}") from None


def _optional(kind: Any) -> bool:
    return get_origin(kind) is UnionType and NoneType in get_args(kind)


def _given(kind: Any) -> Any:
    """What a field that is not missing must be."""
    return next(each for each in get_args(kind) if each is not NoneType) if _optional(kind) else kind


def _read(kind: Any, value: Any, origin: str, key: str) -> Any:
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        if not isinstance(value, Mapping):
            raise ProtocolError(f"{origin}: {key} must be a table [{key}]; received {value!r}")
        return read_settings(kind, value, origin, f"{key}.")
    if get_origin(kind) is tuple:
        if not isinstance(value, list):
            raise ProtocolError(f"{origin}: {key} must be a list; received {value!r}")
        return tuple(_read(get_args(kind)[0], item, origin, f"{key}[{n}]") for n, item in enumerate(value))
    if get_origin(kind) is Literal:
        if value not in get_args(kind):
            raise ProtocolError(f"{origin}: {key} must be one of {', '.join(get_args(kind))}; received {value!r}")
        return value
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value) if abs(value) <= sys.float_info.max else math.inf
    if not isinstance(value, kind) or isinstance(value, bool) != (kind is bool):
        raise ProtocolError(f"{origin}: {key} must be {_NAMES[kind]}; received {value!r}")
    if kind is float and not math.isfinite(value):
        raise ProtocolError(f"{origin}: {key} must be a finite number; received {value!r}")
    return value


_NAMES = {str: "a string", int: "an integer", float: "a number", bool: "true or false"}
