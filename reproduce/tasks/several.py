"""Candidates scored on several tasks: one number that says how good they are on all of them.

A candidate is trained on the first task; only where it can be trained there, on the others. Its score is the mean over
the tasks of its accuracy as a share of a reference's, written in the protocol; a task that it cannot be trained on
counts 0. So a candidate that gains on images what it loses on text gains nothing.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace

from reproduce.outcomes import Outcome, ScoreBeside, Trained, epochs_of
from reproduce.plain_data import require
from reproduce.tasks.scoring import DataFacts, Score, ScoredAlike, ScoringWork
from reproduce.tasks.trainer import Candidate, TrainerName


@dataclass(frozen=True)
class ScoredPart:
    """One of several tasks.

    Attributes:
        name: The task's name.
        work: Candidates scored on it.
        reference: The accuracy that counts 1.
    """

    name: str
    work: ScoringWork
    reference: float


@dataclass(frozen=True)
class SeveralScorings(ScoredAlike):
    """Candidates scored on several tasks; a `reproduce.tasks.scoring.ScoringWork`.

    Attributes:
        parts: The tasks, the first of which a candidate must be trainable on; all with one trainer.
    """

    parts: tuple[ScoredPart, ...]

    def __post_init__(self) -> None:
        require(len(self.parts) > 0, "parts", [], "one task or more")
        trainers = [part.work.trainer for part in self.parts]
        require(len(set(trainers)) == 1, "parts", trainers, "tasks of one trainer")

    @property
    def trainer(self) -> TrainerName:
        """The trainer of all parts."""
        return self.parts[0].work.trainer

    @property
    def screening_epochs(self) -> int:
        """Epochs on the first task; what the others take is counted with their scores."""
        return self.parts[0].work.screening_epochs

    def facts(self) -> DataFacts:
        """The facts of all tasks, in their order."""
        names, checksums = zip(*(part.work.facts() for part in self.parts), strict=True)
        return DataFacts(", ".join(names), "+".join(checksums))

    def make(self) -> Score:
        """Make what scores on each task; errors as of `reproduce.tasks.scoring.Scoring.make`."""
        return _SeveralScores(self.parts)

    def largest_batch(self, candidate: Candidate) -> int:
        """The most that the first task takes."""
        return self.parts[0].work.largest_batch(candidate)


class _SeveralScores:
    """Scores batches of candidates on several tasks."""

    def __init__(self, parts: Sequence[ScoredPart]) -> None:
        self._parts = parts
        self._scores = [part.work.make() for part in parts]

    def __call__(self, candidates: Sequence[Candidate]) -> list[Outcome]:
        found = list(self._scores[0](candidates))
        trained = [number for number, outcome in enumerate(found) if isinstance(outcome, Trained)]
        beside: dict[int, list[ScoreBeside]] = {number: [] for number in trained}
        for part, score in zip(self._parts[1:], self._scores[1:], strict=True):
            outcomes = score([candidates[number] for number in trained]) if trained else []
            for number, outcome in zip(trained, outcomes, strict=True):
                beside[number].append(_beside(part, outcome))
        return [self._together(outcome, beside.get(number, ())) for number, outcome in enumerate(found)]

    def _together(self, first: Outcome, beside: Sequence[ScoreBeside]) -> Outcome:
        if not isinstance(first, Trained):
            return first
        accuracies = [first.score, *(each.accuracy or 0.0 for each in beside)]
        shares = [value / part.reference for value, part in zip(accuracies, self._parts, strict=True)]
        return replace(first, score=statistics.fmean(shares), beside=tuple(beside))


def _beside(part: ScoredPart, outcome: Outcome) -> ScoreBeside:
    spent = epochs_of(outcome, part.work.screening_epochs)
    if isinstance(outcome, Trained):
        return ScoreBeside(part.name, outcome.score, outcome.rate, spent)
    return ScoreBeside(part.name, None, None, spent)
