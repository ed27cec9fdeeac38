"""What the particles are compared with: random search, and regularised evolution.

Both begin with the same opening and end when they have spent the same epochs of training.

Source: Real, Aggarwal, Huang & Le, Regularized Evolution for Image Classifier Architecture Search (2019,
arXiv 1802.01548), for the second.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reproduce.search.algorithm import Answer, CandidateSlot, Individual, Limits, NewCandidate, Request, Selection
from reproduce.search.sampling import stream


@dataclass(frozen=True)
class PeerState:
    """Where a peer stands.

    Attributes:
        rounds: Rounds done.
        epochs: Epochs spent.
        over: Whether it has ended.
        population: Oldest first; none where candidates are drawn at random.
    """

    rounds: int
    epochs: int
    over: bool
    population: tuple[Individual, ...] = ()

    def after(self, answers: Sequence[Answer], limits: Limits, population: tuple[Individual, ...] = ()) -> PeerState:
        """One round later; a round in which no new candidate was found ends it."""
        spent = sum(answer.epochs for answer in answers)
        rounds, epochs = self.rounds + 1, self.epochs + spent
        return PeerState(rounds, epochs, not spent or limits.reached(rounds, epochs), population)


@dataclass(frozen=True)
class RandomSearch:
    """Scores random candidates.

    Attributes:
        per_round: Candidates of a round.
        limits: When it ends; a round in which no new candidate was found ends it, too.
    """

    per_round: int
    limits: Limits

    def start(self) -> PeerState:
        """Before the first round."""
        return PeerState(0, 0, self.limits.reached(0, 0))

    def ask(self, state: PeerState) -> Sequence[Request]:
        """New random candidates."""
        if state.over:
            return []
        return [
            NewCandidate(CandidateSlot("child", state.rounds, 0, number), "evolution")
            for number in range(self.per_round)
        ]

    def tell(self, state: PeerState, answers: Sequence[Answer]) -> tuple[PeerState, Sequence[Selection]]:
        """Count the scores of the round."""
        return state.after(answers, self.limits), ()


@dataclass(frozen=True)
class AgingEvolution:
    """Mutates the best of a few members chosen at random; the child joins the population and the oldest leaves.

    The children of one round are chosen from the same population, so that they can be scored at once.

    Attributes:
        population: Where it starts, best first; those without a score are left out, and the worst counts as the oldest.
        tournament: How many members are chosen, the best of which is mutated.
        per_round: Children of a round.
        limits: When it ends; a round in which no new candidate was found ends it, too.
        seed: The run's.
    """

    population: tuple[Individual, ...]
    tournament: int
    per_round: int
    limits: Limits
    seed: int

    def start(self) -> PeerState:
        """Before the first round."""
        scored = sorted(
            (individual for individual in self.population if individual.score is not None),
            key=lambda individual: individual.rank,
            reverse=True,
        )
        return PeerState(0, 0, not scored or self.limits.reached(0, 0), tuple(scored))

    def ask(self, state: PeerState) -> Sequence[Request]:
        """Children of the winners of tournaments."""
        if state.over:
            return []
        return [
            NewCandidate(CandidateSlot("child", state.rounds, 0, number), "evolution", self._winner(state, number))
            for number in range(self.per_round)
        ]

    def tell(self, state: PeerState, answers: Sequence[Answer]) -> tuple[PeerState, Sequence[Selection]]:
        """The children that could be trained join; as many of the oldest leave."""
        joined = tuple(answer.individual for answer in answers if answer.individual is not None)
        population = (*state.population, *joined)[len(joined) :]
        return state.after(answers, self.limits, population), ()

    def _winner(self, state: PeerState, number: int) -> Individual:
        random = stream(self.seed, "tournament", state.rounds, number)
        size = min(self.tournament, len(state.population))
        chosen = random.choice(len(state.population), size, replace=False)
        return min((state.population[int(index)] for index in chosen), key=lambda individual: individual.rank)
