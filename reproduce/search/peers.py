"""Peers of the particle search, for comparison: random search, and regularised evolution.

Both begin with the same opening and end when they have spent the same epochs of training.

Source: Real, Aggarwal, Huang & Le, Regularized Evolution for Image Classifier Architecture Search (2019,
arXiv 1802.01548), for the second.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from reproduce.search.algorithm import (
    Answer,
    CandidateSlot,
    Individual,
    Limits,
    NewCandidate,
    Reevaluation,
    Request,
    Selection,
    Stage,
    num_kept,
)
from reproduce.search.sampling import stream


@dataclass(frozen=True)
class PeerState:
    """Where a peer stands.

    Attributes:
        rounds: Rounds done.
        epochs: Epochs spent.
        over: Whether it has ended.
        population: Oldest first; none where candidates are drawn at random.
        promoted: With halving, those of this round's candidates that the evolution stage is to score now.
    """

    rounds: int
    epochs: int
    over: bool
    population: tuple[Individual, ...] = ()
    promoted: tuple[Individual, ...] = ()

    def requests(self, new: Sequence[NewCandidate]) -> Sequence[Request]:
        """List what is asked now: those that are promoted, where there are any, or else the new candidates."""
        if self.over:
            return []
        return [Reevaluation(individual, "evolution") for individual in self.promoted] or new

    def promote(self, answers: Sequence[Answer], keep: float | None) -> PeerState | None:
        """Where the initial stage has just scored a round: the state that asks for its best again; else None."""
        scored = [answer.individual for answer in answers if answer.individual is not None]
        if keep is None or self.promoted or not scored:
            return None
        best = sorted(scored, key=lambda individual: individual.rank)[: num_kept(keep, len(answers))]
        return replace(self, epochs=self.epochs + sum(answer.epochs for answer in answers), promoted=tuple(best))

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
        keep: The share of a round's candidates, best on the initial stage, that the evolution stage scores; None
            scores all of them there, and none on the initial stage.
    """

    per_round: int
    limits: Limits
    keep: float | None = None

    def start(self) -> PeerState:
        """The state before the first round."""
        return PeerState(0, 0, self.limits.reached(0, 0))

    def ask(self, state: PeerState) -> Sequence[Request]:
        """New random candidates; with halving, the best of them again."""
        stage = _stage_of_new(self.keep)
        slots = (CandidateSlot("child", state.rounds, 0, number) for number in range(self.per_round))
        return state.requests([NewCandidate(slot, stage) for slot in slots])

    def tell(self, state: PeerState, answers: Sequence[Answer]) -> tuple[PeerState, Sequence[Selection]]:
        """Count the scores of the round, or promote the best of them."""
        return state.promote(answers, self.keep) or state.after(answers, self.limits), ()


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
        keep: As of `RandomSearch`.
    """

    population: tuple[Individual, ...]
    tournament: int
    per_round: int
    limits: Limits
    seed: int
    keep: float | None = None

    def start(self) -> PeerState:
        """The state before the first round."""
        scored = sorted(
            (individual for individual in self.population if individual.score is not None),
            key=lambda individual: individual.rank,
            reverse=True,
        )
        return PeerState(0, 0, not scored or self.limits.reached(0, 0), tuple(scored))

    def ask(self, state: PeerState) -> Sequence[Request]:
        """Children of the winners of tournaments; with halving, the best of them again."""
        if state.over:
            return []
        stage = _stage_of_new(self.keep)
        return state.requests(
            [
                NewCandidate(CandidateSlot("child", state.rounds, 0, number), stage, self._winner(state, number))
                for number in range(self.per_round)
            ]
        )

    def tell(self, state: PeerState, answers: Sequence[Answer]) -> tuple[PeerState, Sequence[Selection]]:
        """The children that could be trained join (with halving, the promoted ones); as many of the oldest leave."""
        promoted = state.promote(answers, self.keep)
        if promoted is not None:
            return promoted, ()
        joined = tuple(answer.individual for answer in answers if answer.individual is not None)
        population = (*state.population, *joined)[len(joined) :]
        return state.after(answers, self.limits, population), ()

    def _winner(self, state: PeerState, number: int) -> Individual:
        random = stream(self.seed, "tournament", state.rounds, number)
        size = min(self.tournament, len(state.population))
        chosen = random.choice(len(state.population), size, replace=False)
        return min((state.population[int(index)] for index in chosen), key=lambda individual: individual.rank)


def _stage_of_new(keep: float | None) -> Stage:
    """Where new candidates are scored first."""
    return "evolution" if keep is None else "initial"
