"""The main results of a study: every optimizer on every task, run or not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from reproduce.report.analysis.families import Difference
from reproduce.report.analysis.studies import against
from reproduce.report.results import Alike, Result, SameFunction, StudyResults
from reproduce.report.table import NONE, NOT_RUN, Cell, Column, Mark, Table, marked, missing, number, percent, words
from reproduce.report.tables.comparisons import (
    MARKS,
    accuracy_cell,
    difference_columns,
    marks,
    planned_words,
    setting,
    verdict_words,
)


class _AccuracyLine(NamedTuple):
    """A function, its mark among those of its task, its difference to the reference or what stands in its place."""

    function: SameFunction
    mark: Mark | None
    against: Difference | None
    otherwise: str

    @property
    def result(self) -> Result:
        return self.function.first


def main_table(study: StudyResults) -> Table:
    """Every function with its accuracy and the difference to the reference; a section for each task."""
    reference = study.protocol.optimizers.reference
    shown = {"difference": f"vs {reference}", "": "Interval", "verdict": "Verdict"}
    every: tuple[Column[_AccuracyLine], ...] = difference_columns(
        "", lambda line: line.against, lambda line: line.otherwise
    )
    differences = [
        Column(shown.get(each.name, ""), each.name, each.cell, each.numeric)
        for each in every
        if each.name in (*shown, "difference_low", "difference_high")
    ]
    columns: tuple[Column[_AccuracyLine], ...] = (
        Column("Optimizer", "optimizer", lambda each: words(each.function.label)),
        Column("", "kind", lambda each: words(each.result.entrant.kind)),
        Column("Rate", "rate", lambda each: rate_cell(each.result), numeric=True),
        Column("", "rate_at_edge", lambda each: Cell("", each.result.choice.at_edge)),
        Column("", "validation_accuracy", lambda each: _validation_cell(each.result)),
        Column("Test%", "test_accuracy", lambda each: marked(accuracy_cell(each.result), each.mark), numeric=True),
        Column("", "test_accuracy_sd", lambda each: percent(_spread(each.result))),
        Column("n", "n", lambda each: number(len(each.result.finals), 0), numeric=True),
        Column("", "diverged", lambda each: Cell("", each.result.num_diverged)),
    )
    return Table.of(
        name=study.name,
        title=f"Accuracy in the study {study.name}",
        caption=_caption(study),
        columns=(*columns, *differences),
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
                f"section for each task; {planned_words(study)}).",
                MARKS,
            ]
        ),
        columns=(NAME, *columns),
        items=study.functions_everywhere,
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
        items=study.functions_everywhere,
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
    return f" A second number is the weight decay, which was tuned beside the rate for {names}."


#: The first column of tables with a line for each function of a study.
NAME: Column[Alike] = Column("Optimizer", "optimizer", lambda each: words(each.label))


def task_column(
    study: StudyResults, task: str, cell: Callable[[Result], Cell], name: str | None = None
) -> Column[Alike]:
    """A column for a task, with a cell for what each optimizer came to on it.

    Args:
        study: The study.
        task: The task.
        cell: From what an optimizer came to, to its cell.
        name: In the CSV file, of a column for that alone; None for one that has the task's name everywhere.
    """
    return Column(
        task if name is None else "",
        name or task,
        lambda each: cell(study.results[task, each.names[0]]),
        numeric=name is None,
    )


def rate_cell(result: Result) -> Cell:
    """The chosen rate, with * at the edge of its grid."""
    choice = result.choice
    if choice.rate is None:
        return missing()
    decay = "" if result.weight_decay is None else f", {result.weight_decay:g}"
    text = f"{choice.rate:g}{decay}{'*' if choice.at_edge else ''}"
    return Cell(text, choice.rate, source=result.tuning_source)


def _lines(study: StudyResults, task: str, reference: str) -> Iterator[_AccuracyLine]:
    known = study.result(task, reference)
    functions = study.functions(task)
    best = marks([each.first for each in functions])
    differences = {each.result.optimizer: each.difference for each in against(study, task, known)}
    for each in functions:
        is_run_reference = known is not None and reference in each.names and known.test is not None
        found = differences.get(each.first.optimizer)
        yield _AccuracyLine(each, best.get(each.first.optimizer), found, NONE if is_run_reference else NOT_RUN)


def _task_columns(study: StudyResults, task: str) -> tuple[Column[Alike], ...]:
    best = marks([each.first for each in study.functions(task)])
    firsts = {name: each.first.optimizer for each in study.functions(task) for name in each.names}
    return (
        task_column(study, task, lambda each: marked(accuracy_cell(each), best.get(firsts[each.optimizer]))),
        task_column(study, task, lambda each: Cell("", _spread(each)), f"{task}_sd"),
        task_column(study, task, lambda each: Cell("", len(each.finals)), f"{task}_n"),
    )


def _validation_cell(result: Result) -> Cell:
    return missing("") if result.validation is None else percent(result.validation.mean, source=result.source)


def _spread(result: Result) -> float | None:
    return None if result.test is None else result.test.sd


def _caption(study: StudyResults) -> str:
    results = list(study.results.values())
    sentences = [
        setting(study),
        "Test accuracy in percent at the end of training, mean ± sd, at the rate chosen on validation, over n fresh "
        f"seeds ({planned_words(study)}). {MARKS} Optimizers that are one function on a task are "
        "one line.",
        verdict_words(study, "the paper's optimizers, or the baselines"),
    ]
    diverged = sum(result.num_diverged for result in results)
    if diverged:
        sentences.append(f"{diverged} of these runs diverged and count as guessing.")
    if any(result.choice.at_edge for result in results):
        sentences.append("A rate with * is at the edge of a grid that had grown to its limit.")
    sentences.append(f"Rate: the peak learning rate.{_decays(study)}")
    sentences.append("Comparable only within this profile and data set.")
    return " ".join(sentences)
