from dataclasses import dataclass
from typing import Literal

import pytest

from reproduce.errors import ProtocolError
from reproduce.settings import read_settings


@dataclass(frozen=True)
class Inner:
    flag: bool
    word: Literal["one", "two"]


@dataclass(frozen=True)
class Outer:
    number: float
    words: tuple[Literal["one", "two"], ...]
    inner: Inner | None


WHOLE = {"number": 1, "words": ["one"], "inner": {"flag": True, "word": "two"}}


def test_all_kinds_of_fields_are_read() -> None:
    assert read_settings(Outer, WHOLE, "here") == Outer(1.0, ("one",), Inner(True, "two"))


def test_only_what_may_be_none_can_be_missing() -> None:
    without = {key: value for key, value in WHOLE.items() if key != "inner"}
    assert read_settings(Outer, without, "here").inner is None
    assert read_settings(Outer, {**WHOLE, "inner": None}, "here").inner is None
    with pytest.raises(ProtocolError, match="here: missing key number"):
        read_settings(Outer, {"words": []}, "here")


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("inner", {"flag": 1, "word": "two"}, "here: inner.flag must be true or false; received 1"),
        ("inner", {"flag": True, "word": "three"}, "here: inner.word must be one of one, two; received 'three'"),
        ("inner", 3, r"here: inner must be a table \[inner\]; received 3"),
        ("words", ["one", 2], r"here: words\[1\] must be one of one, two; received 2"),
        ("number", True, "here: number must be a number; received True"),
    ],
)
def test_what_does_not_fit_is_named(key: str, value: object, message: str) -> None:
    with pytest.raises(ProtocolError, match=message):
        read_settings(Outer, {**WHOLE, key: value}, "here")
