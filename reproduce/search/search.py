"""One search from beginning to end: a plan, a ledger, and what carries it out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from reproduce.libraries import recorded_settings
from reproduce.machine import versions
from reproduce.outcomes import epochs_of
from reproduce.population.integrity_settings import IntegritySettings
from reproduce.search.algorithm import Algorithm, Individual, Limits, Stage
from reproduce.search.cache import ScoreCache
from reproduce.search.driver import Conditions, Driver, Watcher
from reproduce.search.executors import Executor
from reproduce.search.journal import Journal
from reproduce.search.mutation import Mutator
from reproduce.search.opening import Opening
from reproduce.search.particles import ParticleSearch
from reproduce.search.peers import AgingEvolution, RandomSearch
from reproduce.search.probabilities import Probabilities
from reproduce.search.protocol import AlgorithmName, SearchProtocol, SizeSettings, SpaceName
from reproduce.search.records import (
    SCHEMA,
    AnyRecord,
    End,
    Evaluation,
    Header,
    Sample,
    read_search_records,
    require_header,
)
from reproduce.search.results import best_evaluation
from reproduce.search.spaces import SPACES


class Surrogates(Protocol):
    """Scores candidates on the stages of a protocol; see `reproduce.search.stages.Stages`."""

    @property
    def data(self) -> Mapping[str, str]:
        """Checksum of the data of each stage."""

    @property
    def screening_epochs(self) -> Mapping[Stage, int]:
        """Epochs of a screening run on each stage."""

    def executor(self, stage: Stage) -> Executor:
        """The executor of a stage; it belongs to this object."""

    def device(self) -> str:
        """What candidates are scored on, wherever that is."""


class SearchWatcher(Watcher, Protocol):
    """Is told everything about a search."""

    def notice(self, text: str) -> None:
        """Something the user should know; nothing stops."""

    def record(self, record: AnyRecord, fresh: bool) -> None:
        """A record was made now, or found in the ledger."""


@dataclass(frozen=True)
class SearchPlan:
    """What a search is.

    Attributes:
        profile: The protocol's name.
        protocol: The protocol's hash.
        algorithm: What proposes candidates.
        space: What they are made of.
        seed: Of everything drawn and of every training.
        probabilities: By which they are drawn.
        sizes: How large it is.
        integrity: Of the check that candidates must pass.
        nesterov: The form of Nesterov momentum that the integrity check takes, too; see `ScoringSettings`.
        limits: When it ends, counted from the end of the opening.
        tournament: Of the aging evolution.
        per_round: What the peers ask for at once.
    """

    profile: str
    protocol: str
    algorithm: AlgorithmName
    space: SpaceName
    seed: int
    probabilities: Probabilities
    sizes: SizeSettings
    integrity: IntegritySettings
    nesterov: Literal["released", "search"]
    limits: Limits
    tournament: int
    per_round: int

    @property
    def name(self) -> str:
        """Names it among searches of one protocol, and its folder."""
        return f"{self.algorithm}-{self.space}-seed{self.seed}"

    def make_algorithm(self, particles: tuple[Individual, ...]) -> Algorithm[Any]:
        """The algorithm that goes on from these particles."""
        if self.algorithm == "random":
            return RandomSearch(self.per_round, self.limits)
        if self.algorithm == "aging":
            return AgingEvolution(particles, self.tournament, self.per_round, self.limits, self.seed)
        return ParticleSearch(particles, self.sizes.children, self.sizes.redraws, self.algorithm, self.limits)


def search_plan(protocol: SearchProtocol) -> SearchPlan:
    """The protocol's own search."""
    limits = Limits(steps=protocol.sizes.steps)
    return _plan(protocol, protocol.search_hash(), protocol.algorithm, protocol.space, protocol.seed, limits)


def comparison_plans(protocol: SearchProtocol) -> list[SearchPlan]:
    """The searches that are compared: each algorithm in the protocol's space, its own algorithm in each space."""
    settings = protocol.comparison
    pairs = [
        *((algorithm, protocol.space) for algorithm in settings.algorithms),
        *((protocol.algorithm, space) for space in settings.spaces),
    ]
    limits, code = Limits(epochs=settings.epochs), protocol.comparison_hash()
    return [
        _plan(protocol, code, algorithm, space, seed, limits)
        for seed in settings.seeds
        for algorithm, space in dict.fromkeys(pairs)
    ]


def _plan(
    protocol: SearchProtocol, code: str, algorithm: AlgorithmName, space: SpaceName, seed: int, limits: Limits
) -> SearchPlan:
    return SearchPlan(
        profile=protocol.profile,
        protocol=code,
        algorithm=algorithm,
        space=space,
        seed=seed,
        probabilities=protocol.probabilities,
        sizes=protocol.sizes,
        integrity=protocol.integrity,
        nesterov=protocol.evolution.scoring.nesterov,
        limits=limits,
        tournament=protocol.comparison.tournament,
        per_round=protocol.comparison.per_round,
    )


def require_this_search(plan: SearchPlan, path: Path, surrogates: Surrogates) -> None:
    """Refuse the ledger of another search, before anything is written beside it; where there is none, none is made.

    Raises:
        LedgerError: Naming what differs, or if the ledger cannot be read.
    """
    if path.is_file():
        require_header(read_search_records(path, settings=recorded_settings()), _header(plan, surrogates), path)


def run_search(
    plan: SearchPlan,
    path: Path,
    surrogates: Surrogates,
    watcher: SearchWatcher,
    cache: ScoreCache | None = None,
) -> list[AnyRecord]:
    """Run a search, or what its ledger lacks of it; returns all records.

    Args:
        plan: What to search.
        path: The ledger.
        surrogates: Scores candidates.
        watcher: Is told how it goes.
        cache: Scores known from other searches.

    Raises:
        LedgerError: If the ledger cannot be used, or is that of another search.
    """
    with Journal(path, watcher.notice, watcher.record) as journal:
        journal.begin(_header(plan, surrogates))
        screening = surrogates.screening_epochs
        conditions = Conditions(
            seed=plan.seed,
            integrity=plan.integrity,
            nesterov=plan.nesterov,
            draws=plan.probabilities.tries.slot,
            screening_epochs=screening,
            executor=surrogates.executor,
            cache=cache or ScoreCache(),
        )
        mutator = Mutator(SPACES[plan.space], plan.probabilities)
        driver = Driver(journal, mutator, conditions, watcher)
        opened = driver.run(Opening(plan.sizes.initial, plan.sizes.particles))
        driver.run(plan.make_algorithm(opened.particles))
        journal.write(_end(journal.records, screening))
        return journal.records


def _header(plan: SearchPlan, surrogates: Surrogates) -> Header:
    return Header(
        schema=SCHEMA,
        profile=plan.profile,
        protocol=plan.protocol,
        algorithm=plan.algorithm,
        space=plan.space,
        seed=plan.seed,
        data=dict(surrogates.data),
        device=surrogates.device(),
        versions=versions("jax"),
    )


def _end(records: list[AnyRecord], screening: Mapping[Stage, int]) -> End:
    best = best_evaluation(records)
    evaluations = [record for record in records if isinstance(record, Evaluation)]
    return End(
        samples=sum(isinstance(record, Sample) for record in records),
        best=None if best is None else best.sample,
        score=None if best is None else best.score,
        epochs=sum(epochs_of(record.outcome, screening[record.stage]) for record in evaluations),
    )
