import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import pytest

from reproduce.errors import ProtocolError
from reproduce.plain_data import PlainDataError, from_plain, read_settings, require, to_plain


class Point(NamedTuple):
    x: float
    y: float


@dataclass(frozen=True)
class Trained:
    score: float
    kind: Literal["trained"] = "trained"


@dataclass(frozen=True)
class Stopped:
    kind: Literal["stopped", "cut"] = field(default="stopped", kw_only=True)
    step: int

    def __post_init__(self) -> None:
        require(self.step >= 0, "step", self.step, "0 or more")


@dataclass(frozen=True)
class Words:
    """Reads itself from one text."""

    words: tuple[str, ...]

    def to_dict(self) -> str:
        return " ".join(self.words)

    @classmethod
    def from_dict(cls, document: Any) -> "Words":
        if not isinstance(document, str):
            raise ValueError(f"words stand in one text; received {document!r}")
        return cls(tuple(document.split()))


@dataclass(frozen=True)
class Everything:
    count: int
    number: float
    text: str
    flag: bool
    choice: Literal["one", "two"]
    outcome: Trained | Stopped
    perhaps: float | None
    many: tuple[int, ...]
    pair: tuple[str, float]
    texts: Mapping[str, str]
    point: Point
    words: Words
    outcomes: tuple[Trained | Stopped, ...]
    maybe: Trained | Stopped | None = None
    inner: Stopped | None = None


GOOD = Everything(
    count=3,
    number=0.5,
    text="ñ",
    flag=True,
    choice="two",
    outcome=Stopped(7),
    perhaps=None,
    many=(1, 2, 3),
    pair=("a", 1.0),
    texts={"numpy": "2"},
    point=Point(1.0, -2.0),
    words=Words(("some", "words")),
    outcomes=(Trained(0.5), Stopped(3, kind="cut")),
)


def read(**changed: Any) -> Everything:
    return from_plain(Everything, to_plain(GOOD) | changed)


def test_there_and_back() -> None:
    assert read() == GOOD
    assert list(to_plain(Stopped(7))) == ["kind", "step"]
    changed = read(perhaps=1, outcome={"kind": "trained", "score": 1}, many=[], inner={"step": 0}, maybe=None)
    others = {"perhaps": 1.0, "outcome": Trained(1.0), "many": (), "inner": Stopped(0)}
    assert changed == dataclasses.replace(GOOD, **others)
    assert [type(each) for each in (changed.perhaps, changed.outcome.score)] == [float, float]


def test_only_a_field_with_a_default_can_be_missing() -> None:
    without = {key: value for key, value in to_plain(GOOD).items() if key not in ("maybe", "inner")}
    assert from_plain(Everything, without) == GOOD
    for name in ("count", "perhaps", "outcome"):
        with pytest.raises(PlainDataError, match=rf"^missing key {name}$"):
            from_plain(Everything, {key: value for key, value in without.items() if key != name})


BAD: list[tuple[dict[str, Any], str]] = [
    ({"count": 3.0}, "count must be an integer; received 3.0"),
    ({"count": True}, "count must be an integer; received True"),
    ({"count": "3"}, "count must be an integer; received '3'"),
    ({"number": True}, "number must be a number; received True"),
    ({"number": "1"}, "number must be a number; received '1'"),
    ({"number": math.inf}, "number must be a finite number; received inf"),
    ({"number": math.nan}, "number must be a finite number; received nan"),
    ({"number": 10**400}, "number must be a finite number; received 1000"),
    ({"number": None}, "number must be a number; received None"),
    ({"text": 3}, "text must be a string; received 3"),
    ({"flag": 1}, "flag must be true or false; received 1"),
    ({"choice": "three"}, "choice must be one of one, two; received 'three'"),
    ({"choice": ["one"]}, r"choice must be one of one, two; received \['one'\]"),
    ({"outcome": None}, "outcome must be a table of keys and values; received None"),
    ({"outcome": {"step": 1}}, "outcome.kind must be one of trained, stopped, cut; received None"),
    ({"outcome": {"kind": "lost", "step": 1}}, "outcome.kind must be one of trained, stopped, cut; received 'lost'"),
    ({"outcome": {"kind": ["stopped"], "step": 1}}, r"outcome.kind must be one of .*; received \['stopped'\]"),
    ({"outcome": {"kind": "stopped"}}, "missing key outcome.step"),
    ({"outcome": {"kind": "stopped", "step": -1}}, "outcome.step must be 0 or more; received -1"),
    ({"outcomes": [{"kind": "trained", "score": "x"}]}, r"outcomes\[0\].score must be a number; received 'x'"),
    ({"maybe": {"kind": "stopped", "step": "x"}}, "maybe.step must be an integer; received 'x'"),
    ({"inner": 3}, "inner must be a table of keys and values; received 3"),
    ({"inner": {"stop": 3}}, r"unknown key inner.stop; did you mean step\? expected: kind, step"),
    ({"perhaps": "none"}, "perhaps must be a number; received 'none'"),
    ({"many": "123"}, "many must be a list; received '123'"),
    ({"many": {"1": 1}}, "many must be a list; received {'1': 1}"),
    ({"many": [1, "2"]}, r"many\[1\] must be an integer; received '2'"),
    ({"pair": ["a", 1.0, 2.0]}, r"pair must be a list of 2 values; received \['a', 1.0, 2.0\]"),
    ({"pair": {"a": 1.0}}, "pair must be a list of 2 values; received {'a': 1.0}"),
    ({"pair": [1.0, "a"]}, r"pair\[0\] must be a string; received 1.0"),
    ({"texts": {"numpy": 2}}, "texts.numpy must be a string; received 2"),
    ({"texts": []}, r"texts must be a table of keys and values; received \[\]"),
    ({"point": {"x": 1.0}}, "missing key point.y"),
    ({"point": [1.0, 2.0]}, r"point must be a table of keys and values; received \[1.0, 2.0\]"),
    ({"words": 3}, "words: words stand in one text; received 3"),
    ({"more": 1, "count": "x"}, "unknown key more; expected: count, number, text, "),
    ({"test": 1}, r"unknown key test; did you mean text\? expected: count, "),
]


@pytest.mark.parametrize(("changed", "fault"), BAD)
def test_what_does_not_fit_is_named(changed: dict[str, Any], fault: str) -> None:
    with pytest.raises(PlainDataError, match=f"^{fault}"):
        read(**changed)
    below = fault.replace(" key ", " key part.") if " key " in fault else f"part.{fault}"
    with pytest.raises(ProtocolError, match=f"^here: {below}"):
        read_settings(Everything, to_plain(GOOD) | changed, "here", "part")


def test_what_is_no_table_is_refused() -> None:
    with pytest.raises(PlainDataError, match=r"^must be a table of keys and values; received \[\]"):
        from_plain(Everything, [])


def test_numbers_of_a_long_list_are_each_looked_at() -> None:
    @dataclass(frozen=True)
    class Curve:
        values: tuple[float, ...]

    assert from_plain(Curve, {"values": [0.5, 1.5]}) == Curve((0.5, 1.5))
    assert [type(each) for each in from_plain(Curve, {"values": [0.5, 1]}).values] == [float, float]
    for wrong in (math.inf, math.nan, True, "1", None):
        with pytest.raises(PlainDataError, match=r"values\[1\] must be a"):
            from_plain(Curve, {"values": [0.5, wrong]})
