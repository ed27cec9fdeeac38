"""Jobs and rows: one job is one training run asked for, one row is what came of it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from reproduce.ledger import require_schema
from reproduce.training.outcome import Curve, Diverged, Finished, Outcome

__all__ = ["SCHEMA", "Curve", "Diverged", "Finished", "Job", "Outcome", "Phase", "Row", "row_from_dict"]

#: Raised by one whenever a field of `Row` changes its meaning.
SCHEMA = 2

_OPTIONAL = "deterministic"

Phase = Literal["tune", "final"]


@dataclass(frozen=True)
class Job:
    """One training run to do.

    Attributes:
        task: Its name in the protocol.
        optimizer: Its name in the protocol.
        phase: "tune" to choose the rate, "final" to report.
        rate: Peak learning rate.
        seed: Seed of weights, batches and dropout.
    """

    task: str
    optimizer: str
    phase: Phase
    rate: float
    seed: int

    def __str__(self) -> str:
        return f"{self.optimizer} on {self.task} at rate {self.rate:g}, seed {self.seed} ({self.phase})"


@dataclass(frozen=True)
class Row:
    """One training run: all that is needed to place its result, and the result.

    Attributes:
        schema: `SCHEMA`.
        profile: The profile that the protocol belongs to.
        study: The protocol's name in its profile.
        protocol: The protocol's hash.
        task: See `Job`.
        data: The data set's checksum.
        num_classes: Its classes; 1 / num_classes is what guessing gets, and what a diverged run counts.
        optimizer: The optimizer's name in the protocol, as "Adam", "Adam+LR1" or "Opt7-nodecay".
        kind: "catalog" or "keras"; see `reproduce.study.optimizers.Entrant`.
        fingerprint: The fingerprint of what was run; None for what only Keras has.
        schedule: The evolved schedule that the optimizer was crossed with, or None.
        decay: Whether the optimizer ran with its decay functions and schedule factor, if it has any.
        phase: See `Job`.
        rate: See `Job`.
        seed: See `Job`.
        weights: "scratch", or where the initial weights came from.
        precision: Type of the arithmetic, as "float32".
        outcome: `Finished` or `Diverged`.
        steps: Steps that were run.
        curve: See `Curve`.
        validation_accuracy: At the end of training; None if it diverged.
        test_accuracy: At the end of training, measured in phase "final" alone; None if it diverged.
        seconds: Wall time of the run, with its compilation where it was the first of its optimizer.
        device: The processor or accelerator.
        backend: "engine" for `reproduce.population`, else Keras' backend.
        versions: Versions of Python and the packages that compute.
        deterministic: Whether libraries were told to compute the same bits each time; stored only where they were.
    """

    schema: int
    profile: str
    study: str
    protocol: str
    task: str
    data: str
    num_classes: int
    optimizer: str
    kind: str
    fingerprint: str | None
    schedule: str | None
    decay: bool
    phase: Phase
    rate: float
    seed: int
    weights: str
    precision: str
    outcome: Outcome
    steps: int
    curve: Curve
    validation_accuracy: float | None
    test_accuracy: float | None
    seconds: float
    device: str
    backend: str
    versions: Mapping[str, str]
    deterministic: bool = False

    @property
    def job(self) -> Job:
        """The job this row answers."""
        return Job(self.task, self.optimizer, self.phase, self.rate, self.seed)

    def to_dict(self) -> dict[str, Any]:
        """The row as plain data for JSON."""
        data = {**asdict(self), "outcome": self.outcome.to_dict(), "versions": dict(self.versions)}
        if not self.deterministic:
            del data[_OPTIONAL]
        return data


def row_from_dict(data: Any) -> Row:
    """Read a row back.

    Raises:
        ValueError: Naming the field that is missing, unknown or not what it must be.
    """
    if not isinstance(data, dict):
        raise ValueError("not a JSON object")
    require_schema(data.get("schema"), SCHEMA)
    names = {field.name for field in fields(Row)}
    wrong = (names ^ set(data)) - {_OPTIONAL}
    if wrong:
        raise ValueError(f"fields missing or unknown: {', '.join(sorted(wrong))}")
    for name, check in _CHECKS.items():
        if name in data and not check(data[name]):
            raise ValueError(f"{name} cannot be {data[name]!r}")
    curve = Curve(**{field.name: tuple(data["curve"][field.name]) for field in fields(Curve)})
    return Row(**{**data, "outcome": _outcome(data["outcome"]), "curve": curve})


def _outcome(data: Mapping[str, Any]) -> Outcome:
    return Diverged(data["step"]) if data["kind"] == "diverged" else Finished()


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_share_or_none(value: Any) -> bool:
    return value is None or (_is_number(value) and 0 <= value <= 1)


def _is_outcome(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    if value.get("kind") == "diverged":
        return set(value) == {"kind", "step"} and _is_count(value["step"])
    return value == {"kind": "finished"}


def _is_curve(value: Any) -> bool:
    if not isinstance(value, dict) or set(value) != {field.name for field in fields(Curve)}:
        return False
    lists = list(value.values())
    same = all(isinstance(item, list) and len(item) == len(lists[0]) for item in lists)
    return same and all(_is_number(number) for item in lists for number in item)


_CHECKS = {
    **dict.fromkeys(("profile", "study", "protocol", "task", "data", "optimizer", "kind"), _is_text),
    **dict.fromkeys(("weights", "precision", "device", "backend"), _is_text),
    "num_classes": lambda value: _is_count(value) and value >= 2,
    **dict.fromkeys(("fingerprint", "schedule"), lambda value: value is None or _is_text(value)),
    **dict.fromkeys(("decay", _OPTIONAL), lambda value: isinstance(value, bool)),
    "phase": lambda value: value in ("tune", "final"),
    "rate": lambda value: _is_number(value) and value > 0,
    "seed": _is_count,
    "outcome": _is_outcome,
    "steps": _is_count,
    "curve": _is_curve,
    "validation_accuracy": _is_share_or_none,
    "test_accuracy": _is_share_or_none,
    "seconds": _is_number,
    "versions": lambda value: isinstance(value, dict) and all(_is_text(text) for text in value.values()),
}
