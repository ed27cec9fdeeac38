"""Jobs and rows: one job is one training run asked for, one row is what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from reproduce.ledger import require_schema
from reproduce.outcomes import Training, TrainingCurve
from reproduce.plain_data import from_plain, require, require_at_least, to_plain

#: Raised by one whenever a field of `Row` changes its meaning.
SCHEMA = 2

#: What rows name as the backend of runs that the engine trained.
ENGINE = "engine"

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
        weight_decay: See `reproduce.tasks.trainer.Run`.
    """

    task: str
    optimizer: str
    phase: Phase
    rate: float
    seed: int
    weight_decay: float | None = None

    def __str__(self) -> str:
        decay = "" if self.weight_decay is None else f", weight decay {self.weight_decay:g}"
        return f"{self.optimizer} on {self.task} at rate {self.rate:g}{decay}, seed {self.seed} ({self.phase})"


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
        kind: "catalog", "keras", "optax" or "spec"; see `reproduce.tasks.optimizers.Entrant`.
        fingerprint: The fingerprint of what was run; None for what only Keras has.
        schedule: The evolved schedule that the optimizer was crossed with, or None.
        decay: Whether the optimizer ran with its decay functions and schedule factor, if it has any.
        phase: See `Job`.
        rate: See `Job`.
        seed: See `Job`.
        weights: "scratch", or where the initial weights came from.
        precision: Type of the arithmetic, as "float32".
        diverged_at: See `reproduce.outcomes.Training`; stored as "outcome".
        steps: Steps that were run.
        curve: See `TrainingCurve`.
        validation_accuracy: At the end of training; None if it diverged.
        test_accuracy: At the end of training, measured in phase "final" alone; None if it diverged.
        seconds: Wall time of the run, with its compilation where it was the first of its optimizer.
        device: The processor or accelerator.
        backend: "engine" for `reproduce.population`, else Keras' backend.
        versions: Versions of Python and the packages that compute.
        deterministic: Whether libraries were told to compute the same bits each time; stored only where they were.
        weight_decay: See `Job`; stored only where there is one.
        test_correct: See `reproduce.outcomes.Training`; stored only where there is one.
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
    diverged_at: int | None
    steps: int
    curve: TrainingCurve
    validation_accuracy: float | None
    test_accuracy: float | None
    seconds: float
    device: str
    backend: str
    versions: Mapping[str, str]
    deterministic: bool = False
    weight_decay: float | None = None
    test_correct: str | None = None

    @property
    def job(self) -> Job:
        """The job this row answers."""
        return Job(self.task, self.optimizer, self.phase, self.rate, self.seed, self.weight_decay)

    @property
    def training(self) -> Training:
        """The row's record of a training."""
        return Training(
            self.curve,
            self.steps,
            self.diverged_at,
            test_accuracy=self.test_accuracy,
            test_correct=self.test_correct,
            weights=self.weights,
            precision=self.precision,
            seconds=self.seconds,
        )

    def __post_init__(self) -> None:
        require(self.num_classes >= 2, "num_classes", self.num_classes, "2 or more")
        require(self.rate > 0, "rate", self.rate, "more than 0")
        require_at_least(0, self, "seed", "steps")
        require((self.diverged_at or 0) >= 0, "outcome.step", self.diverged_at, "0 or more")
        for name in ("validation_accuracy", "test_accuracy"):
            share = getattr(self, name)
            require(share is None or 0 <= share <= 1, name, share, "between 0 and 1")

    def to_dict(self) -> dict[str, Any]:
        """The row as plain data for JSON."""
        data = {"outcome" if name == "diverged_at" else name: value for name, value in to_plain(self).items()}
        data["outcome"] = _ended(self.diverged_at)
        unset = {"deterministic": False, "weight_decay": None, "test_correct": None}
        return {name: value for name, value in data.items() if name not in unset or value != unset[name]}


def row_from_dict(data: Any) -> Row:
    """Read a row back.

    Raises:
        ValueError: Naming the field that is missing, unknown or not what it must be.
    """
    if not isinstance(data, dict):
        raise ValueError("not a JSON object")
    require_schema(data.get("schema"), SCHEMA)
    outcome = data.get("outcome")
    step = outcome.get("step") if isinstance(outcome, dict) else None
    require(outcome == _ended(step), "outcome", outcome, "of kind finished, or diverged with its step")
    own = {name: value for name, value in data.items() if name != "outcome"}
    return from_plain(Row, {**own, "diverged_at": step})


def _ended(diverged_at: Any) -> dict[str, Any]:
    """How a training ended, as rows are stored."""
    return {"kind": "finished"} if diverged_at is None else {"kind": "diverged", "step": diverged_at}
