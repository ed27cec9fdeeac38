"""What a part contributes: decays left out, schedules crossed with optimizers, tasks with one thing changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from reproduce.report.results import Result, StudyResults, number_of_runs
from reproduce.report.table import NONE, NOT_RUN, Cell, Column, Table, fixed, marked, missing, points, words
from reproduce.report.tables.accuracy import MARKS, NAME, task_column
from reproduce.report.tables.comparisons import (
    accuracy_cell,
    difference,
    difference_columns,
    marks,
    mean_cell,
    setting,
)
from reproduce.tasks.optimizers import Entrant


class _AblationPair(NamedTuple):
    """Two results beside each other: with a part, and without it, if that takes part."""

    result: Result
    without: Result | None


_DIFFERENCE: tuple[Column[_AblationPair], ...] = difference_columns(
    "Difference", ("n", "n"), lambda pair: difference(pair.result, pair.without) or NOT_RUN
)


def decay_table(study: StudyResults) -> Table:
    """Each optimizer with and without its decay functions and schedule factor."""
    columns: tuple[Column[_AblationPair], ...] = (
        Column("Optimizer", "optimizer", lambda pair: words(pair.result.optimizer)),
        Column("With%", "with", lambda pair: mean_cell(pair.result), numeric=True),
        Column(
            "Without%",
            "without",
            lambda pair: missing() if pair.without is None else mean_cell(pair.without),
            numeric=True,
        ),
    )
    return Table.of(
        name=f"{study.name}_ablation",
        title=f"With and without decay functions in the study {study.name}",
        caption=(
            f"{setting(study)} Mean test accuracy in percent of an optimizer with its decay functions and "
            "schedule factor, and without them, each at the rate tuned for it, over n common seeds; the difference in "
            "points with Student's 95 % interval. Verdict: what the decays make of it."
        ),
        columns=(*columns, *_DIFFERENCE),
        sections={
            task: [
                _AblationPair(study.results[task, kept], study.results[task, left_out])
                for kept, left_out in decay_pairs(study.entrants)
            ]
            for task in study.tasks
        },
        section_name="task",
    )


def decay_pairs(entrants: Sequence[Entrant]) -> list[tuple[str, str]]:
    """Names of optimizers with and without decays, where both take part."""
    kept = {(entrant.base, entrant.schedule): entrant.name for entrant in entrants if entrant.decay}
    return [
        (kept[entrant.base, entrant.schedule], entrant.name)
        for entrant in entrants
        if not entrant.decay and (entrant.base, entrant.schedule) in kept
    ]


def schedule_table(study: StudyResults) -> Table:
    """Evolved schedules by the optimizers they were crossed with."""
    crossed = crossings(study.entrants)
    schedules = sorted({schedule for per_base in crossed.values() for schedule in per_base if schedule})
    items = {task: [(task, schedule) for schedule in (None, *schedules)] for task in study.tasks}
    return Table.of(
        name=f"{study.name}_crossed",
        title=f"Schedules crossed with optimizers in the study {study.name}",
        caption=(
            f"{setting(study)} Mean test accuracy in percent ± sd with each evolved schedule's factor on the "
            f"learning rate, every pair at the rate tuned for it; {_runs(study)}. none: warm-up, hold and cosine "
            f"alone. By column: {MARKS}"
        ),
        columns=(
            Column("Schedule", "schedule", lambda place: words(place[1] or "none")),
            *(Column(base, base, _crossed(study, names), numeric=True) for base, names in crossed.items()),
        ),
        sections=items,
        section_name="task",
    )


def schedule_differences(study: StudyResults) -> Table:
    """What each schedule changes in each optimizer."""
    columns: tuple[Column[_AblationPair], ...] = (
        Column("Optimizer", "optimizer", lambda pair: words(_base_name(pair.result.entrant))),
        Column("Schedule", "schedule", lambda pair: words(pair.result.entrant.schedule or "")),
    )
    return Table.of(
        name=f"{study.name}_differences",
        title=f"What schedules change in the study {study.name}",
        caption=(
            f"{setting(study)} Test accuracy with the schedule's factor minus that without, in points, over n "
            "common seeds with Student's 95 % interval, each side at the rate tuned for it."
        ),
        columns=(*columns, *_DIFFERENCE),
        sections={task: list(_schedule_pairs(study, task)) for task in study.tasks},
        section_name="task",
    )


def crossings(entrants: Sequence[Entrant]) -> dict[str, dict[str | None, str]]:
    """For each optimizer that was crossed with a schedule, the entrant's name by schedule, None for without."""
    crossed = {_base_name(entrant) for entrant in entrants if entrant.schedule is not None}
    found: dict[str, dict[str | None, str]] = {}
    for entrant in entrants:
        if _base_name(entrant) in crossed:
            found.setdefault(_base_name(entrant), {})[entrant.schedule] = entrant.name
    return found


def change_table(study: StudyResults) -> Table:
    """What each task changes for every optimizer beside the study's first task."""
    first, *others = study.tasks

    def change(result: Result) -> Cell:
        return _change(result, study.results[first, result.optimizer])

    return Table.of(
        name=f"{study.name}_change",
        title=f"What each task changes in the study {study.name}",
        caption=(
            f"{setting(study)} Mean test accuracy in percent on {first}; then, for each other task, the mean "
            "change from it in points on common seeds ± half the 95 % interval, every optimizer at the rate tuned "
            f"for it there; {_runs(study)}."
        ),
        columns=(NAME, task_column(study, first, mean_cell), *(task_column(study, task, change) for task in others)),
        items=study.entrants,
    )


def _runs(study: StudyResults) -> str:
    """How many final runs a number rests on, and how many it should."""
    counts = (len(result.finals) for result in study.results.values() if result.finals)
    return f"{number_of_runs(counts)} ({len(study.protocol.seeds.final)} planned)"


def _base_name(entrant: Entrant) -> str:
    """The optimizer without its schedule."""
    return entrant.base if entrant.decay else f"{entrant.base}-nodecay"


def _schedule_pairs(study: StudyResults, task: str) -> Iterator[_AblationPair]:
    for names in crossings(study.entrants).values():
        without = study.result(task, names[None]) if None in names else None
        yield from (_AblationPair(study.results[task, name], without) for schedule, name in names.items() if schedule)


def _crossed(study: StudyResults, names: dict[str | None, str]) -> Callable[[tuple[str, str | None]], Cell]:
    """From a task and a schedule to what one optimizer came to there, marked among its schedules."""
    best = {task: marks([study.results[task, name] for name in names.values()]) for task in study.tasks}

    def cell(place: tuple[str, str | None]) -> Cell:
        task, schedule = place
        name = names.get(schedule)
        return missing(NONE) if name is None else marked(accuracy_cell(study.results[task, name]), best[task].get(name))

    return cell


def _change(result: Result, start: Result) -> Cell:
    found = difference(result, start)
    if found is None:
        return missing()
    half = "" if found.half is None else f" ± {fixed(100 * found.half, 1)}"
    return Cell(f"{points(found.mean).text}{half}", found.mean, source=result.source)
