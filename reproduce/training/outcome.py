"""What one training run gave."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from reproduce.plain_data import require


@dataclass(frozen=True)
class Finished:
    """The run reached its last step with finite losses.

    Attributes:
        kind: "finished", in stored rows.
    """

    kind: Literal["finished"] = "finished"


@dataclass(frozen=True)
class Diverged:
    """The loss, or what the network answers, was NaN or infinite.

    Attributes:
        step: The first step, counted from 0, whose loss was not finite (in the engine: whose loss or new weights were
            not, which may be a step earlier); the number of all steps if only the answers after the last one were not.
        kind: "diverged", in stored rows.
    """

    kind: Literal["diverged"] = field(default="diverged", kw_only=True)
    step: int

    def __post_init__(self) -> None:
        require(self.step >= 0, "step", self.step, "0 or more")


Outcome = Finished | Diverged


@dataclass(frozen=True)
class Curve:
    """What was measured at the end of each epoch that was completed; all four have the same length.

    Attributes:
        train_loss: Mean cross-entropy of the epoch's batches, as trained on (dropout on).
        train_accuracy: Share of the epoch's samples answered rightly as they were trained on.
        validation_loss: Mean cross-entropy of the validation samples.
        validation_accuracy: Share of the validation samples answered rightly.
    """

    train_loss: tuple[float, ...]
    train_accuracy: tuple[float, ...]
    validation_loss: tuple[float, ...]
    validation_accuracy: tuple[float, ...]

    def __post_init__(self) -> None:
        lengths = [len(each) for each in vars(self).values()]
        require(len(set(lengths)) == 1, "train_loss", lengths[0], f"as long as the other three, {lengths[1:]}")


@dataclass(frozen=True)
class Measured:
    """A run's result.

    Attributes:
        outcome: `Finished` or `Diverged`.
        steps: Steps that were run.
        curve: See `Curve`.
        validation_accuracy: At the end of training; None if it diverged.
        test_accuracy: At the end of training, where it was asked for; None if it diverged.
        weights: "scratch", or where the initial weights came from.
        precision: Type of the arithmetic, as "float32".
        seconds: Wall time, with compilation where the run was its trainer's first; of a resumed run, all its parts.
    """

    outcome: Outcome
    steps: int
    curve: Curve
    validation_accuracy: float | None
    test_accuracy: float | None
    weights: str
    precision: str
    seconds: float
