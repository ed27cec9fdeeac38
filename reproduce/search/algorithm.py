"""The interface of search algorithms: one asks for candidates and is told their scores, pure state in, pure state out.

An algorithm never sees a data set, a seed of training, or how evaluations are batched; whoever answers it never sees
the algorithm. Its state and its requests are values, so that a search can be rebuilt from its ledger.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol, TypeVar

from reproduce.search.genome import Genome

#: Which of the protocol's two surrogates a candidate is scored on.
Stage = Literal["initial", "evolution"]
Phase = Literal["initial", "child"]
PHASES: tuple[Phase, ...] = ("initial", "child")


class CandidateSlot(NamedTuple):
    """A place for one candidate.

    Attributes:
        phase: Random candidates at the start, or what an algorithm asks for afterwards.
        step: Time step, or round.
        particle: The particle it descends from; 0 where there are none.
        child: Which of its children.
        attempt: 0, and one more each time its candidate could not be trained.
    """

    phase: Phase
    step: int
    particle: int
    child: int
    attempt: int = 0


@dataclass(frozen=True)
class Individual:
    """A candidate that was scored.

    Attributes:
        sample: Its number in the ledger.
        genome: What is mutated.
        ascend: Whether its sign is flipped.
        score: Its score; None if it could not be trained at the stage it was last scored on.
    """

    sample: int
    genome: Genome
    ascend: bool
    score: float | None

    @property
    def rank(self) -> tuple[float, int]:
        """Key for sorting, best first: by score, of equal ones the older first."""
        return (-self.score if self.score is not None else float("inf"), self.sample)


@dataclass(frozen=True)
class NewCandidate:
    """Asks for a new candidate: a child of ``parent``, or a random one, and its score on ``stage``."""

    slot: CandidateSlot
    stage: Stage
    parent: Individual | None = None


@dataclass(frozen=True)
class Reevaluation:
    """Asks for a known candidate's score on another stage."""

    individual: Individual
    stage: Stage


Request = NewCandidate | Reevaluation


@dataclass(frozen=True)
class Answer:
    """The outcome of a request.

    Attributes:
        individual: The candidate with its score; None if it could not be trained, or no new one was found.
        epochs: Epochs that scoring it took, screening included.
    """

    individual: Individual | None
    epochs: int


@dataclass(frozen=True)
class Selection:
    """One particle's selection at the end of a step.

    Attributes:
        step: The step.
        particle: The particle.
        parent: Sample it was.
        parent_score: Its score.
        child: The best child's sample; None where none could be trained.
        child_score: Its score.
        replaced: Whether the particle is that child now.
    """

    step: int
    particle: int
    parent: int
    parent_score: float | None
    child: int | None
    child_score: float | None
    replaced: bool


@dataclass(frozen=True)
class Limits:
    """When a search ends: whichever comes first, asked between rounds.

    Attributes:
        steps: Steps, or None.
        epochs: Epochs of training spent since its start, or None.
    """

    steps: int | None = None
    epochs: int | None = None

    def reached(self, steps: int, epochs: int) -> bool:
        """Whether to stop."""
        over = self.epochs is not None and epochs >= self.epochs
        return over or (self.steps is not None and steps >= self.steps)


def num_kept(share: float, count: int) -> int:
    """Count what that share of ``count`` candidates is, rounded up."""
    return math.ceil(round(share * count, 9))


State = TypeVar("State")


class Algorithm(Protocol[State]):
    """Ask and tell."""

    def start(self) -> State:
        """The state before the first round."""

    def ask(self, state: State) -> Sequence[Request]:
        """The requests of the next round, all for one stage, in their order; none at the end."""

    def tell(self, state: State, answers: Sequence[Answer]) -> tuple[State, Sequence[Selection]]:
        """The state after the answers to those requests, and the selections made."""
