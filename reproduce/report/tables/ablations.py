"""Tables of ablations: decays left out, schedules crossed with optimizers, tasks with one thing changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from reproduce.report.analysis.families import Difference
from reproduce.report.analysis.studies import Compared, compare_results, in_pairs
from reproduce.report.results import Result, StudyResults, number_of_runs
from reproduce.report.table import NONE, Cell, Column, Table, fixed, marked, missing, points, words
from reproduce.report.tables.accuracy import NAME, task_column
from reproduce.report.tables.comparisons import (
    MARKS,
    accuracy_cell,
    difference_columns,
    marks,
    mean_cell,
    planned_words,
    setting,
    verdict_words,
)
from reproduce.tasks.optimizers import Entrant

_OPTIMIZER: Column[Compared] = Column("Optimizer", "optimizer", lambda each: words(each.label))
_DIFFERENCES: tuple[Column[Compared], ...] = difference_columns("Difference", lambda each: each.difference)


def decay_table(study: StudyResults) -> Table:
    """Each optimizer with and without its decay functions and schedule factor."""
    columns: tuple[Column[Compared], ...] = (
        Column("With%", "with", lambda each: mean_cell(each.result), numeric=True),
        Column("Without%", "without", lambda each: mean_cell(each.reference), numeric=True),
    )
    return Table.of(
        name=f"{study.name}_ablation",
        title=f"With and without decay functions in the study {study.name}",
        caption=(
            f"{setting(study)} Mean test accuracy in percent of an optimizer with its decay functions and "
            "schedule factor, and without them, each at the rate tuned for it, over n common seeds. "
            f"{verdict_words(study, 'all optimizers of the table on a task')}"
        ),
        columns=(_OPTIMIZER, *columns, *_DIFFERENCES),
        sections={task: in_pairs(study, task, decay_pairs(study.entrants)) for task in study.tasks},
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
            f"learning rate, every pair at the rate tuned for it{_scaled(study)}; {_runs(study)}. none: warm-up, hold "
            f"and cosine alone; linear: a straight line for the cosine. By column: {MARKS}"
        ),
        columns=(
            Column("Schedule", "schedule", lambda place: words(place[1] or "none")),
            *(Column(base, base, _crossed(study, names), numeric=True) for base, names in crossed.items()),
        ),
        sections=items,
        section_name="task",
    )


def schedule_differences(study: StudyResults) -> Table:
    """Tabulate what each schedule changes in each optimizer."""
    return Table.of(
        name=f"{study.name}_differences",
        title=f"What schedules change in the study {study.name}",
        caption=(
            f"{setting(study)} Test accuracy with the schedule minus that without, over n common seeds, each side at "
            f"the rate tuned for it{_scaled(study)}. "
            f"{verdict_words(study, 'all schedules with one optimizer on a task')}"
        ),
        columns=(_OPTIMIZER, *_DIFFERENCES),
        sections={
            task: [each for base in crossings(study.entrants) for each in schedule_pairs(study, task, base)]
            for task in study.tasks
        },
        section_name="task",
    )


def schedule_pairs(study: StudyResults, task: str, base: str, beside: str | None = None) -> list[Compared]:
    """An optimizer with every schedule of the study beside itself with one, or without; nothing without that."""
    names = crossings(study.entrants).get(base, {})
    if beside not in names:
        return []
    return in_pairs(study, task, [(name, names[beside]) for schedule, name in names.items() if schedule != beside])


def crossings(entrants: Sequence[Entrant]) -> dict[str, dict[str | None, str]]:
    """Find, for each optimizer that was crossed with a schedule, the entrant's name by schedule, None for without."""
    crossed = {_base_name(entrant) for entrant in entrants if entrant.schedule is not None}
    found: dict[str, dict[str | None, str]] = {}
    for entrant in entrants:
        if _base_name(entrant) in crossed:
            found.setdefault(_base_name(entrant), {})[entrant.schedule] = entrant.name
    return found


def change_table(study: StudyResults) -> Table:
    """Tabulate what each task changes for every optimizer beside the study's first task."""
    first, *others = study.tasks
    return Table.of(
        name=f"{study.name}_change",
        title=f"What each task changes in the study {study.name}",
        caption=(
            f"{setting(study)} Mean test accuracy in percent on {first}; then, for each other task, the mean "
            "change from it in points on common seeds ± half its interval; the intervals of a column hold together. "
            f"Every optimizer at the rate tuned for it there; {_runs(study)}."
        ),
        columns=(
            NAME,
            task_column(study, first, mean_cell),
            *(task_column(study, task, _change(_changes(study, task, first))) for task in others),
        ),
        items=study.functions_everywhere,
    )


def _runs(study: StudyResults) -> str:
    """How many final runs a number rests on, and how many it should."""
    counts = (len(result.finals) for result in study.results.values() if result.finals)
    return f"{number_of_runs(counts)} ({planned_words(study)})"


def _scaled(study: StudyResults) -> str:
    """A note for the caption where all schedules have one mean rate; else nothing."""
    scaled = study.protocol.optimizers.equal_mean_rates
    return ", all schedules scaled to the mean rate of a run without" if scaled else ""


def _base_name(entrant: Entrant) -> str:
    """The optimizer without its schedule."""
    return entrant.base if entrant.decay else f"{entrant.base}-nodecay"


def _crossed(study: StudyResults, names: dict[str | None, str]) -> Callable[[tuple[str, str | None]], Cell]:
    """Make the function from a task and a schedule to one optimizer's accuracy there, marked among its schedules."""
    best = {task: marks([study.results[task, name] for name in names.values()]) for task in study.tasks}

    def cell(place: tuple[str, str | None]) -> Cell:
        task, schedule = place
        name = names.get(schedule)
        return missing(NONE) if name is None else marked(accuracy_cell(study.results[task, name]), best[task].get(name))

    return cell


def _changes(study: StudyResults, task: str, first: str) -> Mapping[str, Difference]:
    """Compute the change from one task to another, by the first optimizer of each function."""
    names = [each.names[0] for each in study.functions_everywhere]
    return compare_results(study, {name: (study.results[task, name], study.results[first, name]) for name in names})


def _change(changes: Mapping[str, Difference]) -> Callable[[Result], Cell]:
    def cell(result: Result) -> Cell:
        found = changes.get(result.optimizer)
        if found is None:
            return missing()
        half = "" if found.high is None else f" ± {fixed(100 * (found.high - found.mean), 1)}"
        return Cell(f"{points(found.mean).text}{half}", found.mean, source=result.source)

    return cell
