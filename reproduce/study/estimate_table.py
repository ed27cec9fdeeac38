"""Estimates on screen, with what they rest on and what is missing."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from reproduce.counts import number_of
from reproduce.estimates import Span, StepCost, TaskEstimate
from reproduce.screen import screen_table, show_table

_UNKNOWN = "?"
_STUDIES = (
    "Runs and times of studies go from the shared grid alone to every grid grown to its limit; runs that have rows are "
    "left out, and so is compiling for what Keras trains, a few seconds for each optimizer."
)
_SEARCHES = (
    "Those of searches and eliminations go from every candidate cut off by its first screening to every one trained to "
    "the end, children only after all their redraws; they run one after another in one process."
)


def show_estimates(estimates: Sequence[TaskEstimate], num_workers: int, console: Console) -> None:
    """The table of all tasks, its sums, and a sentence for each thing that is not known."""
    table = screen_table(
        ("Study", "Task", "Runner", "Runs", "Steps", "Minutes", "GPU-hours", "MB"), (False,) * 3 + (True,) * 5
    )
    for each in estimates:
        minutes, hours = each.minutes(num_workers), each.gpu_hours()
        table.add_row(
            *(each.study, each.task, each.runner, _span(each.runs, 0), _span(each.steps, 0)),
            *(_span(minutes, 1), _span(hours, 2)),
            f"{each.num_bytes / 1e6:.1f}",
        )
    show_table(console, table)
    for line in _sentences(estimates, num_workers):
        console.print(line, highlight=False, markup=False)


def _sentences(estimates: Sequence[TaskEstimate], num_workers: int) -> list[str]:
    known = [(each, minutes) for each in estimates if (minutes := each.minutes(num_workers)) is not None]
    total = Span(sum(minutes.low for _, minutes in known), sum(minutes.high for _, minutes in known))
    measured: list[StepCost] = []
    for each, _ in known:
        if each.measured is not None and each.measured not in measured:  # Tasks alike rest on the same runs.
            measured.append(each.measured)
    lines = [_STUDIES] if any(each.by_workers for each in estimates) else []
    if not all(each.by_workers for each in estimates):
        lines.append(_SEARCHES)
    if known:
        num_runs, devices = sum(cost.num_runs for cost in measured), sorted({cost.device for cost in measured})
        lines.append(
            f"In all {_span(total, 1)} minutes with {number_of(num_workers, 'worker')}, from the steps of "
            f"{num_runs:,} runs on {'; '.join(devices)}, measuring after each epoch included."
        )
    published = [each for each in estimates if each.steps is not None and each.counted == "published"]
    if published:
        lines.append(f"Steps by the published number of images, without the data: {_tasks(published)}.")
    missing = [each for each in estimates if each.steps is None]
    if missing:
        lines.append(
            f"No data at hand, so steps cannot be counted: {_tasks(missing)}. Give --data-dir DIR (make: DATA_DIR=DIR)."
        )
    unmeasured = [each for each in estimates if each.steps is not None and each.seconds is None]
    if unmeasured:
        lines.append(
            f"No steps of this kind measured yet, so no times: {_tasks(unmeasured)}. Begin one where it is to run, "
            "end it after a few rows (they are kept), and ask again."
        )
    return lines


def _tasks(estimates: Sequence[TaskEstimate]) -> str:
    return ", ".join(f"{each.study}/{each.task} ({each.runner})" for each in estimates)


def _span(span: Span | None, digits: int) -> str:
    if span is None:
        return _UNKNOWN
    low, high = f"{span.low:.{digits}f}", f"{span.high:.{digits}f}"
    return low if low == high else f"{low}-{high}"
