"""What a part contributes: decays left out, schedules crossed with optimizers, tasks with one thing changed."""

from __future__ import annotations

from collections.abc import Sequence

from reproduce.report.results import Result, StudyResults, number_of_runs
from reproduce.report.table import (
    NONE,
    Cell,
    Column,
    Section,
    Table,
    fixed,
    marked,
    missing,
    one_section,
    percent,
    points,
    words,
)
from reproduce.report.tables.accuracy import MARKS
from reproduce.report.tables.comparisons import accuracy_cell, difference, difference_cells, marks, study_setting
from reproduce.study.optimizers import Entrant


def decay_table(study: StudyResults) -> Table:
    """Each optimizer with and without its decay functions and schedule factor."""
    pairs = decay_pairs(study.entrants)
    return Table(
        name=f"{study.name}_ablation",
        title=f"With and without decay functions in the study {study.name}",
        caption=(
            f"{study_setting(study)} Mean test accuracy in percent of an optimizer with its decay functions and "
            "schedule factor, and without them, each at the rate tuned for it, over n common seeds; the difference in "
            "points with Student's 95 % interval. Verdict: what the decays make of it."
        ),
        columns=(
            Column("Optimizer", "optimizer"),
            Column("With%", "with", numeric=True),
            Column("Without%", "without", numeric=True),
            Column("Difference", "difference", numeric=True),
            Column("95 % interval", "", numeric=True),
            Column("Verdict", "verdict"),
            Column("", "difference_low"),
            Column("", "difference_high"),
            Column("n", "n", numeric=True),
        ),
        sections=tuple(
            Section(task, tuple(_pair_line(study, task, kept, left_out) for kept, left_out in pairs))
            for task in study.tasks
        ),
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
    return Table(
        name=f"{study.name}_crossed",
        title=f"Schedules crossed with optimizers in the study {study.name}",
        caption=(
            f"{study_setting(study)} Mean test accuracy in percent ± sd with each evolved schedule's factor on the "
            f"learning rate, every pair at the rate tuned for it; {_runs(study)}. none: warm-up, hold and cosine "
            f"alone. By column: {MARKS}"
        ),
        columns=(
            Column("Schedule", "schedule"),
            *(Column(base, base, numeric=True) for base in crossed),
        ),
        sections=tuple(
            Section(task, tuple(_crossed_lines(study, task, crossed, [None, *schedules]))) for task in study.tasks
        ),
        section_name="task",
    )


def schedule_differences(study: StudyResults) -> Table:
    """What each schedule changes in each optimizer."""
    crossed = crossings(study.entrants)
    return Table(
        name=f"{study.name}_differences",
        title=f"What schedules change in the study {study.name}",
        caption=(
            f"{study_setting(study)} Test accuracy with the schedule's factor minus that without, in points, over n "
            "common seeds with Student's 95 % interval, each side at the rate tuned for it."
        ),
        columns=(
            Column("Optimizer", "optimizer"),
            Column("Schedule", "schedule"),
            Column("Difference", "difference", numeric=True),
            Column("95 % interval", "", numeric=True),
            Column("Verdict", "verdict"),
            Column("", "difference_low"),
            Column("", "difference_high"),
            Column("n", "n", numeric=True),
        ),
        sections=tuple(
            Section(
                task,
                tuple(
                    (words(base), words(schedule), *_against(study, task, name, names.get(None)))
                    for base, names in crossed.items()
                    for schedule, name in names.items()
                    if schedule is not None
                ),
            )
            for task in study.tasks
        ),
        section_name="task",
    )


def crossings(entrants: Sequence[Entrant]) -> dict[str, dict[str | None, str]]:
    """For each optimizer that was crossed with a schedule, the entrant's name by schedule, None for without."""
    bases = dict.fromkeys((entrant.base, entrant.decay) for entrant in entrants if entrant.schedule is not None)
    found: dict[str, dict[str | None, str]] = {}
    for base, decay in bases:
        own = {entrant.schedule: entrant.name for entrant in entrants if (entrant.base, entrant.decay) == (base, decay)}
        found[base if decay else f"{base}-nodecay"] = own
    return found


def change_table(study: StudyResults) -> Table:
    """What each task changes for every optimizer beside the study's first task."""
    first, *others = study.tasks
    lines = []
    for entrant in study.entrants:
        start = study.results[first, entrant.name]
        mean = missing() if start.test is None else percent(start.test.mean, source=start.source)
        changes = [_change(study.results[task, entrant.name], start) for task in others]
        lines.append((words(entrant.name), mean, *changes))
    return Table(
        name=f"{study.name}_change",
        title=f"What each task changes in the study {study.name}",
        caption=(
            f"{study_setting(study)} Mean test accuracy in percent on {first}; then, for each other task, the mean "
            "change from it in points on common seeds ± half the 95 % interval, every optimizer at the rate tuned "
            f"for it there; {_runs(study)}."
        ),
        columns=(
            Column("Optimizer", "optimizer"),
            *(Column(task, task, numeric=True) for task in study.tasks),
        ),
        sections=one_section(lines),
    )


def _runs(study: StudyResults) -> str:
    """How many final runs a number rests on, and how many it should."""
    counts = (len(result.finals) for result in study.results.values() if result.finals)
    return f"{number_of_runs(counts)} ({len(study.protocol.seeds.final)} planned)"


def _pair_line(study: StudyResults, task: str, kept: str, left_out: str) -> tuple[Cell, ...]:
    results = [study.results[task, name] for name in (kept, left_out)]
    means = [
        missing() if result.test is None else percent(result.test.mean, source=result.source) for result in results
    ]
    return (words(kept), *means, *_against(study, task, kept, left_out))


def _against(study: StudyResults, task: str, name: str, reference: str | None) -> tuple[Cell, ...]:
    other = None if reference is None else study.result(task, reference)
    return difference_cells(difference(study.result(task, name), other))


def _crossed_lines(
    study: StudyResults, task: str, crossed: dict[str, dict[str | None, str]], schedules: Sequence[str | None]
) -> list[tuple[Cell, ...]]:
    best = {base: marks([study.results[task, name] for name in names.values()]) for base, names in crossed.items()}
    lines = []
    for schedule in schedules:
        cells = [words(schedule or "none")]
        for base, names in crossed.items():
            name = names.get(schedule)
            if name is None:
                cells.append(missing(NONE))
            else:
                cells.append(marked(accuracy_cell(study.results[task, name]), best[base].get(name)))
        lines.append(tuple(cells))
    return lines


def _change(result: Result, start: Result) -> Cell:
    found = difference(result, start)
    if found is None:
        return missing()
    half = "" if found.high is None else f" ± {fixed(100 * (found.high - found.mean), 1)}"
    return Cell(f"{points(found.mean).text}{half}", found.mean, source=result.source)
