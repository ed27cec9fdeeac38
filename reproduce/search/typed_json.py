"""Dataclasses to plain JSON data and back, checked against their type hints."""

from __future__ import annotations

import dataclasses
import sys
import types
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from reproduce.search.genome import Genome

_Kind = TypeVar("_Kind")


def to_plain(value: Any) -> Any:
    """Dicts, lists, texts and numbers: dataclasses and named tuples become dicts, other tuples lists."""
    if isinstance(value, Genome):
        return value.to_dict()
    if dataclasses.is_dataclass(value):
        return {field.name: to_plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, tuple):
        names = getattr(value, "_fields", None)
        parts = [to_plain(item) for item in value]
        return parts if names is None else dict(zip(names, parts, strict=True))
    return dict(value) if isinstance(value, Mapping) else value


def from_plain(kind: type[_Kind], document: Any) -> _Kind:
    """A ``kind`` (a dataclass or named tuple) from `to_plain`'s form: no field missing, unknown or of another type.

    Raises:
        ValueError: Naming the field.
    """
    if not isinstance(document, dict):
        raise ValueError(f"expected an object with the fields of a {kind.__name__}")
    hints = _hints(cast(Any, kind))
    if set(document) != set(hints):
        raise ValueError(f"fields missing or unknown: {', '.join(sorted(set(hints) ^ set(document)))}")
    return kind(**{name: _read(hint, document[name], name) for name, hint in hints.items()})


@lru_cache(maxsize=64)
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def _read(hint: Any, value: Any, name: str) -> Any:
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is Genome:
        return Genome.from_dict(value)
    if origin in (Union, types.UnionType):
        return _read_one_of(arguments, value, name)
    if origin is Literal:
        return _require(value in arguments, value, name)
    if origin is tuple and isinstance(value, list):
        if len(arguments) == 2 and arguments[1] is not Ellipsis:
            _require(len(value) == 2, value, name)
            return tuple(_read(each, item, name) for each, item in zip(arguments, value, strict=True))
        return tuple(_read(arguments[0], item, name) for item in value)
    if hint == Mapping[str, str]:
        texts = isinstance(value, dict) and all(isinstance(text, str) for text in value.values())
        return _require(texts, value, name)
    if isinstance(hint, type) and (dataclasses.is_dataclass(hint) or hasattr(hint, "_fields")):
        return from_plain(hint, value)
    return _require(_is(hint, value), value, name)


def _read_one_of(hints: tuple[Any, ...], value: Any, name: str) -> Any:
    """A value that may be None, or one of several dataclasses told apart by their field ``kind``."""
    if value is None and type(None) in hints:
        return None
    kinds = [hint for hint in hints if hint is not type(None)]
    if len(kinds) > 1:
        given = value.get("kind") if isinstance(value, dict) else None
        kinds = [kind for kind in kinds if get_args(_hints(kind)["kind"]) == (given,)]
        _require(len(kinds) == 1, given, f"{name}.kind")
    return _read(kinds[0], value, name)


def _is(hint: Any, value: Any) -> bool:
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max
    return isinstance(hint, type) and type(value) is hint


def _require(condition: bool, value: Any, name: str) -> Any:
    if not condition:
        raise ValueError(f"{name} cannot be {value!r}")
    return value
