"""Plans: the search of a protocol, and those that it compares."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from reproduce.search.algorithm import Algorithm, Individual, Limits, Stage
from reproduce.search.particles import ParticleSearch
from reproduce.search.peers import AgingEvolution, RandomSearch
from reproduce.search.protocol import AlgorithmName, SearchProtocol, SpaceName
from reproduce.search.surrogate_settings import SurrogateSettings
from reproduce.tasks.scoring import Scorer

#: What scores candidates on each stage.
Scorers: TypeAlias = Mapping[Stage, Scorer]


def open_scorers(protocol: SearchProtocol, score_on: Callable[[SurrogateSettings], Scorer]) -> Scorers:
    """The scorers of a protocol's stages, each made by ``score_on``."""
    return {"initial": score_on(protocol.initial), "evolution": score_on(protocol.evolution)}


def data_of(scorers: Scorers) -> dict[str, str]:
    """Checksum of the data of each stage."""
    return {stage: scorer.data for stage, scorer in scorers.items()}


@dataclass(frozen=True)
class SearchPlan:
    """The definition of a search.

    Attributes:
        settings: The protocol.
        protocol_hash: Of what of it the search depends on.
        algorithm: What proposes candidates.
        space: What they are made of.
        seed: Of everything drawn and of every training.
        limits: When it ends, counted from the end of the opening.
    """

    settings: SearchProtocol
    protocol_hash: str
    algorithm: AlgorithmName
    space: SpaceName
    seed: int
    limits: Limits

    @property
    def profile(self) -> str:
        """The protocol's name."""
        return self.settings.profile

    @property
    def kind(self) -> str:
        """Algorithm and space."""
        return f"{self.algorithm}, {self.space}"

    @property
    def name(self) -> str:
        """Names it among searches of one protocol, and its folder."""
        return f"{self.algorithm}-{self.space}-seed{self.seed}"

    def make_algorithm(self, particles: tuple[Individual, ...]) -> Algorithm[Any]:
        """The algorithm that goes on from these particles."""
        sizes, peers = self.settings.sizes, self.settings.comparison
        if self.algorithm == "random":
            return RandomSearch(peers.per_round, self.limits, sizes.keep)
        if self.algorithm == "aging":
            return AgingEvolution(particles, peers.tournament, peers.per_round, self.limits, self.seed, sizes.keep)
        return ParticleSearch(particles, sizes.children, sizes.redraws, self.algorithm, self.limits, sizes.keep)


def search_plan(protocol: SearchProtocol) -> SearchPlan:
    """The protocol's own search."""
    limits = Limits(steps=protocol.sizes.steps)
    return SearchPlan(protocol, protocol.search_hash(), protocol.algorithm, protocol.space, protocol.seed, limits)


def comparison_plans(protocol: SearchProtocol) -> list[SearchPlan]:
    """The searches that are compared: each algorithm in the protocol's space, its own algorithm in each space."""
    settings = protocol.comparison
    pairs = [
        *((algorithm, protocol.space) for algorithm in settings.algorithms),
        *((protocol.algorithm, space) for space in settings.spaces),
    ]
    limits, code = Limits(epochs=settings.epochs), protocol.comparison_hash()
    return [
        SearchPlan(protocol, code, algorithm, space, seed, limits)
        for seed in settings.seeds
        for algorithm, space in dict.fromkeys(pairs)
    ]
