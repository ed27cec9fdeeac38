"""The driver: answers an algorithm's requests, round after round, and writes down everything on the way.

A round's new candidates are drawn side by side: every open slot draws once, all draws are checked at once, those that
are new and sound are kept, the others draw again. What is kept goes to the executor; scores are written in the order
of the requests, whatever order they come in. So the ledger depends neither on batches nor on workers.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple, Protocol, TypeVar

from reproduce.outcomes import Outcome, epochs_of, score_of
from reproduce.population.integrity import check_integrity
from reproduce.population.integrity_settings import IntegritySettings
from reproduce.search.algorithm import (
    PHASES,
    Algorithm,
    Answer,
    CandidateSlot,
    Individual,
    NewCandidate,
    Reevaluation,
    Request,
    Stage,
)
from reproduce.search.cache import Key, ScoreCache
from reproduce.search.genome import Genome, KeptGenome
from reproduce.search.journal import Journal
from reproduce.search.mutation import Change, Mutator
from reproduce.search.plan import Scorers, SearchPlan
from reproduce.search.records import AnyRecord, Rejection, Sample, StageEvaluation
from reproduce.search.sampling import stream
from reproduce.search.spaces import SPACES
from reproduce.tasks.scoring import in_order
from reproduce.tasks.trainer import Candidate

_State = TypeVar("_State")


class SearchObserver(Protocol):
    """Is told everything about a search."""

    def notify(self, text: str) -> None:
        """Something the user should know; nothing stops."""

    def record(self, record: AnyRecord, fresh: bool) -> None:
        """A record was made now, or found in the ledger."""

    def round(self, stage: Stage, step: int | None, count: int) -> None:
        """A round of ``count`` requests begins: children of a step; without a step, random or known candidates."""


class _Proposal(NamedTuple):
    slot: CandidateSlot
    draw: int
    parent: int | None
    change: Change | None
    genome: Genome


class Driver:
    """Runs algorithms one after another over one journal.

    Args:
        journal: Where everything is written; its header is already there.
        plan: What is searched for.
        scorers: Score candidates on each stage.
        cache: Scores known from other searches.
        observer: See `SearchObserver`.
    """

    def __init__(
        self, journal: Journal, plan: SearchPlan, scorers: Scorers, cache: ScoreCache, observer: SearchObserver
    ) -> None:
        self._journal = journal
        self._plan = plan
        self._mutator = Mutator(SPACES[plan.space], plan.settings.probabilities)
        self._scorers = scorers
        self._cache = cache
        self._observer = observer
        self._samples: dict[str, int] = {}
        self._fingerprints: list[str] = []

    def run(self, algorithm: Algorithm[_State]) -> _State:
        """Ask and tell until the algorithm asks for nothing; returns its last state."""
        state = algorithm.start()
        while requests := algorithm.ask(state):
            state, selections = algorithm.tell(state, self._answers(requests))
            for selection in selections:
                self._journal.write(selection)
        return state

    def _answers(self, requests: Sequence[Request]) -> list[Answer]:
        """The answers to the requests of one round, all of which are for one stage."""
        stage = requests[0].stage
        draws = [request for request in requests if isinstance(request, NewCandidate)]
        children = draws and draws[0].slot.phase == "child"
        self._observer.round(stage, draws[0].slot.step if children else None, len(requests))
        drawn = iter(self._draw(draws))
        individuals = [request.individual if isinstance(request, Reevaluation) else next(drawn) for request in requests]
        outcomes = self._score(stage, [individual for individual in individuals if individual is not None])
        return [
            Answer(None, 0) if individual is None else self._answer(individual, next(outcomes), stage)
            for individual in individuals
        ]

    def _answer(self, individual: Individual, outcome: Outcome, stage: Stage) -> Answer:
        epochs = epochs_of(outcome, self._scorers[stage].screening_epochs)
        score = score_of(outcome)
        return Answer(None if score is None else replace(individual, score=score), epochs)

    def _draw(self, requests: Sequence[NewCandidate]) -> list[Individual | None]:
        """A new candidate for each request; None where no draw was one."""
        kept: dict[int, Individual] = {}
        for draw in range(self._plan.settings.probabilities.tries.slot):
            still_open = [index for index in range(len(requests)) if index not in kept]
            if not still_open:
                break
            proposals = [self._propose(requests[index], draw) for index in still_open]
            for index, (proposal, screened) in zip(still_open, self._screened(proposals), strict=True):
                record = self._judge(proposal, screened)
                self._journal.write(record)
                if isinstance(record, Sample):
                    kept[index] = Individual(record.number, proposal.genome, record.ascend, None)
        return [kept.get(index) for index in range(len(requests))]

    def _propose(self, request: NewCandidate, draw: int) -> _Proposal:
        slot = request.slot
        random = stream(self._plan.seed, "draw", PHASES.index(slot.phase), *slot[1:], draw)
        if request.parent is None:
            return _Proposal(slot, draw, None, None, self._mutator.sampler.genome(random))
        child, change = self._mutator.mutate(request.parent.genome, random)
        return _Proposal(slot, draw, request.parent.sample, change, child)

    def _screened(self, proposals: Sequence[_Proposal]) -> Iterator[tuple[_Proposal, Screened]]:
        """Each proposal with what the ledger says of it, or else what a check of all others at once says."""
        known = [self._known(proposal) for proposal in proposals]
        unknown = [proposal.genome for proposal, screened in zip(proposals, known, strict=True) if screened is None]
        settings = self._plan.settings
        checked = iter(screen(unknown, settings.integrity, settings.evolution.nesterov))
        for proposal, screened in zip(proposals, known, strict=True):
            yield proposal, screened or next(checked)

    def _known(self, proposal: _Proposal) -> Screened | None:
        record = self._journal.drawn(proposal.slot, proposal.draw)
        if record is None:
            return None
        failed = isinstance(record, Rejection) and record.cause == "integrity"
        return Screened(not failed, record.ascend, record.fingerprint)

    def _judge(self, proposal: _Proposal, screened: Screened) -> Sample | Rejection:
        slot, draw, parent, change, genome = proposal
        ascend, fingerprint = screened.ascend, screened.fingerprint
        text = genome.express(ascend=ascend).to_text()
        if not screened.passed or fingerprint is None:
            return Rejection(slot, draw, parent, change, text, ascend, "integrity", None, None)
        if fingerprint in self._samples:
            known = self._samples[fingerprint]
            return Rejection(slot, draw, parent, change, text, ascend, "duplicate", known, fingerprint)
        number = self._samples[fingerprint] = len(self._samples)
        self._fingerprints.append(fingerprint)
        kept = KeptGenome.from_dict(genome.to_dict())
        return Sample(number, slot, draw, parent, change, kept, text, ascend, fingerprint)

    def _score(self, stage: Stage, individuals: Sequence[Individual]) -> Iterator[Outcome]:
        """The outcome of each, written as soon as those before it are."""
        seed, started = self._plan.seed, time.monotonic()
        known = [self._journal.evaluation(individual.sample, stage, seed) for individual in individuals]
        cached = [self._cache.get(self._key(individual, stage)) for individual in individuals]
        open_ = [i for i, pair in enumerate(zip(known, cached, strict=True)) if pair == (None, None)]
        arriving = self._outcomes(stage, [individuals[index] for index in open_])
        for index, individual in enumerate(individuals):
            record, cache = known[index], cached[index]
            if record is None and cache is not None:
                record = StageEvaluation(individual.sample, stage, seed, cache.outcome, cache.origin, 0.0)
            elif record is None:
                outcome, now = next(arriving), time.monotonic()
                record = StageEvaluation(individual.sample, stage, seed, outcome, None, round(now - started, 3))
                started = now
            self._journal.write(record)
            yield record.outcome

    def _key(self, individual: Individual, stage: Stage) -> Key:
        return Key(self._fingerprints[individual.sample], stage, self._plan.seed)

    def _outcomes(self, stage: Stage, individuals: Sequence[Individual]) -> Iterator[Outcome]:
        candidates = [
            Candidate(individual.genome.express(ascend=individual.ascend), self._plan.seed)
            for individual in individuals
        ]
        return in_order(self._scorers[stage].score(candidates))


@dataclass(frozen=True)
class Screened:
    """The facts known of a draw.

    Attributes:
        passed: Whether the integrity check passed, plain or flipped.
        ascend: Whether only the flipped sign passed.
        fingerprint: Of the candidate with its sign; None where the check failed.
    """

    passed: bool
    ascend: bool
    fingerprint: str | None


def screen(
    genomes: Sequence[Genome], settings: IntegritySettings, nesterov: Literal["released", "search"]
) -> list[Screened]:
    """Which draws are worth scoring: those that can minimise a quadratic; the answer for one depends on no other.

    The sign is each candidate's own: a child does not inherit its parent's flip.
    """
    found = check_integrity([genome.express() for genome in genomes], settings, nesterov=nesterov)
    return [
        Screened(bool(passed), bool(ascend), genome.express(ascend=bool(ascend)).fingerprint() if passed else None)
        for genome, passed, ascend in zip(genomes, found.passed, found.flip, strict=True)
    ]
