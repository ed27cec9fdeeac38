"""Outcomes of trainings: a record of each training, and the kind of outcome of an optimizer that was to be trained."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from reproduce.plain_data import require

#: Pairs of a rate and the best train accuracy reached at it.
Screening = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class TrainingCurve:
    """The measurements at the end of each epoch that was completed; all four have the same length.

    Attributes:
        train_loss: Mean cross-entropy of the epoch's batches, as trained on (dropout on).
        train_accuracy: Share of the epoch's samples answered rightly as they were trained on.
        validation_loss: Mean cross-entropy of the validation samples.
        validation_accuracy: Share of the validation samples answered rightly.
    """

    train_loss: tuple[float, ...] = ()
    train_accuracy: tuple[float, ...] = ()
    validation_loss: tuple[float, ...] = ()
    validation_accuracy: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        lengths = [len(each) for each in vars(self).values()]
        require(len(set(lengths)) == 1, "train_loss", lengths[0], f"as long as the other three, {lengths[1:]}")

    @classmethod
    def of(cls, epochs: Iterable[tuple[float, ...]]) -> TrainingCurve:
        """The curve of what was measured epoch by epoch, each in the order of the fields."""
        return cls(*(tuple(values) for values in zip(*epochs, strict=True)))


@dataclass(frozen=True)
class Training:
    """How one training went.

    Attributes:
        curve: See `TrainingCurve`.
        steps: Steps that were run.
        diverged_at: The first step, counted from 0, whose loss was not finite (in the engine: whose loss or new weights
            were not, which may be a step earlier); the number of all steps if only the answers after the last one were
            not; None if it did not diverge.
        cut: Whether it was stopped before its last epoch.
        test_accuracy: At the end of training, where it was asked for; None if it diverged.
        test_correct: Which test samples were answered rightly then, as `pack_bits` writes them; None also where a
            sample's answer is more than right or wrong, as in text.
        weights: "scratch", or where the initial weights came from.
        precision: Type of the arithmetic, as "float32".
        seconds: Wall time, with compilation where the training was its trainer's first; of a resumed one, all its
            parts; of several at once, an equal share.
    """

    curve: TrainingCurve
    steps: int
    diverged_at: int | None = None
    cut: bool = False
    test_accuracy: float | None = None
    test_correct: str | None = None
    weights: str = "scratch"
    precision: str = "float32"
    seconds: float = 0.0

    @property
    def validation_accuracy(self) -> float | None:
        """The validation accuracy at the end of training; None if it diverged."""
        return self.curve.validation_accuracy[-1] if self.diverged_at is None else None


@dataclass(frozen=True)
class ScoreBeside:
    """A candidate's score on a further task of a search on several.

    Attributes:
        task: The task's name.
        accuracy: Its best validation accuracy over the epochs; None if it could not be trained there.
        rate: The peak rate; None where no rate would do.
        epochs: Epochs that this took, screening included.
    """

    task: str
    accuracy: float | None
    rate: float | None
    epochs: int


@dataclass(frozen=True)
class Trained:
    """The optimizer was trained to the end, or to where it was cut short.

    Attributes:
        score: What it is compared by. Of a search: its best validation accuracy over the epochs; of a search on several
            tasks: the mean of such accuracies, each as a share of the task's reference; of a study: the accuracy at
            the end of training.
        rate: The peak rate.
        screening: See `Screening`; empty where the rate was given.
        train_accuracy: After each epoch.
        validation_accuracy: The same.
        cut: Whether the training was cut short.
        beside: Of a search on several tasks, what it came to on the others; None of other searches. All the above but
            the score is of the first task.
    """

    score: float
    rate: float
    screening: Screening
    train_accuracy: tuple[float, ...]
    validation_accuracy: tuple[float, ...]
    cut: bool
    beside: tuple[ScoreBeside, ...] | None = None
    kind: Literal["trained"] = "trained"


@dataclass(frozen=True)
class ScreenedOut:
    """No rate reached a threshold.

    Attributes:
        stage: "first" or "second" screening.
        screening: See `Screening`.
    """

    stage: Literal["first", "second"]
    screening: Screening
    kind: Literal["screened out"] = "screened out"


@dataclass(frozen=True)
class Diverged:
    """The training became NaN or infinite: in a search, before its first epoch was over.

    Attributes:
        step: See `Training.diverged_at`.
        rate: The peak rate.
        screening: See `Screening`; empty where the rate was given.
    """

    step: int
    rate: float
    screening: Screening
    kind: Literal["diverged"] = "diverged"


@dataclass(frozen=True)
class NotTrained:
    """The candidate was not trained.

    Attributes:
        cause: "integrity": it minimises the quadratic with neither sign; "expMovAvg": the published search could not
            compute it.
    """

    cause: Literal["integrity", "expMovAvg"]
    kind: Literal["not trained"] = "not trained"


def pack_bits(bits: NDArray[np.bool_]) -> str:
    """Bits [n] as text: packed eight to a byte, the first highest, in base64."""
    return base64.b64encode(np.packbits(bits).tobytes()).decode()


def unpack_bits(text: str, count: int | None = None) -> NDArray[np.bool_]:
    """The first ``count`` bits that `pack_bits` wrote; None gives all that the text holds, zeros at its end included.

    Raises:
        ValueError: If the text is not base64, or of another length.
    """
    packed = np.frombuffer(base64.b64decode(text, validate=True), np.uint8)
    if count is not None and len(packed) != -(-count // 8):
        raise ValueError(f"{len(packed)} bytes do not hold {count} bits")
    return np.unpackbits(packed, count=count).astype(bool)


#: What became of an optimizer that was trained under a screening of rates.
Outcome = Trained | ScreenedOut | Diverged


def score_of(outcome: Outcome | NotTrained) -> float | None:
    """The score; None if there is none."""
    return outcome.score if isinstance(outcome, Trained) else None


def epochs_of(outcome: Outcome, screening_epochs: int) -> int:
    """Epochs that it took, on all its tasks; a screening run counts whole, even if it diverged."""
    spent = len(outcome.screening) * screening_epochs
    if isinstance(outcome, Trained):
        spent += len(outcome.validation_accuracy) + sum(each.epochs for each in outcome.beside or ())
    return spent
