"""What a search cost, and what became of everything it drew."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from reproduce.outcomes import epochs_of
from reproduce.report.table import Cell, Column, Section, Table, count, number, one_section, words
from reproduce.report.tables.comparisons import placed
from reproduce.search.algorithm import Stage
from reproduce.search.records import AnyRecord, Evaluation, Header, Rejection
from reproduce.search.results import evaluations_of
from reproduce.search.trials import Trial

_STAGES: tuple[Stage, ...] = ("initial", "evolution")
_OUTCOMES = {"trained": "trained", "screened out": "no rate reached a threshold", "diverged": "diverged"}
_CAUSES = {"integrity": "failed the integrity check", "duplicate": "computes what another one does"}


def search_cost_table(records: Sequence[AnyRecord], screening_epochs: Mapping[Stage, int], where: str) -> Table:
    """Draws that were not scored by cause, then scores by stage and outcome with epochs and hours.

    Args:
        records: Of one search.
        screening_epochs: Of a screening run on each stage.
        where: Profile and data set, for the caption.
    """
    rejections = [record for record in records if isinstance(record, Rejection)]
    evaluations = [record for record in records if isinstance(record, Evaluation)]
    devices = [record.device for record in records if isinstance(record, Header)]
    drawn = Section(
        "drawn and not scored",
        tuple(
            (words(text), count(sum(each.cause == cause for each in rejections)), Cell("-"), Cell("-"), Cell("-"))
            for cause, text in _CAUSES.items()
        ),
    )
    stages = tuple(_stage(stage, evaluations_of(records, stage), screening_epochs[stage]) for stage in _STAGES)
    return Table(
        name="search_cost",
        title="What the search cost",
        caption=(
            f"{placed(where, devices)}: n = {len(rejections) + len(evaluations):,} draws that "
            "failed and scores. Epochs count screening runs whole; hours are wall time of the search, so that "
            "candidates scored side by side share them. Cached: taken from an earlier search instead of trained."
        ),
        columns=(
            Column("What became of it", "outcome"),
            Column("Number", "number", numeric=True),
            Column("Cached", "cached", numeric=True),
            Column("Epochs", "epochs", numeric=True),
            Column("Hours", "hours", numeric=True),
        ),
        sections=(drawn, *stages) if records else (),
        section_name="part",
    )


def comparison_cost_table(
    searches: Mapping[str, Sequence[Sequence[AnyRecord]]],
    trials: Sequence[Trial],
    screening_epochs: Mapping[Stage, int],
    where: str,
) -> Table:
    """One line for each kind of search that was compared, then one for their finds and baselines with fresh seeds.

    Args:
        searches: The records of the searches of each kind.
        trials: The scores with fresh seeds.
        screening_epochs: Of a screening run on each stage.
        where: Profile and data set, for the caption.
    """
    found = [record for of_kind in searches.values() for records in of_kind for record in records]
    devices = [record.device for record in [*found, *trials] if isinstance(record, (Header, Trial))]
    return Table(
        name="search_comparison_cost",
        title="What the compared searches cost",
        caption=(
            f"{placed(where, devices)}: n = {sum(map(len, searches.values()))} searches. Not scored: draws that failed "
            "the integrity check or compute what another one does. Untrained: no rate reached a threshold, or "
            "training diverged. Taken over: from a search before, instead of trained. Epochs are of what was trained, "
            "screening runs whole; hours are wall time, which candidates scored side by side share."
        ),
        columns=(
            Column("Search", "search"),
            Column("Searches", "searches", numeric=True),
            Column("Not scored", "not_scored", numeric=True),
            Column("Scores", "scores", numeric=True),
            Column("Untrained", "untrained", numeric=True),
            Column("Taken over", "taken_over", numeric=True),
            Column("Epochs", "epochs", numeric=True),
            Column("Hours", "hours", numeric=True),
        ),
        sections=one_section(
            [
                *(_kind_line(kind, of_kind, screening_epochs) for kind, of_kind in searches.items()),
                _trials_line(trials, screening_epochs["evolution"]),
            ]
            if searches
            else []
        ),
    )


def _kind_line(
    kind: str, searches: Sequence[Sequence[AnyRecord]], screening_epochs: Mapping[Stage, int]
) -> tuple[Cell, ...]:
    records = [record for records in searches for record in records]
    evaluations = [record for record in records if isinstance(record, Evaluation)]
    trained = [each for each in evaluations if each.cached is None]
    return (
        words(kind),
        count(len(searches)),
        count(sum(isinstance(record, Rejection) for record in records)),
        count(len(evaluations)),
        count(sum(each.outcome.kind != "trained" for each in evaluations)),
        count(len(evaluations) - len(trained)),
        count(sum(epochs_of(each.outcome, screening_epochs[each.stage]) for each in trained)),
        _hours(evaluations),
    )


def _trials_line(trials: Sequence[Trial], screening_epochs: int) -> tuple[Cell, ...]:
    return (
        words("with fresh seeds"),
        Cell("-"),
        Cell("-"),
        count(len(trials)),
        count(sum(each.outcome.kind != "trained" for each in trials)),
        Cell("-"),
        count(sum(epochs_of(each.outcome, screening_epochs) for each in trials)),
        _hours(trials),
    )


def _hours(scores: Sequence[Evaluation] | Sequence[Trial]) -> Cell:
    return number(math.fsum(each.seconds for each in scores) / 3600, 2)


def _stage(stage: Stage, evaluations: Sequence[Evaluation], screening_epochs: int) -> Section:
    return Section(
        f"scored on the {stage} stage",
        tuple(
            _line(text, [each for each in evaluations if each.outcome.kind == kind], screening_epochs)
            for kind, text in _OUTCOMES.items()
        ),
    )


def _line(text: str, evaluations: Sequence[Evaluation], screening_epochs: int) -> tuple[Cell, ...]:
    return (
        words(text),
        count(len(evaluations)),
        count(sum(each.cached is not None for each in evaluations)),
        count(sum(epochs_of(each.outcome, screening_epochs) for each in evaluations)),
        _hours(evaluations),
    )
