"""How every search begins: random candidates on the initial stage, the best of them scored on the evolution stage.

Source: Morgan & Hougen (arXiv 2404.06679), the search: 500 candidates, of which the best 50 become particles.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from reproduce.search.algorithm import Answer, CandidateSlot, Individual, NewCandidate, Reevaluation, Request, Selection


@dataclass(frozen=True)
class OpeningState:
    """Where the opening stands.

    Attributes:
        rounds: Rounds answered: 0, 1 or 2.
        particles: After round 1 the best candidates, best first, with their scores on the initial stage; after round
            2 the same with their scores on the evolution stage.
    """

    rounds: int = 0
    particles: tuple[Individual, ...] = ()


@dataclass(frozen=True)
class Opening:
    """Two rounds, the same for every algorithm.

    Attributes:
        candidates: How many random candidates are scored.
        particles: How many of the best go on; fewer if fewer could be trained.
    """

    candidates: int
    particles: int

    def start(self) -> OpeningState:
        """The state in which nothing is known yet."""
        return OpeningState()

    def ask(self, state: OpeningState) -> Sequence[Request]:
        """Random candidates; then the best of them again; then nothing."""
        if state.rounds == 0:
            return [
                NewCandidate(CandidateSlot("initial", 0, 0, number), "initial") for number in range(self.candidates)
            ]
        return [Reevaluation(particle, "evolution") for particle in state.particles] if state.rounds == 1 else []

    def tell(self, state: OpeningState, answers: Sequence[Answer]) -> tuple[OpeningState, Sequence[Selection]]:
        """Keep the best; a particle that the evolution stage rejects stays, without a score."""
        if state.rounds == 0:
            scored = [answer.individual for answer in answers if answer.individual is not None]
            best = sorted(scored, key=lambda individual: individual.rank)[: self.particles]
            return OpeningState(1, tuple(best)), ()
        particles = (
            answer.individual or replace(particle, score=None)
            for particle, answer in zip(state.particles, answers, strict=True)
        )
        return OpeningState(2, tuple(particles)), ()
