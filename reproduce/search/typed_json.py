"""Dataclasses to plain JSON data and back, checked against their type hints."""

from __future__ import annotations

import dataclasses
import sys
import types
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from reproduce.search.genome import Genome

_Kind = TypeVar("_Kind")
#: Reads a value from plain data; the name is that of its field, for the error.
_Reader = Callable[[Any, str], Any]


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
    return cast(_Kind, _reader_of_fields(cast(Any, kind))(document, kind.__name__))


@cache
def _reader_of_fields(kind: Any) -> _Reader:
    readers = {name: _reader(hint) for name, hint in get_type_hints(kind).items()}

    def read(value: Any, _: str) -> Any:
        if not isinstance(value, dict):
            raise ValueError(f"expected an object with the fields of a {kind.__name__}")
        if value.keys() != readers.keys():
            raise ValueError(f"fields missing or unknown: {', '.join(sorted(readers.keys() ^ value.keys()))}")
        return kind(**{field: reader(value[field], field) for field, reader in readers.items()})

    return read


@cache
def _reader(hint: Any) -> _Reader:
    """What reads a value of a type: worked out once for each, since a ledger holds thousands of them."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is Genome:
        return lambda value, name: Genome.from_dict(value)
    if origin in (Union, types.UnionType):
        return _reader_of_one(arguments)
    if origin is Literal:
        return lambda value, name: _require(value in arguments, value, name)
    if origin is tuple:
        return _reader_of_tuple(arguments)
    if hint == Mapping[str, str]:
        return _read_texts
    if isinstance(hint, type) and (dataclasses.is_dataclass(hint) or hasattr(hint, "_fields")):
        return _reader_of_fields(hint)
    if hint is float:
        return _read_number
    return lambda value, name: _require(type(value) is hint, value, name)


def _reader_of_tuple(hints: tuple[Any, ...]) -> _Reader:
    """A tuple of any length, or of as many values as there are types."""
    first = _reader(hints[0])
    if hints[1:] == (Ellipsis,):
        return lambda value, name: tuple(first(item, name) for item in _require_list(value, name))
    readers = [_reader(hint) for hint in hints]

    def read(value: Any, name: str) -> Any:
        _require(len(_require_list(value, name)) == len(readers), value, name)
        return tuple(reader(item, name) for reader, item in zip(readers, value, strict=True))

    return read


def _reader_of_one(hints: tuple[Any, ...]) -> _Reader:
    """A value that may be None, or one of several dataclasses told apart by their field ``kind``."""
    kinds = [hint for hint in hints if hint is not type(None)]
    chosen = _reader(kinds[0]) if len(kinds) == 1 else _reader_of_kinds(kinds)
    if len(kinds) == len(hints):
        return chosen
    return lambda value, name: None if value is None else chosen(value, name)


def _reader_of_kinds(kinds: Sequence[Any]) -> _Reader:
    readers = {_name_of(each): _reader(each) for each in kinds}

    def read(value: Any, name: str) -> Any:
        given: Any = value.get("kind") if isinstance(value, dict) else None
        _require(isinstance(given, str) and given in readers, given, f"{name}.kind")
        return readers[given](value, name)

    return read


def _name_of(kind: Any) -> Any:
    """The one value that its field ``kind`` can have."""
    (name,) = get_args(get_type_hints(kind)["kind"])
    return name


def _read_texts(value: Any, name: str) -> Any:
    return _require(isinstance(value, dict) and all(isinstance(text, str) for text in value.values()), value, name)


def _read_number(value: Any, name: str) -> Any:
    number = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max
    return _require(number, value, name)


def _require_list(value: Any, name: str) -> Any:
    return _require(isinstance(value, list), value, name)


def _require(condition: bool, value: Any, name: str) -> Any:
    if not condition:
        raise ValueError(f"{name} cannot be {value!r}")
    return value
