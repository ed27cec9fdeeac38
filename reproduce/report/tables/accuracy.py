"""The main results of a study: every optimizer on every task, run or not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from reproduce.report.results import Result, StudyResults
from reproduce.report.statistics import Difference
from reproduce.report.table import NONE, NOT_RUN, Cell, Column, Mark, Table, marked, missing, number, percent, words
from reproduce.report.tables.comparisons import (
    accuracy_cell,
    difference,
    difference_columns,
    marks,
    mean_cell,
    setting,
)
from reproduce.tasks.optimizers import Entrant

#: How the marks of a column are read.
MARKS = "Bold: the best; ≈: not told apart from it on common seeds."


class _AccuracyLine(NamedTuple):
    """A result, its mark among those of its task, and its difference to the reference or what stands in its place."""

    result: Result
    mark: Mark | None
    against: Difference | str


def main_table(study: StudyResults) -> Table:
    """Every optimizer with its accuracy and the difference to the reference; a section for each task."""
    columns: tuple[Column[_AccuracyLine], ...] = (
        Column("Optimizer", "optimizer", lambda each: words(each.result.optimizer)),
        Column("", "kind", lambda each: words(each.result.entrant.kind)),
        Column("Rate", "rate", lambda each: rate_cell(each.result), numeric=True),
        Column("", "rate_at_edge", lambda each: Cell("", each.result.choice.at_edge)),
        Column("Val%", "validation_accuracy", lambda each: _validation_cell(each.result), numeric=True),
        Column("Test%", "test_accuracy_mean", lambda each: marked(mean_cell(each.result), each.mark), numeric=True),
        Column("sd", "test_accuracy_sd", lambda each: percent(_spread(each.result)), numeric=True),
        Column("n", "n", lambda each: number(len(each.result.finals), 0), numeric=True),
        Column("", "diverged", lambda each: Cell("", each.result.num_diverged)),
    )
    reference = study.protocol.optimizers.reference
    return Table.of(
        name=study.name,
        title=f"Accuracy in the study {study.name}",
        caption=_caption(study),
        columns=(*columns, *difference_columns(f"vs {reference}", ("", "pairs"), lambda each: each.against)),
        sections={task: list(_lines(study, task, reference)) for task in study.tasks},
        section_name="task",
    )


def task_table(study: StudyResults) -> Table:
    """Test accuracy as optimizers by tasks."""
    columns = [column for task in study.tasks for column in _task_columns(study, task)]
    return Table.of(
        name=f"{study.name}_by_task",
        title=f"Test accuracy by task in the study {study.name}",
        caption=" ".join(
            [
                setting(study),
                "Mean test accuracy in percent ± sd over the final runs (n in the CSV file and in the table with a "
                f"section for each task; {len(study.protocol.seeds.final)} planned).",
                MARKS,
            ]
        ),
        columns=(NAME, *columns),
        items=study.entrants,
    )


def rate_table(study: StudyResults) -> Table:
    """The rate that tuning chose, as optimizers by tasks."""
    grid = study.protocol.rates.grid
    return Table.of(
        name=f"{study.name}_rates",
        title=f"Chosen learning rates in the study {study.name}",
        caption=(
            f"{setting(study)} Peak learning rate with the best mean validation accuracy, {_seeds_of_rates(study)}; "
            f"every optimizer was tried at the same {len(grid)} rates, {grid[0]:g} to {grid[-1]:g}, and at more while "
            "its best was at an edge. A rate with * is at the edge of a grid that had grown to its limit."
            f"{_decays(study)}"
        ),
        columns=(NAME, *(task_column(study, task, rate_cell) for task in study.tasks)),
        items=study.entrants,
    )


def _seeds_of_rates(study: StudyResults) -> str:
    seeds, finalists = len(study.protocol.seeds.tune), study.protocol.rates.finalists
    if finalists is None or seeds == 1:
        return f"n = {seeds} a rate"
    return f"n = 1 a rate and n = {seeds} at the {finalists} that were best"


def _decays(study: StudyResults) -> str:
    tuned = study.protocol.optimizers.weight_decays
    if not tuned:
        return ""
    names = ", ".join(tuned)
    return f" The second number is the weight decay, which was tuned beside the rate for {names}."


#: The first column of tables with a line for each optimizer of a study.
NAME: Column[Entrant] = Column("Optimizer", "optimizer", lambda each: words(each.name))


def task_column(study: StudyResults, task: str, cell: Callable[[Result], Cell]) -> Column[Entrant]:
    """A column for a task, with a cell for what each optimizer came to on it."""
    return Column(task, task, lambda each: cell(study.results[task, each.name]), numeric=True)


def rate_cell(result: Result) -> Cell:
    """The chosen rate, with * at the edge of its grid."""
    choice = result.choice
    if choice.rate is None:
        return missing()
    decay = "" if result.weight_decay is None else f", {result.weight_decay:g}"
    text = f"{choice.rate:g}{decay}{'*' if choice.at_edge else ''}"
    return Cell(text, choice.rate, source=result.tuning_source)


def _lines(study: StudyResults, task: str, reference: str) -> Iterator[_AccuracyLine]:
    results, known = study.of_task(task), study.result(task, reference)
    best = marks(results)
    for result in results:
        is_run_reference = result is known and result.test is not None
        against = NONE if is_run_reference else difference(result, known) or NOT_RUN
        yield _AccuracyLine(result, best.get(result.optimizer), against)


def _task_columns(study: StudyResults, task: str) -> tuple[Column[Entrant], ...]:
    best = marks(study.of_task(task))
    return (
        task_column(study, task, lambda each: marked(accuracy_cell(each), best.get(each.optimizer))),
        Column("", f"{task}_sd", lambda each: Cell("", _spread(study.results[task, each.name]))),
        Column("", f"{task}_n", lambda each: Cell("", len(study.results[task, each.name].finals))),
    )


def _validation_cell(result: Result) -> Cell:
    """Said of the test accuracy where nothing was run, once, so that the line fits a screen."""
    return missing(NONE) if result.validation is None else percent(result.validation.mean, source=result.source)


def _spread(result: Result) -> float | None:
    return None if result.test is None else result.test.sd


def _caption(study: StudyResults) -> str:
    reference, results = study.protocol.optimizers.reference, list(study.results.values())
    sentences = [
        setting(study),
        "Validation and test accuracy in percent at the end of training, at the rate chosen on validation, over n "
        f"fresh seeds ({len(study.protocol.seeds.final)} planned); sd of the test accuracy.",
        f"{MARKS} Difference to {reference} in points, paired by seed, with Student's 95 % interval (each on its own, "
        "not corrected for the number of comparisons); a tie is an interval that holds 0, or a difference below what "
        "so many pairs detect with probability 0.8.",
    ]
    diverged = sum(result.num_diverged for result in results)
    if diverged:
        sentences.append(f"{diverged} of these runs diverged and count as guessing.")
    if any(result.choice.at_edge for result in results):
        sentences.append("A rate with * is at the edge of a grid that had grown to its limit.")
    sentences += _alike(study)
    sentences.append("Comparable only within this profile and data set.")
    return " ".join(sentences)


def _alike(study: StudyResults) -> Sequence[str]:
    """A sentence for each task on which optimizers cannot be told apart."""
    sentences = []
    for task in study.tasks:
        groups = "; ".join(group.label for group in study.alike(task) if len(group.names) > 1)
        if groups:
            place = f" on {task}" if len(study.tasks) > 1 else ""
            sentences.append(f"Identical learning curves in all final runs{place}: {groups}.")
    return sentences
