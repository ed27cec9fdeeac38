"""What the benchmarks measured of speed, read from the files that ``bench-optimizers`` and ``bench-engine`` write."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reproduce.errors import ReproduceError

#: Where the benchmarks write, below their folder.
STEP_COSTS = Path("bench") / "optimizers.csv"
ENGINE = Path("bench") / "engine" / "engine.json"
MEMBER_STEPS = Path("bench") / "engine" / "member_steps.csv"
_COLUMNS = ("layout", "convolution", "members", "repeats", "seconds", "low", "high", "device")


_NUMBERS = ("seconds", "ratio", "state_bytes", "adam_state_bytes", "pairs")


@dataclass(frozen=True)
class StepCost:
    """What an optimizer costs, as ``bench-optimizers`` measured it.

    Attributes:
        seconds: Median time of a training step.
        ratio: Median of that time over Keras Adam's beside it.
        state_bytes: Bytes of state.
        adam_state_bytes: Keras Adam's on the same network.
        pairs: How many pairs of steps were timed, its own and Keras Adam's.
        device: Where it was timed.
    """

    seconds: float
    ratio: float
    state_bytes: int
    adam_state_bytes: int
    pairs: int
    device: str


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


@dataclass(frozen=True)
class MemberStep:
    """One line of ``bench-engine``'s file.

    Attributes:
        form: How members and convolutions are computed.
        members: How many were trained together.
        repeats: Measurements.
        seconds: Median time of a step of one member.
        low: First quartile.
        high: Third quartile.
        device: Where.
    """

    form: str
    members: int
    repeats: int
    seconds: float
    low: float
    high: float
    device: str


def read_step_costs(path: Path) -> dict[str, StepCost]:
    """Costs by optimizer.

    Raises:
        ReproduceError: If the file cannot be read or is not what ``bench-optimizers`` writes.
    """
    try:
        lines = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ReproduceError(f"cannot read the step costs {path}: {error}") from None
    costs = {}
    for position, line in enumerate(lines, start=2):
        try:
            seconds, ratio, state, adam, pairs = (float(line[name]) for name in _NUMBERS)
            costs[line["optimizer"]] = StepCost(seconds, ratio, int(state), int(adam), int(pairs), line["device"])
        except (KeyError, TypeError, ValueError, OverflowError):
            raise ReproduceError(
                f"{path}, line {position} is not a step cost; expected the columns optimizer, {', '.join(_NUMBERS)} "
                "and device, as bench-optimizers writes them"
            ) from None
    return costs


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


def read_member_steps(path: Path) -> list[MemberStep]:
    """The lines of the file.

    Raises:
        ReproduceError: If it cannot be read, or is not what ``bench-engine`` writes.
    """
    try:
        lines = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ReproduceError(f"cannot read the engine's times {path}: {error}") from None
    found = []
    for number, line in enumerate(lines, start=2):
        try:
            counts = int(line["members"]), int(line["repeats"])
            times = float(line["seconds"]), float(line["low"]), float(line["high"])
            found.append(MemberStep(f"{line['layout']}, {line['convolution']}", *counts, *times, line["device"]))
        except (KeyError, TypeError, ValueError):
            raise ReproduceError(
                f"{path}, line {number} is not an engine's time; expected the columns {', '.join(_COLUMNS)}, as "
                "bench-engine writes them"
            ) from None
    return found


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
    return {} if document is None else {name: float(document[name]) for name in ("steps", "race")}
