"""The particle search: each particle is replaced by the best of its mutated children, step after step.

Source: Morgan & Hougen (arXiv 2404.06679), the search.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from reproduce.search.algorithm import Answer, CandidateSlot, Individual, Limits, NewCandidate, Request, Selection

#: "paper": the best child replaces the particle even if it is worse; "elitist": only if it is better.
SelectionRule = Literal["paper", "elitist"]


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
    """

    particles: tuple[Individual, ...]
    step: int
    open: tuple[CandidateSlot, ...]
    best_children: tuple[Individual | None, ...]
    epochs: int
    over: bool


@dataclass(frozen=True)
class ParticleSearch:
    """Particles that never interact, save that no candidate is scored twice.

    Attributes:
        particles: Where they start.
        children: Children of each particle in each step.
        redraws: How often a child that cannot be trained is drawn anew.
        selection: See `SelectionRule`.
        limits: When it ends.
    """

    particles: tuple[Individual, ...]
    children: int
    redraws: int
    selection: SelectionRule
    limits: Limits

    def start(self) -> ParticleState:
        """At the first step, unless there is nothing to do."""
        return self._step(self.particles, 0, 0)

    def ask(self, state: ParticleState) -> Sequence[Request]:
        """The open children."""
        if state.over:
            return []
        return [NewCandidate(slot, "evolution", state.particles[slot.particle]) for slot in state.open]

    def tell(self, state: ParticleState, answers: Sequence[Answer]) -> tuple[ParticleState, Sequence[Selection]]:
        """Keep each particle's best child; draw again what failed; when nothing is open any more, select."""
        best = list(state.best_children)
        again = []
        for slot, answer in zip(state.open, answers, strict=True):
            if answer.individual is not None:
                best[slot.particle] = _better(best[slot.particle], answer.individual)
            elif slot.attempt < self.redraws:
                again.append(slot._replace(attempt=slot.attempt + 1))
        epochs = state.epochs + sum(answer.epochs for answer in answers)
        if again and not self.limits.reached(0, epochs):
            return ParticleState(state.particles, state.step, tuple(again), tuple(best), epochs, over=False), ()
        selections = [self._select(state, number, child) for number, child in enumerate(best)]
        particles = (
            child if child is not None and selection.replaced else particle
            for particle, child, selection in zip(state.particles, best, selections, strict=True)
        )
        return self._step(tuple(particles), state.step + 1, epochs), selections

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


def _better(first: Individual | None, second: Individual) -> Individual:
    return second if first is None else min(first, second, key=lambda individual: individual.rank)


def _score(individual: Individual) -> float:
    return -individual.rank[0]
