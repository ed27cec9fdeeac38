"""Estimates of cost as a table, whose caption says what they rest on and what is missing."""

from __future__ import annotations

import math
from collections.abc import Sequence

from reproduce.counts import number_of
from reproduce.estimates import Span, TaskEstimate
from reproduce.report.table import Cell, Column, Table, number, words

_UNKNOWN = "?"
#: From how many steps on they are shown in thousands.
_THOUSANDS = 10**4
#: Likewise in millions: from what rounds to one on.
_MILLIONS = 999_500
_MOST_DIGITS = 3
_STUDIES = (
    "Runs and times of studies go from the shared grid alone to every grid grown to its limit; runs that have rows are "
    "left out, and so is compiling for what Keras trains, a few seconds for each optimizer."
)
_SEARCHES = (
    "Those of searches and eliminations go from every candidate cut off by its first screening to every one trained to "
    "the end, children only after all their redraws; they run one after another in one process."
)


def estimate_table(estimates: Sequence[TaskEstimate], num_workers: int) -> Table:
    """Tabulate what is left of every task, its cost where that is known, and a sentence for each thing that is not."""
    columns: tuple[Column[TaskEstimate], ...] = (
        Column("Study", "study", lambda each: words(each.study)),
        Column("Task", "task", lambda each: words(each.task)),
        Column("Runner", "runner", lambda each: words(each.runner)),
        Column("Runs", "runs", lambda each: _cell(each.runs, 0), numeric=True),
        Column("Steps", "steps", lambda each: _counted(each.steps), numeric=True),
        Column("Minutes", "minutes", lambda each: _cell(each.minutes(num_workers), 1), numeric=True),
        Column("GPU h", "gpu_hours", lambda each: _cell(each.gpu_hours(), 2), numeric=True),
        Column("MB", "megabytes", lambda each: number(each.num_bytes, 1, 1e-6), numeric=True),
    )
    sentences = [*_meanings(estimates), *_units(estimates), *_total(estimates, num_workers), *_gaps(estimates)]
    return Table.of("estimates", "What is left to do", "\n".join(sentences), columns, estimates)


def time_words(estimates: Sequence[TaskEstimate], num_workers: int) -> str:
    """Say in one sentence, before work starts, how long what is left will take.

    It is empty where nothing is left, and where data are not at hand: what they lack is said next, and ends the work.
    """
    left = [each for each in estimates if each.runs.high]
    known = [span for each in left if (span := each.minutes(num_workers)) is not None]
    if not left or any(each.counted == "published" for each in left):
        return ""
    if len(known) < len(left):
        return (
            "No steps of this kind were measured yet; the time left is shown once some are. Every finished run is kept."
        )
    devices = sorted({each.measured.device for each in left if each.measured is not None})
    total = Span(sum(span.low for span in known), sum(span.high for span in known))
    return f"It takes about {_span(total, 1)} minutes, by steps measured on {'; '.join(devices)}."


def _meanings(estimates: Sequence[TaskEstimate]) -> list[str]:
    """Sentences on the ends of spans, for the kinds of estimate that there are."""
    kinds = {each.by_workers for each in estimates}
    return [sentence for by_workers, sentence in ((True, _STUDIES), (False, _SEARCHES)) if by_workers in kinds]


def _units(estimates: Sequence[TaskEstimate]) -> list[str]:
    large = any(each.steps is not None and each.steps.high >= _THOUSANDS for each in estimates)
    return ["Steps: k are thousands, M are millions."] if large else []


def _total(estimates: Sequence[TaskEstimate], num_workers: int) -> list[str]:
    minutes = [span for each in estimates if (span := each.minutes(num_workers)) is not None]
    costs = [each.measured for each in estimates if each.seconds is not None and each.measured is not None]
    measured = [
        cost for number, cost in enumerate(costs) if cost not in costs[:number]
    ]  # Tasks alike rest on the same runs.
    if not minutes:
        return []
    total = Span(sum(span.low for span in minutes), sum(span.high for span in minutes))
    return [
        f"In all {_span(total, 1)} minutes with {number_of(num_workers, 'worker')}, from the steps of "
        f"{sum(cost.num_runs for cost in measured):,} runs on {'; '.join(sorted({cost.device for cost in measured}))}, "
        "measuring after each epoch included."
    ]


def _gaps(estimates: Sequence[TaskEstimate]) -> list[str]:
    """Sentences on unknown costs, and how to make them known."""
    published = [each for each in estimates if each.steps is not None and each.counted == "published"]
    missing = [each for each in estimates if each.steps is None]
    unmeasured = [each for each in estimates if each.steps is not None and each.seconds is None]
    sentences = (
        (published, "Steps by the published number of images, without the data: {tasks}."),
        (
            missing,
            "No data at hand, so steps cannot be counted: {tasks}. Give --data-dir DIR (make: DATA_DIR=DIR).",
        ),
        (
            unmeasured,
            "No steps of this kind measured yet, so no times: {tasks}. Begin one where it is to run, end it after a "
            "few rows (they are kept), and ask again.",
        ),
    )
    return [sentence.format(tasks=", ".join(map(_task, of_kind))) for of_kind, sentence in sentences if of_kind]


def _task(estimate: TaskEstimate) -> str:
    return f"{estimate.study}/{estimate.task} ({estimate.runner})"


def _cell(span: Span | None, digits: int) -> Cell:
    return Cell(_UNKNOWN) if span is None else Cell(_span(span, digits), span.high)


def _counted(span: Span | None) -> Cell:
    """The cell of a large count: in millions (M) or thousands (k) where its upper end has so many.

    The lower end has two digits that count; where it is too small for that beside the upper one, both are in full.
    """
    if span is None:
        return _cell(span, 0)
    for least, unit, digits, sign in ((_MILLIONS, 1e-6, 1, "M"), (_THOUSANDS, 1e-3, 0, "k")):
        if span.high >= least:
            low = span.low * unit
            shown = max(digits, 1 - math.floor(math.log10(low))) if low else digits
            if shown <= _MOST_DIGITS:
                return Cell(f"{_span(span.times(unit), shown)} {sign}", span.high)
            return Cell(f"{span.low:,.0f}-{span.high:,.0f}", span.high)
    return _cell(span, 0)


def _span(span: Span, digits: int) -> str:
    low, high = f"{span.low:.{digits}f}", f"{span.high:.{digits}f}"
    return low if low == high else f"{low}-{high}"
