"""Plain data, as TOML and JSON hold it, to frozen dataclasses and back; whatever does not fit is named by its key.

cattrs builds the readers, each once from the type hints of its class. How strict they are and what an error says stands
here.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
import sys
from collections.abc import Callable, Mapping
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from cattrs import BaseValidationError, Converter, ForbiddenExtraKeysError
from cattrs.cols import (
    homogenous_tuple_structure_factory,
    is_mapping,
    is_namedtuple,
    mapping_structure_factory,
    namedtuple_dict_structure_factory,
)
from cattrs.errors import AttributeValidationNote, CattrsError, IterableValidationNote

from reproduce.errors import ProtocolError

Kind = TypeVar("Kind")
#: Reads a value of a type.
_Hook = Callable[[Any, Any], Any]
_Factory = Callable[[Any, Converter], _Hook]


class OutOfRangeError(ValueError):
    """A field of a class has the right type and a value that is not allowed."""


class PlainDataError(ValueError):
    """Plain data do not fit a class; the text names the key, what was received and what was expected."""


class _UnfitError(ValueError):
    """A value does not fit.

    Args:
        received: The value.
        expected: What fits.
        below: Where it lies below the key of what was being read.
    """

    def __init__(self, received: object, expected: str, below: str = "") -> None:
        super().__init__(f"must be {expected}; received {received!r}")
        self.below = below


def require(condition: bool, name: str, received: object, expected: str) -> None:
    """Refuse a field's value.

    Raises:
        OutOfRangeError: Unless ``condition`` holds.
    """
    if not condition:
        raise OutOfRangeError(f"{name} must be {expected}; received {received!r}")


def require_at_least(least: int, settings: object, *names: str) -> None:
    """Refuse fields of ``settings`` that are less than ``least``; what is None is left alone."""
    for name in names:
        value = getattr(settings, name)
        require(value is None or value >= least, name, value, f"{least} or more")


def require_seeds(name: str, seeds: tuple[int, ...]) -> None:
    """Refuse seeds that are none, not 32-bit, or not different."""
    require(len(seeds) > 0, name, list(seeds), "at least one seed")
    require(all(0 <= seed < 2**31 for seed in seeds), name, list(seeds), "seeds in [0, 2^31)")
    require(len(set(seeds)) == len(seeds), name, list(seeds), "different seeds")


def to_plain(value: Any) -> Any:
    """Dicts, lists, texts and numbers: dataclasses and named tuples become dicts, other tuples lists."""
    if hasattr(value, "from_dict"):
        return value.to_dict()
    if dataclasses.is_dataclass(value):
        return {field.name: to_plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, tuple):
        names = getattr(value, "_fields", None)
        parts = [to_plain(item) for item in value]
        return parts if names is None else dict(zip(names, parts, strict=True))
    return dict(value) if isinstance(value, Mapping) else value


def from_plain(kind: type[Kind], data: Any, key: str = "") -> Kind:
    """A ``kind`` from `to_plain`'s form: no key unknown, none missing but of a field with a default, each of its type.

    Fields may be str, int, float (which takes an int), bool, Literals, tuples, mappings, dataclasses and named tuples,
    unions of dataclasses that a field of literals tells apart, and None beside any of these. A class with a method
    ``from_dict`` reads itself.

    Args:
        kind: A dataclass or named tuple.
        data: What TOML or JSON gave.
        key: Where it lies, for errors.

    Raises:
        PlainDataError: Naming the key, for the first thing that does not fit.
    """
    hint: Any = kind
    try:
        return cast(Kind, _reader(hint, detailed=False)(data, hint))
    except (ValueError, KeyError, CattrsError):
        pass  # It is read again, at half the speed, to learn where.
    try:
        return cast(Kind, _reader(hint, detailed=True)(data, hint))
    except (ValueError, CattrsError) as error:
        raise PlainDataError(_fault(error, key)) from None


def read_settings(kind: type[Kind], table: Mapping[str, Any], origin: str, section: str = "") -> Kind:
    """A settings class from the table of a protocol file; see `from_plain`.

    Raises:
        ProtocolError: Naming the key, as ``origin: section.key``.
    """
    try:
        return from_plain(kind, table, section)
    except PlainDataError as error:
        raise ProtocolError(f"{origin}: {error}") from None


@cache
def _reader(kind: Any, *, detailed: bool) -> _Hook:
    return _converter(detailed).get_structure_hook(kind)


@cache
def _converter(detailed: bool) -> Converter:
    """The one that names what does not fit, or the one that is quick."""
    converter = Converter(forbid_extra_keys=True, detailed_validation=detailed)
    for kind, expected in ((str, "a string"), (int, "an integer"), (bool, "true or false")):
        converter.register_structure_hook(kind, _reads_scalar(kind, expected))
    converter.register_structure_hook(float, _read_number)
    for fits, factory in _FACTORIES:
        converter.register_structure_hook_factory(fits, factory)
    return converter


def _reads_scalar(kind: type, expected: str) -> _Hook:
    def read(value: Any, _: Any) -> Any:
        if type(value) is not kind:
            raise _UnfitError(value, expected)
        return value

    return read


def _read_number(value: Any, _: Any) -> float:
    if type(value) is not float and type(value) is not int:
        raise _UnfitError(value, "a number")
    if not abs(value) <= sys.float_info.max:
        raise _UnfitError(value, "a finite number")
    return float(value)


def _reads_literal(kind: Any, _: Converter) -> _Hook:
    known = get_args(kind)

    def read(value: Any, _: Any) -> Any:
        if type(value) is str and value in known:
            return value
        raise _UnfitError(value, f"one of {', '.join(known)}")

    return read


def _reads_union(kind: Any, converter: Converter) -> _Hook:
    """A value that may be None, or one of several dataclasses told apart by the literals of a field."""
    kinds = [each for each in get_args(kind) if each is not NoneType]
    read = converter.get_structure_hook(kinds[0]) if len(kinds) == 1 else _reads_one_of(kinds, converter)
    if len(kinds) == len(get_args(kind)):
        return read
    return lambda value, _: None if value is None else read(value, kinds[0])


def _reads_one_of(kinds: list[Any], converter: Converter) -> _Hook:
    hints = [get_type_hints(each) for each in kinds]
    mark = next(name for name in hints[0] if all(get_origin(each.get(name)) is Literal for each in hints))
    found = {
        name: (converter.get_structure_hook(each), each)
        for each, types in zip(kinds, hints, strict=True)
        for name in get_args(types[mark])
    }

    def read(value: Any, _: Any) -> Any:
        if type(value) is not dict:
            raise _UnfitError(value, _TABLE)
        name = value.get(mark)
        if type(name) is not str or name not in found:
            raise _UnfitError(name, f"one of {', '.join(found)}", f".{mark}")
        hook, chosen = found[name]
        return hook(value, chosen)

    return read


def _reads_tuple(kind: Any, converter: Converter) -> _Hook:
    hints = get_args(kind)
    if hints[1:] == (Ellipsis,):
        read_all = _of_type(list, "a list", homogenous_tuple_structure_factory(kind, converter))
        return _reads_numbers(read_all) if hints[0] is float else read_all
    read = converter.gen_structure_hetero_tuple(kind)

    def read_as_many(value: Any, hint: Any) -> Any:
        if type(value) is not list or len(value) != len(hints):
            raise _UnfitError(value, f"a list of {len(hints)} values")
        return read(value, hint)

    return read_as_many


def _reads_numbers(read: _Hook) -> _Hook:
    """``read`` for tuples of numbers, without looking at each number where all are finite floats: curves are long."""

    def read_numbers(value: Any, hint: Any) -> Any:
        if type(value) is list and {*map(type, value)} == {float} and all(map(math.isfinite, value)):
            return tuple(value)
        return read(value, hint)

    return read_numbers


def _of_type(plain: type, expected: str, read: _Hook) -> _Hook:
    """``read`` for values of one type of plain data, which cattrs does not ask for."""

    def read_plain(value: Any, hint: Any) -> Any:
        if type(value) is not plain:
            raise _UnfitError(value, expected)
        return read(value, hint)

    return read_plain


_TABLE = "a table of keys and values"
#: Which types each factory gives the reader of; the last that fits counts.
_FACTORIES: tuple[tuple[Callable[[Any], bool], _Factory], ...] = (
    (lambda kind: get_origin(kind) is Literal, _reads_literal),
    (lambda kind: get_origin(kind) in (Union, UnionType), _reads_union),
    (lambda kind: get_origin(kind) is tuple, _reads_tuple),
    (is_mapping, lambda kind, converter: _of_type(dict, _TABLE, mapping_structure_factory(kind, converter))),
    (
        dataclasses.is_dataclass,
        lambda kind, converter: _of_type(dict, _TABLE, converter.gen_structure_attrs_fromdict(kind)),
    ),
    (
        is_namedtuple,
        lambda kind, converter: _of_type(
            dict, _TABLE, namedtuple_dict_structure_factory(kind, converter, "from_converter", True)
        ),
    ),
    (lambda kind: hasattr(kind, "from_dict"), lambda kind, _: lambda value, _: kind.from_dict(value)),
)


def _fault(error: BaseException, key: str) -> str:
    """The first thing that does not fit, of all that cattrs found; an unknown key goes before a missing one."""
    if isinstance(error, BaseValidationError):
        unknown = [each for each in error.exceptions if isinstance(each, ForbiddenExtraKeysError)]
        first = (unknown or error.exceptions)[0]
        return _fault(first, key + _place(first))
    if isinstance(error, ForbiddenExtraKeysError):
        return _unknown(error, key)
    if isinstance(error, KeyError):
        text = f"missing key {key.removeprefix('.')}"
    elif isinstance(error, _UnfitError):
        text = f"{key}{error.below} {error}"
    else:
        text = f"{key}.{error}" if isinstance(error, OutOfRangeError) else f"{key}: {error}"
    return text.lstrip(". :")


def _place(error: Exception) -> str:
    """Where an error arose, below what was being read."""
    for note in getattr(error, "__notes__", ()):
        if isinstance(note, AttributeValidationNote):
            return f".{note.name}"
        if isinstance(note, IterableValidationNote):
            return f"[{note.index}]" if isinstance(note.index, int) else f".{note.index}"
    return ""


def _unknown(error: ForbiddenExtraKeysError, key: str) -> str:
    known = list(get_type_hints(error.cl))
    name = min(error.extra_fields)
    close = difflib.get_close_matches(name, known, 1)
    hint = f"did you mean {close[0]}? " if close else ""
    return f"unknown key {f'{key}.{name}'.removeprefix('.')}; {hint}expected: {', '.join(known)}"
