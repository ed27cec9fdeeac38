"""What scoring a candidate came to, in the form that ledgers keep.

`reproduce.population.scoring` has the same three outcomes as the engine returns them, with everything the engine knows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from reproduce.population.scoring import Score

#: Pairs of a rate and the best train accuracy reached at it.
Screening = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Trained:
    """The candidate was trained.

    Attributes:
        score: Its best validation accuracy over the epochs.
        rate: The peak rate chosen.
        screening: See `Screening`.
        train_accuracy: After each epoch of the run that counts.
        validation_accuracy: The same.
        cut: Whether that run was cut short.
    """

    score: float
    rate: float
    screening: Screening
    train_accuracy: tuple[float, ...]
    validation_accuracy: tuple[float, ...]
    cut: bool
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
    """The run that counts left the numbers before its first epoch was over.

    Attributes:
        step: The first step that was not finite.
        rate: The peak rate chosen.
        screening: See `Screening`.
    """

    step: int
    rate: float
    screening: Screening
    kind: Literal["diverged"] = "diverged"


Outcome = Trained | ScreenedOut | Diverged


def outcome_of(score: Score) -> Outcome:
    """The engine's answer in the ledger's form."""
    from reproduce.population.scoring import Rejected, Scored

    screening = tuple(score.screening.items())
    if isinstance(score, Scored):
        training = score.training
        curves = tuple(training.train_accuracy), tuple(training.validation_accuracy)
        return Trained(score.score, score.rate, screening, *curves, training.cut)
    if isinstance(score, Rejected):
        return ScreenedOut(score.stage, screening)
    return Diverged(score.step, score.rate, screening)


def score_of(outcome: Outcome) -> float | None:
    """The score; None if there is none."""
    return outcome.score if isinstance(outcome, Trained) else None


def epochs_of(outcome: Outcome, screening_epochs: int) -> int:
    """Epochs that it took; a screening run counts whole, even if it diverged."""
    trained = len(outcome.validation_accuracy) if isinstance(outcome, Trained) else 0
    return len(outcome.screening) * screening_epochs + trained
