"""Tables of the cost of searches, and of the outcomes of all that they drew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from reproduce.outcomes import epochs_of
from reproduce.report.table import Column, Table, count, words
from reproduce.report.tables.comparisons import hours, placed
from reproduce.search.algorithm import Stage
from reproduce.search.records import AnyRecord, Header, Rejection, StageEvaluation
from reproduce.search.results import evaluations_of
from reproduce.search.trials import Trial

_STAGES: tuple[Stage, ...] = ("initial", "evolution")
_OUTCOMES = {"trained": "trained", "screened out": "no rate reached a threshold", "diverged": "diverged"}
_CAUSES = {"integrity": "failed the integrity check", "duplicate": "computes what another one does"}


class _Cost(NamedTuple):
    """The cost of some scores; None for what there is not.

    Attributes:
        what: The scores' name: what became of candidates, or the kind of search.
        scores: Those that were made, and those that were taken over.
        taken_over: How many were taken from an earlier search instead of trained.
        epochs: Of training, screening runs whole.
        number: Of draws, or of searches.
        rejected: Draws that were not scored.
    """

    what: str
    scores: Sequence[StageEvaluation] | Sequence[Trial] | None
    taken_over: int | None
    epochs: int | None
    number: int | None = None
    rejected: int | None = None


def search_cost_table(records: Sequence[AnyRecord], screening_epochs: Mapping[Stage, int], where: str) -> Table:
    """Draws that were not scored by cause, then scores by stage and outcome with epochs and hours.

    Args:
        records: Of one search.
        screening_epochs: Of a screening run on each stage.
        where: Profile and data set, for the caption.
    """
    rejections = [record for record in records if isinstance(record, Rejection)]
    evaluations = [record for record in records if isinstance(record, StageEvaluation)]
    devices = [record.device for record in records if isinstance(record, Header)]
    drawn = {text: sum(each.cause == cause for each in rejections) for cause, text in _CAUSES.items()}
    stages = {f"scored on the {stage} stage": _outcomes(records, stage, screening_epochs[stage]) for stage in _STAGES}
    columns: tuple[Column[_Cost], ...] = (
        Column("What became of it", "outcome", lambda cost: words(cost.what)),
        Column("Number", "number", lambda cost: count(cost.number), numeric=True),
        Column("Cached", "cached", lambda cost: count(cost.taken_over), numeric=True),
        Column("Epochs", "epochs", lambda cost: count(cost.epochs), numeric=True),
        Column("Hours", "hours", lambda cost: hours(cost.scores), numeric=True),
    )
    return Table.of(
        name="search_cost",
        title="What the search cost",
        caption=(
            f"{placed(where, devices)}: n = {len(rejections) + len(evaluations):,} draws that "
            "failed and scores. Epochs count screening runs whole; hours are wall time of the search, so that "
            "candidates scored side by side share them. Cached: taken from an earlier search instead of trained."
        ),
        columns=columns,
        sections={"drawn and not scored": [_Cost(what, None, None, None, n) for what, n in drawn.items()], **stages}
        if records
        else {},
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
    columns: tuple[Column[_Cost], ...] = (
        Column("Search", "search", lambda cost: words(cost.what)),
        Column("Searches", "searches", lambda cost: count(cost.number), numeric=True),
        Column("Not scored", "not_scored", lambda cost: count(cost.rejected), numeric=True),
        Column("Scores", "scores", lambda cost: count(len(cost.scores or ())), numeric=True),
        Column("Untrained", "untrained", lambda cost: count(_num_untrained(cost.scores or ())), numeric=True),
        Column("Taken over", "taken_over", lambda cost: count(cost.taken_over), numeric=True),
        Column("Epochs", "epochs", lambda cost: count(cost.epochs), numeric=True),
        Column("Hours", "hours", lambda cost: hours(cost.scores), numeric=True),
    )
    fresh = sum(epochs_of(each.outcome, screening_epochs["evolution"]) for each in trials)
    return Table.of(
        name="search_comparison_cost",
        title="What the compared searches cost",
        caption=(
            f"{placed(where, devices)}: n = {sum(map(len, searches.values()))} searches. Not scored: draws that failed "
            "the integrity check or compute what another one does. Untrained: no rate reached a threshold, or "
            "training diverged. Taken over: from a search before, instead of trained. Epochs are of what was trained, "
            "screening runs whole; hours are wall time, which candidates scored side by side share."
        ),
        columns=columns,
        items=[
            *(_of_kind(kind, of_kind, screening_epochs) for kind, of_kind in searches.items()),
            *([_Cost("with fresh seeds", trials, None, fresh)] if searches else []),
        ],
    )


def _of_kind(kind: str, searches: Sequence[Sequence[AnyRecord]], screening_epochs: Mapping[Stage, int]) -> _Cost:
    records = [record for records in searches for record in records]
    scores = [record for record in records if isinstance(record, StageEvaluation)]
    trained = [each for each in scores if each.cached is None]
    return _Cost(
        what=kind,
        scores=scores,
        taken_over=len(scores) - len(trained),
        epochs=sum(epochs_of(each.outcome, screening_epochs[each.stage]) for each in trained),
        number=len(searches),
        rejected=sum(isinstance(record, Rejection) for record in records),
    )


def _outcomes(records: Sequence[AnyRecord], stage: Stage, screening_epochs: int) -> list[_Cost]:
    """The cost of the scores on a stage, by outcome."""
    costs = []
    for kind, text in _OUTCOMES.items():
        scores = [each for each in evaluations_of(records, stage) if each.outcome.kind == kind]
        epochs = sum(epochs_of(each.outcome, screening_epochs) for each in scores)
        costs.append(_Cost(text, scores, sum(each.cached is not None for each in scores), epochs, len(scores)))
    return costs


def _num_untrained(scores: Sequence[StageEvaluation] | Sequence[Trial]) -> int:
    return sum(each.outcome.kind != "trained" for each in scores)
