"""How fast the population engine is, from the file that ``bench-engine`` writes."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reproduce.errors import ReproduceError
from reproduce.report.table import NONE, Cell, Column, Section, Table, count, missing, number, words

#: Where ``bench-engine`` writes, below its folder.
ENGINE = Path("bench") / "engine" / "engine.json"
_MINUTES = {
    "steps": "minutes for the 43 million steps of the published search",
    "race": "the same at the speed of the candidates scored",
}


@dataclass(frozen=True)
class Scorer:
    """How fast candidates were scored.

    Attributes:
        name: "engine", or Keras with its back end.
        per_minute: Candidates a minute of each measurement.
    """

    name: str
    per_minute: tuple[float, ...]


@dataclass(frozen=True)
class Form:
    """A way to train members together that was tried.

    Attributes:
        name: Layout, form of the convolution and number of members.
        seconds: Median time of a step of one member; None where the device refused.
        count: Measurements.
    """

    name: str
    seconds: float | None
    count: int


@dataclass(frozen=True)
class EngineSpeed:
    """What was measured.

    Attributes:
        scorers: The engine first, then Keras on each back end.
        times_keras: The engine's speed as a multiple of the faster Keras'.
        integrity: Integrity checks a second of each measurement.
        member_steps_per_second: Steps of one member of a population a second, at best.
        matrix_share: The share of the device's measured matrix rate that convolutions made of it.
        device: Where.
        load: Processes that waited for a core at the beginning and at the end.
        forms: Layouts and forms of the convolution.
        search_minutes: What the published search's steps would take, "steps" at the best time of a step and "race" at
            that of the candidates scored; empty where the network is not that of the published search.
    """

    scorers: tuple[Scorer, ...]
    times_keras: float
    integrity: tuple[float, ...]
    member_steps_per_second: float
    matrix_share: float
    device: str
    load: tuple[float, ...]
    forms: tuple[Form, ...]
    search_minutes: dict[str, float]

    @property
    def rounds(self) -> int:
        """In how many rounds each contestant was measured."""
        return min((len(scorer.per_minute) for scorer in self.scorers), default=0)


def read_engine_speed(path: Path) -> EngineSpeed:
    """The measurements.

    Raises:
        ReproduceError: If the file cannot be read or is not what ``bench-engine`` writes.
    """
    try:
        return _speed(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, RecursionError) as error:
        raise ReproduceError(f"cannot read the engine's speed {path}: {error}") from None
    except (KeyError, TypeError, ArithmeticError) as error:
        raise ReproduceError(f"{path} is not what bench-engine writes: {error!r}; measure again") from None


def engine_table(speed: EngineSpeed | None) -> Table:
    """Candidates a minute of the engine and of Keras, then the engine's other speeds."""
    return Table(
        name="engine",
        title="Speed of the population engine",
        caption=_caption(speed),
        columns=(
            Column("Measured", "measured"),
            Column("Median", "median", numeric=True),
            Column("Lowest", "lowest", numeric=True),
            Column("Highest", "highest", numeric=True),
            Column("n", "n", numeric=True),
        ),
        sections=() if speed is None else _sections(speed),
        section_name="quantity",
    )


def _speed(document: Any) -> EngineSpeed:
    return EngineSpeed(
        scorers=tuple(
            Scorer(str(each["name"]), tuple(60 * each["candidates"] / seconds for seconds in each["seconds"]))
            for each in document["contestants"]
        ),
        times_keras=float(document["times_keras"]),
        integrity=tuple(map(float, document["integrity"])),
        member_steps_per_second=float(document["member_steps_per_second"]),
        matrix_share=float(document["matrix_share"]),
        device=str(document["device"]),
        load=tuple(map(float, document["load"])),
        forms=(
            *(_timed(each) for each in document.get("over_forms", ())),
            *(Form(_form_name(each), None, 0) for each in document.get("refused", ())),
        ),
        search_minutes=_minutes(document.get("search_minutes")),
    )


def _timed(document: Any) -> Form:
    return Form(_form_name(document), float(document["seconds"]), int(document["repeats"]))


def _form_name(document: Any) -> str:
    return f"{document['layout']}, {document['convolution']}, {document['members']} members"


def _minutes(document: Any) -> dict[str, float]:
    return {} if document is None else {name: float(document[name]) for name in _MINUTES}


def _sections(speed: EngineSpeed) -> tuple[Section, ...]:
    return (
        Section("candidates scored a minute", tuple(_line(each.name, each.per_minute, 1) for each in speed.scorers)),
        Section(
            "engine alone",
            (
                _line("integrity checks a second", speed.integrity, 0),
                _single("member-steps a second", number(speed.member_steps_per_second, 0)),
                _single("share of the matrix rate, %", number(speed.matrix_share, 1, 100.0)),
                *(_single(_MINUTES[name], number(each, 0)) for name, each in speed.search_minutes.items()),
            ),
        ),
        Section("microseconds of a step of one member", tuple(_form_line(each) for each in speed.forms)),
    )


def _line(name: str, values: Sequence[float], digits: int) -> tuple[Cell, ...]:
    if not values:
        return (words(name), *(missing() for _ in range(3)), count(0))
    shown = (statistics.median(values), min(values), max(values))
    return (words(name), *(number(value, digits) for value in shown), count(len(values)))


def _single(name: str, cell: Cell) -> tuple[Cell, ...]:
    return (words(name), cell, missing(NONE), missing(NONE), count(1))


def _form_line(form: Form) -> tuple[Cell, ...]:
    value = missing("refused") if form.seconds is None else number(form.seconds, 0, 1e6)
    return (words(form.name), value, missing(NONE), missing(NONE), count(form.count))


def _caption(speed: EngineSpeed | None) -> str:
    if speed is None:
        return "The engine's speed was not measured; make bench-engine measures it."
    loads = " and ".join(f"{load:.1f}" for load in speed.load)
    return (
        f"{speed.device}; load {loads} at the beginning and the end. Random candidates of the search space, each "
        "trained by the same protocol on scikit-learn's digits: many side by side in one compiled program of the "
        "engine, one after another with model.fit in Keras. The engine is "
        f"{speed.times_keras:.1f} times as fast as the faster Keras."
    )
