from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import pytest

from reproduce.search.typed_json import from_plain, to_plain


class Point(NamedTuple):
    x: float
    y: float


@dataclass(frozen=True)
class Trained:
    score: float
    kind: Literal["trained"] = "trained"


@dataclass(frozen=True)
class Stopped:
    step: int
    kind: Literal["stopped"] = "stopped"


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


GOOD = Everything(
    count=3, number=0.5, text="ñ", flag=True, choice="two", outcome=Stopped(7), perhaps=None, many=(1, 2, 3),
    pair=("a", 1.0), texts={"numpy": "2"}, point=Point(1.0, -2.0),
)  # fmt: skip


def read(**changed: Any) -> Everything:
    return from_plain(Everything, to_plain(GOOD) | changed)


def test_there_and_back() -> None:
    assert read() == GOOD
    assert read(perhaps=1, outcome={"kind": "trained", "score": 1}, many=[]) == Everything(
        **{**vars(GOOD), "perhaps": 1, "outcome": Trained(1), "many": ()}
    )


BAD: list[tuple[dict[str, Any], str]] = [
    ({"count": 3.0}, "count cannot be 3.0"),
    ({"count": True}, "count cannot be True"),
    ({"number": True}, "number cannot be True"),
    ({"number": float("inf")}, "number cannot be inf"),
    ({"number": float("nan")}, "number cannot be nan"),
    ({"number": 10**400}, "number cannot be 1000"),
    ({"number": None}, "number cannot be None"),
    ({"text": 3}, "text cannot be 3"),
    ({"flag": 1}, "flag cannot be 1"),
    ({"choice": "three"}, "choice cannot be 'three'"),
    ({"choice": ["one"]}, r"choice cannot be \['one'\]"),
    ({"outcome": None}, "outcome.kind cannot be None"),
    ({"outcome": {"kind": "lost", "step": 1}}, "outcome.kind cannot be 'lost'"),
    ({"outcome": {"kind": ["stopped"], "step": 1}}, r"outcome.kind cannot be \['stopped'\]"),
    ({"outcome": {"kind": "stopped"}}, "fields missing or unknown: step"),
    ({"perhaps": "none"}, "perhaps cannot be 'none'"),
    ({"many": "123"}, "many cannot be '123'"),
    ({"many": [1, "2"]}, "many cannot be '2'"),
    ({"pair": ["a", 1.0, 2.0]}, r"pair cannot be \['a', 1.0, 2.0\]"),
    ({"pair": {"a": 1.0}}, "pair cannot be {'a': 1.0}"),
    ({"pair": [1.0, "a"]}, "pair cannot be 1.0"),
    ({"texts": {"numpy": 2}}, "texts cannot be {'numpy': 2}"),
    ({"texts": []}, r"texts cannot be \[\]"),
    ({"point": {"x": 1.0}}, "fields missing or unknown: y"),
    ({"point": [1.0, 2.0]}, "expected an object with the fields of a Point"),
    ({"more": 1}, "fields missing or unknown: more"),
]


@pytest.mark.parametrize(("changed", "fault"), BAD)
def test_what_does_not_fit_is_named(changed: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValueError, match=f"^{fault}"):
        read(**changed)


def test_what_is_no_object_is_refused() -> None:
    with pytest.raises(ValueError, match="expected an object with the fields of a Everything"):
        from_plain(Everything, [])
