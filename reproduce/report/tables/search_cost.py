"""What a search cost, and what became of everything it drew."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from reproduce.report.table import Cell, Column, Section, Table, count, number, words
from reproduce.search.algorithm import Stage
from reproduce.search.outcomes import epochs_of
from reproduce.search.records import AnyRecord, Evaluation, Header, Rejection
from reproduce.search.results import evaluations_of

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
    devices = sorted({record.device for record in records if isinstance(record, Header)})
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
            f"{where}; {'; '.join(devices) or 'no device'}: n = {len(rejections) + len(evaluations):,} draws that "
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
        number(math.fsum(each.seconds for each in evaluations) / 3600, 2),
    )
