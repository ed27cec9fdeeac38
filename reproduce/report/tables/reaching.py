"""How long each optimizer trains until it is as good as the reference is at the end."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from reproduce.report.results import Alike, Result, SameFunction, StudyResults
from reproduce.report.table import NONE, Cell, Column, Table, count, missing, number, percent, words
from reproduce.report.tables.comparisons import setting
from reproduce.study.rows import Row

_NEVER = "not reached"


@dataclass(frozen=True)
class Reaching(Alike):
    """How long final runs of optimizers that are one function take to a target.

    Attributes:
        n: How many runs.
        reached: How many of them reach it.
        steps: Median over runs, one that never reaches it counted as longer than all: infinite where half never do.
        share: The same of a whole run's steps.
        seconds: Median of seconds a step, times ``steps``; None where device or back end is not the reference's.
    """

    n: int
    reached: int
    steps: float
    share: float
    seconds: float | None


def target_of(reference: Result | None) -> float | None:
    """The reference's mean validation accuracy at the end of its final runs; None without any."""
    return None if reference is None or reference.validation is None else reference.validation.mean


def reaching(study: StudyResults, task: str, reference: str) -> list[Reaching]:
    """The functions of a task in the protocol's order, those that were run; none without the reference's runs."""
    known = study.result(task, reference)
    target = target_of(known)
    if known is None or target is None:
        return []
    places = _places(known.finals)
    return [
        _reaching(each.names, each.first.finals, target, timed=_places(each.first.finals) <= places)
        for each in study.functions(task)
        if each.first.finals
    ]


def first_reaching(row: Row, target: float) -> float:
    """The steps at the end of the first epoch whose validation accuracy is the target or more; infinite if none is."""
    measured = row.curve.validation_accuracy
    for epoch, accuracy in enumerate(measured, start=1):
        if accuracy >= target:
            return row.steps * epoch / len(measured) if row.diverged_at is None else math.inf
    return math.inf


class _ReachingLine(NamedTuple):
    """A function of a task, and how long it takes; None where it or the reference was not run."""

    function: SameFunction
    found: Reaching | None


def reaching_table(study: StudyResults) -> Table:
    """Tabulate them; a section for each task."""
    reference = study.protocol.optimizers.reference
    columns: tuple[Column[_ReachingLine], ...] = (
        Column("Optimizer", "optimizer", lambda line: words(line.function.label)),
        _column("Steps", "steps", lambda each: Cell(f"{each.steps:,.0f}", each.steps), _NEVER),
        _column("Of a run %", "share", lambda each: percent(each.share, 0), NONE),
        _column("Runs that reach it", "reached", lambda each: Cell(f"{each.reached} of {each.n}", each.reached)),
        _column("", "n", lambda each: count(each.n)),
        _column("Seconds", "seconds", lambda each: number(each.seconds, 2), NONE),
    )
    return Table.of(
        name=f"{study.name}_reaching",
        title=f"Time to {reference}'s final accuracy in the study {study.name}",
        caption=f"{setting(study)} {_targets(study, reference)} {_READ}",
        columns=columns,
        sections={task: _lines(study, task, reference) for task in study.tasks},
        section_name="task",
    )


_READ = (
    "Steps: the median over final runs until the validation accuracy, measured after each epoch, is that high for the "
    "first time. A run that never gets there counts as longer than all. The rate falls to 0 at the end of every run: a "
    "shorter run would be another run. Seconds: these steps at the runs' median time for a step, measuring too, on the "
    "reference's device and back end; other work on the machine moves them."
)


def _reaching(names: tuple[str, ...], finals: Sequence[Row], target: float, *, timed: bool) -> Reaching:
    lengths = [first_reaching(row, target) for row in finals]
    steps = statistics.median(lengths)
    whole = statistics.median(row.steps for row in finals)
    seconds = statistics.median(row.seconds / max(row.steps, 1) for row in finals) * steps if timed else None
    return Reaching(names, len(finals), sum(map(math.isfinite, lengths)), steps, steps / max(whole, 1), seconds)


def _places(rows: Sequence[Row]) -> set[tuple[str, str]]:
    return {(row.device, row.backend) for row in rows}


def _targets(study: StudyResults, reference: str) -> str:
    """Say what is to be reached on each task."""
    targets = {task: target_of(study.result(task, reference)) for task in study.tasks}
    told = ", ".join(f"{100 * value:.1f} % on {task}" for task, value in targets.items() if value is not None)
    if not told:
        return f"{reference} was not run."
    return f"To be reached is the mean validation accuracy of {reference}'s final runs at their end: {told}."


def _lines(study: StudyResults, task: str, reference: str) -> list[_ReachingLine]:
    found = {each.names: each for each in reaching(study, task, reference)}
    return [_ReachingLine(each, found.get(each.names)) for each in study.functions(task)]


def _column(title: str, name: str, cell: Callable[[Reaching], Cell], never: str | None = None) -> Column[_ReachingLine]:
    """A column of what there is once both were run.

    Args:
        title: Its heading.
        name: Its name in the CSV file.
        cell: What it shows.
        never: What stands where most runs never reach the target, if not the same.
    """

    def of_line(line: _ReachingLine) -> Cell:
        if line.found is None:
            return missing()
        if never is not None and not math.isfinite(line.found.steps):
            return missing(never)
        return cell(line.found)

    return Column(title, name, of_line, numeric=True)
