"""The particle search: each particle is replaced by the best of its mutated children, step after step.

Source: Morgan & Hougen (arXiv 2404.06679), the search.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

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

#: "paper": the best child replaces the particle even if it is worse; "elitist": only if it is better.
SelectionRule = Literal["paper", "elitist"]


class Child(NamedTuple):
    """A child and the particle it descends from."""

    particle: int
    individual: Individual


@dataclass(frozen=True)
class ParticleState:
    """Where the particles stand.

    Attributes:
        particles: What each of them is now.
        step: Steps done.
        open: Children of this step that are still to be drawn and scored.
        best_children: The best child of each particle in this step so far.
        epochs: Epochs spent.
        over: Whether the search has ended.
        tried: With halving, the children of this step that the initial stage has scored, and their particles.
        promoted: With halving, those of them that the evolution stage is to score now.
    """

    particles: tuple[Individual, ...]
    step: int
    open: tuple[CandidateSlot, ...]
    best_children: tuple[Individual | None, ...]
    epochs: int
    over: bool
    tried: tuple[Child, ...] = ()
    promoted: tuple[Child, ...] = ()


@dataclass(frozen=True)
class ParticleSearch:
    """Particles that never interact, save that no candidate is scored twice.

    Attributes:
        particles: Where they start.
        children: Children of each particle in each step.
        redraws: How often a child that cannot be trained is drawn anew.
        selection: See `SelectionRule`.
        limits: When it ends.
        keep: The share of each particle's children, best on the initial stage, that the evolution stage scores; None
            scores all of them there, and none on the initial stage.
    """

    particles: tuple[Individual, ...]
    children: int
    redraws: int
    selection: SelectionRule
    limits: Limits
    keep: float | None = None

    def start(self) -> ParticleState:
        """The state at the first step, or at the end if there is nothing to do."""
        return self._step(self.particles, 0, 0)

    def ask(self, state: ParticleState) -> Sequence[Request]:
        """The open children; with halving, those that are promoted once none is open."""
        if state.over:
            return []
        if state.promoted:
            return [Reevaluation(child.individual, "evolution") for child in state.promoted]
        stage: Stage = "evolution" if self.keep is None else "initial"
        return [NewCandidate(slot, stage, state.particles[slot.particle]) for slot in state.open]

    def tell(self, state: ParticleState, answers: Sequence[Answer]) -> tuple[ParticleState, Sequence[Selection]]:
        """Keep each particle's best child; draw again what failed; when nothing is open any more, select."""
        state = replace(state, epochs=state.epochs + sum(answer.epochs for answer in answers))
        if state.promoted:
            places = [child.particle for child in state.promoted]
            return self._selected(replace(state, best_children=_with_best(state, places, answers)))
        places = [slot.particle for slot in state.open]
        again = tuple(
            slot._replace(attempt=slot.attempt + 1)
            for slot, answer in zip(state.open, answers, strict=True)
            if answer.individual is None and slot.attempt < self.redraws
        )
        if self.keep is None:
            state = replace(state, best_children=_with_best(state, places, answers))
        else:
            found = zip(places, answers, strict=True)
            new = [Child(place, answer.individual) for place, answer in found if answer.individual is not None]
            state = replace(state, tried=(*state.tried, *new))
        if again and not self.limits.reached(0, state.epochs):
            return replace(state, open=again), ()
        promoted = self._promoted(state)
        return (replace(state, open=(), promoted=promoted), ()) if promoted else self._selected(state)

    def _promoted(self, state: ParticleState) -> tuple[Child, ...]:
        """Choose each particle's best children on the initial stage, as many as are kept."""
        if self.keep is None:
            return ()
        best = sorted(state.tried, key=lambda child: child.individual.rank)
        most = num_kept(self.keep, self.children)
        own = ([child for child in best if child.particle == number][:most] for number in range(len(state.particles)))
        return tuple(child for children in own for child in children)

    def _selected(self, state: ParticleState) -> tuple[ParticleState, Sequence[Selection]]:
        """The next step, with what the particles did."""
        best = state.best_children
        selections = [self._select(state, number, child) for number, child in enumerate(best)]
        particles = (
            child if child is not None and selection.replaced else particle
            for particle, child, selection in zip(state.particles, best, selections, strict=True)
        )
        return self._step(tuple(particles), state.step + 1, state.epochs), selections

    def _step(self, particles: tuple[Individual, ...], step: int, epochs: int) -> ParticleState:
        children = range(self.children)
        slots = (CandidateSlot("child", step, number, child) for number in range(len(particles)) for child in children)
        over = not particles or self.limits.reached(step, epochs)
        return ParticleState(particles, step, () if over else tuple(slots), (None,) * len(particles), epochs, over)

    def _select(self, state: ParticleState, number: int, child: Individual | None) -> Selection:
        parent = state.particles[number]
        replaced = child is not None and (self.selection == "paper" or _score(child) > _score(parent))
        return Selection(
            step=state.step,
            particle=number,
            parent=parent.sample,
            parent_score=parent.score,
            child=None if child is None else child.sample,
            child_score=None if child is None else child.score,
            replaced=replaced,
        )


def _with_best(state: ParticleState, places: Sequence[int], answers: Sequence[Answer]) -> tuple[Individual | None, ...]:
    """The best child of each particle, after answers to children of these particles."""
    best = list(state.best_children)
    for place, answer in zip(places, answers, strict=True):
        if answer.individual is not None:
            best[place] = _better(best[place], answer.individual)
    return tuple(best)


def _better(first: Individual | None, second: Individual) -> Individual:
    return second if first is None else min(first, second, key=lambda individual: individual.rank)


def _score(individual: Individual) -> float:
    return -individual.rank[0]
