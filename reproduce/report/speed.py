"""Measurements of speed, read from the files that ``bench-optimizers`` and ``bench-engine`` write."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from reproduce.errors import ReproduceError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Line = TypeVar("Line", bound="DataclassInstance")
#: Where the benchmarks write, below their folder.
STEP_COSTS = Path("bench") / "optimizers.csv"
DOOR_COSTS = Path("bench") / "doors.csv"
ENGINE = Path("bench") / "engine" / "engine.json"
FRAMEWORK_TIMES = Path("bench") / "frameworks.csv"
MEMBER_STEPS = Path("bench") / "engine" / "member_steps.csv"


@dataclass(frozen=True)
class OptimizerCost:
    """The cost of one optimizer's step, as ``bench-optimizers`` measured it and writes it as a line.

    Attributes:
        optimizer: Its name.
        pairs: How many pairs of steps were timed, its own and Keras Adam's.
        seconds: Median time of its step, the processor's where there is no accelerator.
        adam_seconds: Median time of Keras Adam's step in the same pairs.
        ratio: Median over pairs of its time over Adam's.
        ratio_low: First quartile of that ratio.
        ratio_high: Third quartile.
        state_bytes: Bytes of its state, without iteration counter and learning rate.
        adam_state_bytes: The same of Keras Adam.
        batch: Images of a step.
        base_filters: Filters of the network's first convolution.
        device: Where it was timed.
    """

    optimizer: str
    pairs: int
    seconds: float
    adam_seconds: float
    ratio: float
    ratio_low: float
    ratio_high: float
    state_bytes: int
    adam_state_bytes: int
    batch: int
    base_filters: int
    device: str


@dataclass(frozen=True)
class DoorCost:
    """The cost of one optimizer's step through one door on one network, as ``bench-optimizers`` writes it as a line.

    Attributes:
        door: "keras-" with its back end, "torch" or "optax".
        network: "convolutional", "dense" or "embedding".
        optimizer: Its name; a class of another package with its module.
        rounds: How often its step, Adam's, SGD's and a pass over memory were timed in turns.
        seconds: Median time of its step, the processor's where there is no accelerator.
        adam_seconds: The same of Adam of the same door.
        sgd_seconds: The same of SGD of the same door.
        pass_seconds: The same of reading or writing one number for each weight.
        ratio: Median over rounds of its time over Adam's.
        ratio_low: First quartile of that ratio.
        ratio_high: Third quartile.
        weights: How many are trained.
        state_bytes: Bytes of its state.
        device: Where it was timed.
    """

    door: str
    network: str
    optimizer: str
    rounds: int
    seconds: float
    adam_seconds: float
    sgd_seconds: float
    pass_seconds: float
    ratio: float
    ratio_low: float
    ratio_high: float
    weights: int
    state_bytes: int
    device: str

    @property
    def passes(self) -> float:
        """Passes over memory that a step takes at least: weight and state read and written, the gradient read."""
        return 3.0 + 2.0 * self.state_bytes / (4 * self.weights)

    @property
    def least_ratio(self) -> float:
        """The ratio if these passes were all that a step cost beyond SGD, which takes three."""
        return (self.sgd_seconds + (self.passes - 3.0) * self.pass_seconds) / self.adam_seconds


@dataclass(frozen=True)
class FrameworkTime:
    """A training step of one network in a framework, as ``bench-engine`` measured it and writes it as a line.

    Attributes:
        size: The network's name: "smoke", "small", "search", "mid", "full", or that of another network of the engine.
        network: The network in words.
        framework: "engine", "engine at" a commit, "torch", "optax", "keras-tensorflow" or "keras-jax".
        form: How it trained: the optimizer of the engine's members; else what it used, with processes and threads.
        measured: "step", or "evaluation" of 10,000 examples by one network.
        rounds: Measurements, each in turns with all others.
        seconds: Median on the clock, all cores together: two networks on two cores that take a step in 4 ms cost 2 ms.
        low: First quartile.
        high: Third quartile.
        cpu_seconds: Median of the processor's time.
        times: Median over rounds of its time by the clock over the engine's with Adam: how many times the engine is as
            fast.
        times_low: First quartile.
        times_high: Third quartile.
        cpu_times: Median of the same of the processor's time.
        peak_bytes: The most memory that its processes took, together.
        device: Where.
    """

    size: str
    network: str
    framework: str
    form: str
    measured: str
    rounds: int
    seconds: float
    low: float
    high: float
    cpu_seconds: float
    times: float
    times_low: float
    times_high: float
    cpu_times: float
    peak_bytes: int
    device: str


@dataclass(frozen=True)
class StepTime:
    """Seconds a step of one member, as ``bench-engine`` measured them and writes them as a line.

    Attributes:
        layout: See `reproduce.population.engine`.
        convolution: See `reproduce.population.networks.convolutions`.
        members: How many were trained together.
        repeats: Epochs timed.
        seconds: Median on the clock.
        low: First quartile.
        high: Third quartile.
        cpu_seconds: Median of the processor's time, which other processes lengthen less.
        device: Where.
    """

    layout: str
    convolution: str
    members: int
    repeats: int
    seconds: float
    low: float
    high: float
    cpu_seconds: float
    device: str

    @property
    def form(self) -> str:
        """How members and convolutions are computed."""
        return f"{self.layout}, {self.convolution}"


@dataclass(frozen=True)
class ScoringSpeed:
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
    """The measurements of the engine's speed.

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

    scorers: tuple[ScoringSpeed, ...]
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
        """Count the rounds in which each contestant was measured."""
        return min((len(scorer.per_minute) for scorer in self.scorers), default=0)


def read_optimizer_costs(path: Path) -> dict[str, OptimizerCost]:
    """Costs by optimizer.

    Raises:
        ReproduceError: If the file cannot be read or is not what ``bench-optimizers`` writes.
    """
    return {each.optimizer: each for each in _read(path, OptimizerCost)}


def read_door_costs(path: Path) -> tuple[DoorCost, ...]:
    """Costs through every door.

    Raises:
        ReproduceError: If the file cannot be read or is not what ``bench-optimizers`` writes.
    """
    return tuple(_read(path, DoorCost))


def read_framework_times(path: Path) -> tuple[FrameworkTime, ...]:
    """Read the times of steps in the engine and in other frameworks.

    Raises:
        ReproduceError: If the file cannot be read or is not what ``bench-engine`` writes.
    """
    return tuple(_read(path, FrameworkTime))


def read_step_times(path: Path) -> list[StepTime]:
    """The engine's times.

    Raises:
        ReproduceError: If the file cannot be read or is not what ``bench-engine`` writes.
    """
    return _read(path, StepTime)


def read_engine_speed(path: Path) -> EngineSpeed:
    """Read the measurements of the engine's speed.

    Raises:
        ReproduceError: If the file cannot be read or is not what ``bench-engine`` writes.
    """
    try:
        return _speed(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, RecursionError) as error:
        raise ReproduceError(f"cannot read the engine's speed {path}: {error}") from None
    except (KeyError, TypeError, ArithmeticError) as error:
        raise ReproduceError(f"{path} is not what bench-engine writes: {error!r}; measure again") from None


def _speed(document: Any) -> EngineSpeed:
    return EngineSpeed(
        scorers=tuple(
            ScoringSpeed(str(each["name"]), tuple(60 * each["candidates"] / seconds for seconds in each["seconds"]))
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


def _read(path: Path, kind: type[Line]) -> list[Line]:
    """The lines of a CSV file that was written of such dataclasses."""
    try:
        lines = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ReproduceError(f"cannot read the measurements {path}: {error}") from None
    return [_parsed(line, kind, f"{path}, line {number}") for number, line in enumerate(lines, start=2)]


def _parsed(line: Mapping[str, Any], kind: type[Line], place: str) -> Line:
    readers = {"str": str, "int": int, "float": float}
    columns = {column.name: readers[str(column.type)] for column in fields(kind)}
    try:
        if None in line.values():
            raise ValueError("a column is missing")
        return kind(**{name: read(line[name]) for name, read in columns.items()})
    except (KeyError, ValueError, OverflowError):
        raise ReproduceError(
            f"{place} is not a measurement; expected the columns {', '.join(columns)}, as benchmarks write them"
        ) from None
