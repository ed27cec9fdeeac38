"""Estimates on screen, with what they rest on and what is missing."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from reproduce.counts import number_of
from reproduce.screen import screen_table, show_table
from reproduce.study.costs import StepCost
from reproduce.study.estimate import Span, TaskEstimate

_UNKNOWN = "?"


def show_estimates(estimates: Sequence[TaskEstimate], num_workers: int, console: Console) -> None:
    """The table of all tasks, its sums, and a sentence for each thing that is not known."""
    table = screen_table(
        ("Study", "Task", "Runner", "Runs", "Minutes", "GPU-hours", "MB"), (False, False, False, True, True, True, True)
    )
    for each in estimates:
        minutes, hours = each.minutes(num_workers), each.gpu_hours()
        table.add_row(
            *(each.study, each.task, each.runner, _span(each.runs, 0), _span(minutes, 1), _span(hours, 2)),
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
    lines = [
        "Runs and times go from the shared grid alone to every grid grown to its limit; runs that have rows are left "
        "out, and so is compiling for what Keras trains, a few seconds for each optimizer."
    ]
    if known:
        num_runs, devices = sum(cost.num_runs for cost in measured), sorted({cost.device for cost in measured})
        lines.append(
            f"In all {_span(total, 1)} minutes with {number_of(num_workers, 'worker')}, from the steps of "
            f"{num_runs:,} runs on {'; '.join(devices)}, measuring after each epoch included."
        )
    missing = [each for each in estimates if each.steps is None]
    if missing:
        lines.append(
            f"No data at hand, so steps cannot be counted: {_tasks(missing)}. Give --data-dir DIR (make: DATA_DIR=DIR)."
        )
    unmeasured = [each for each in estimates if each.steps is not None and each.seconds is None]
    if unmeasured:
        lines.append(f"No steps of this kind measured yet: {_tasks(unmeasured)}.")
    return lines


def _tasks(estimates: Sequence[TaskEstimate]) -> str:
    return ", ".join(f"{each.study}/{each.task} ({each.runner})" for each in estimates)


def _span(span: Span | None, digits: int) -> str:
    if span is None:
        return _UNKNOWN
    low, high = f"{span.low:.{digits}f}", f"{span.high:.{digits}f}"
    return low if low == high else f"{low}-{high}"
