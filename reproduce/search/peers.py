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
class RandomState:
    """Rounds done, epochs spent, and whether it has ended."""

    rounds: int
    epochs: int
    over: bool


@dataclass(frozen=True)
class RandomSearch:
    """Scores random candidates.

    Attributes:
        per_round: Candidates of a round.
        limits: When it ends; a round in which no new candidate was found ends it, too.
    """

    per_round: int
    limits: Limits

    def start(self) -> RandomState:
        """Before the first round."""
        return RandomState(0, 0, self.limits.reached(0, 0))

    def ask(self, state: RandomState) -> Sequence[Request]:
        """New random candidates."""
        if state.over:
            return []
        return [
            NewCandidate(CandidateSlot("child", state.rounds, 0, number), "evolution")
            for number in range(self.per_round)
        ]

    def tell(self, state: RandomState, answers: Sequence[Answer]) -> tuple[RandomState, Sequence[Selection]]:
        """Count."""
        spent = sum(answer.epochs for answer in answers)
        rounds, epochs = state.rounds + 1, state.epochs + spent
        return RandomState(rounds, epochs, not spent or self.limits.reached(rounds, epochs)), ()


@dataclass(frozen=True)
class AgingState:
    """Where the evolution stands.

    Attributes:
        population: Oldest first.
        rounds: Rounds done.
        epochs: Epochs spent.
        over: Whether it has ended.
    """

    population: tuple[Individual, ...]
    rounds: int
    epochs: int
    over: bool


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

    def start(self) -> AgingState:
        """Before the first round."""
        scored = sorted(
            (individual for individual in self.population if individual.score is not None),
            key=lambda individual: individual.rank,
            reverse=True,
        )
        return AgingState(tuple(scored), 0, 0, not scored or self.limits.reached(0, 0))

    def ask(self, state: AgingState) -> Sequence[Request]:
        """Children of the winners of tournaments."""
        if state.over:
            return []
        return [
            NewCandidate(CandidateSlot("child", state.rounds, 0, number), "evolution", self._winner(state, number))
            for number in range(self.per_round)
        ]

    def tell(self, state: AgingState, answers: Sequence[Answer]) -> tuple[AgingState, Sequence[Selection]]:
        """The children that could be trained join; as many of the oldest leave."""
        joined = tuple(answer.individual for answer in answers if answer.individual is not None)
        spent = sum(answer.epochs for answer in answers)
        population = (*state.population, *joined)[len(joined) :]
        rounds, epochs = state.rounds + 1, state.epochs + spent
        return AgingState(population, rounds, epochs, not spent or self.limits.reached(rounds, epochs)), ()

    def _winner(self, state: AgingState, number: int) -> Individual:
        random = stream(self.seed, "tournament", state.rounds, number)
        size = min(self.tournament, len(state.population))
        chosen = random.choice(len(state.population), size, replace=False)
        return min((state.population[int(index)] for index in chosen), key=lambda individual: individual.rank)
