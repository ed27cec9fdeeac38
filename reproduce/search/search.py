"""One search from beginning to end: a plan carried out over a ledger."""

from __future__ import annotations

from pathlib import Path

from reproduce.libraries import recorded_settings
from reproduce.outcomes import epochs_of
from reproduce.search.cache import ScoreCache
from reproduce.search.driver import Driver, SearchObserver
from reproduce.search.journal import Journal
from reproduce.search.opening import Opening
from reproduce.search.plan import Scorers, SearchPlan, data_of
from reproduce.search.records import (
    SCHEMA,
    AnyRecord,
    End,
    Header,
    Sample,
    StageEvaluation,
    read_search_records,
    require_header,
)
from reproduce.search.results import best_evaluation


def require_this_search(plan: SearchPlan, path: Path, scorers: Scorers) -> None:
    """Refuse the ledger of another search, before anything is written beside it; where there is none, none is made.

    Raises:
        LedgerError: Naming what differs, or if the ledger cannot be read.
    """
    if path.is_file():
        require_header(read_search_records(path, settings=recorded_settings()), _header(plan, scorers), path)


def run_search(
    plan: SearchPlan,
    path: Path,
    scorers: Scorers,
    observer: SearchObserver,
    cache: ScoreCache | None = None,
) -> list[AnyRecord]:
    """Run a search, or what its ledger lacks of it; returns all records.

    Args:
        plan: What to search.
        path: The ledger.
        scorers: Score candidates on each stage.
        observer: Is told how it goes.
        cache: Scores known from other searches.

    Raises:
        LedgerError: If the ledger cannot be used, or is that of another search.
    """
    with Journal(path, observer.notify, observer.record) as journal:
        journal.begin(_header(plan, scorers))
        driver = Driver(journal, plan, scorers, cache or ScoreCache(), observer)
        opened = driver.run(Opening(plan.settings.sizes.initial, plan.settings.sizes.particles))
        driver.run(plan.make_algorithm(opened.particles))
        journal.write(_end(journal.records, scorers))
        return journal.records


def _header(plan: SearchPlan, scorers: Scorers) -> Header:
    return Header(
        schema=SCHEMA,
        profile=plan.profile,
        protocol=plan.protocol_hash,
        algorithm=plan.algorithm,
        space=plan.space,
        seed=plan.seed,
        data=data_of(scorers),
        device=scorers["evolution"].device(),
        versions=scorers["evolution"].versions(),
    )


def _end(records: list[AnyRecord], scorers: Scorers) -> End:
    best = best_evaluation(records)
    evaluations = [record for record in records if isinstance(record, StageEvaluation)]
    return End(
        samples=sum(isinstance(record, Sample) for record in records),
        best=None if best is None else best.sample,
        score=None if best is None else best.score,
        epochs=sum(epochs_of(record.outcome, scorers[record.stage].screening_epochs) for record in evaluations),
    )
