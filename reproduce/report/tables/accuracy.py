"""The main results of a study: every optimizer on every task, run or not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reproduce.report.results import Result, StudyResults
from reproduce.report.table import (
    NONE,
    Cell,
    Column,
    Mark,
    Section,
    Table,
    marked,
    missing,
    number,
    one_section,
    percent,
    words,
)
from reproduce.report.tables.comparisons import accuracy_cell, difference, difference_cells, marks, study_setting


def main_table(study: StudyResults) -> Table:
    """Every optimizer with its accuracy and the difference to the reference; a section for each task."""
    reference = study.protocol.optimizers.reference
    return Table(
        name=study.name,
        title=f"Accuracy in the study {study.name}",
        caption=_caption(study),
        columns=(
            Column("Optimizer", "optimizer"),
            Column("", "kind"),
            Column("Rate", "rate", numeric=True),
            Column("", "rate_at_edge"),
            Column("Val%", "validation_accuracy", numeric=True),
            Column("Test%", "test_accuracy_mean", numeric=True),
            Column("sd", "test_accuracy_sd", numeric=True),
            Column("n", "n", numeric=True),
            Column("", "diverged"),
            Column(f"vs {reference}", "difference", numeric=True),
            Column("95 % interval", "", numeric=True),
            Column("Verdict", "verdict"),
            Column("", "difference_low"),
            Column("", "difference_high"),
            Column("", "pairs"),
        ),
        sections=tuple(Section(task, _lines(study, task)) for task in study.tasks),
        section_name="task",
    )


def task_table(study: StudyResults) -> Table:
    """Test accuracy as optimizers by tasks."""
    lines = []
    best = {task: marks(study.of_task(task)) for task in study.tasks}
    for entrant in study.entrants:
        cells = [words(entrant.name)]
        for task in study.tasks:
            result = study.results[task, entrant.name]
            cells += [marked(accuracy_cell(result), best[task].get(entrant.name)), *_spread(result)]
        lines.append(tuple(cells))
    columns = [Column("Optimizer", "optimizer")]
    for task in study.tasks:
        columns += [Column(task, task, numeric=True), Column("", f"{task}_sd"), Column("", f"{task}_n")]
    return Table(
        name=f"{study.name}_by_task",
        title=f"Test accuracy by task in the study {study.name}",
        caption=" ".join(
            [
                study_setting(study),
                "Mean test accuracy in percent ± sd over the final runs (n in the CSV file and in the table with a "
                f"section for each task; {len(study.protocol.seeds.final)} planned).",
                MARKS,
            ]
        ),
        columns=tuple(columns),
        sections=one_section(lines),
    )


def rate_table(study: StudyResults) -> Table:
    """The rate that tuning chose, as optimizers by tasks."""
    lines = []
    for entrant in study.entrants:
        results = [study.results[task, entrant.name] for task in study.tasks]
        lines.append((words(entrant.name), *(rate_cell(result) for result in results)))
    grid = study.protocol.rates.grid
    return Table(
        name=f"{study.name}_rates",
        title=f"Chosen learning rates in the study {study.name}",
        caption=(
            f"{study_setting(study)} Peak learning rate with the best mean validation accuracy, n = "
            f"{len(study.protocol.seeds.tune)} a rate; every optimizer was tried at the same {len(grid)} "
            f"rates, {grid[0]:g} to {grid[-1]:g}, and at more while its best was at an edge. A rate with * is at the "
            "edge of a grid that had grown to its limit."
        ),
        columns=(Column("Optimizer", "optimizer"), *(Column(task, task, numeric=True) for task in study.tasks)),
        sections=one_section(lines),
    )


#: How the marks of a column are read.
MARKS = "Bold: the best; ≈: not told apart from it on common seeds."


def rate_cell(result: Result) -> Cell:
    """The chosen rate, with * at the edge of its grid."""
    choice = result.choice
    if choice.rate is None:
        return missing()
    edge = "*" if choice.at_edge else ""
    return Cell(f"{choice.rate:g}{edge}", choice.rate, source=result.tuning_source)


def _lines(study: StudyResults, task: str) -> tuple[tuple[Cell, ...], ...]:
    results = study.of_task(task)
    best = marks(results)
    reference = study.result(task, study.protocol.optimizers.reference)
    return tuple(_line(result, reference, best) for result in results)


def _line(result: Result, reference: Result | None, best: Mapping[str, Mark]) -> tuple[Cell, ...]:
    choice = result.choice
    start = (words(result.optimizer), words(result.entrant.kind), rate_cell(result), Cell("", choice.at_edge))
    if result.test is None or result.validation is None:
        # Said once where that is enough, so that the line fits a screen.
        return (*start, missing(NONE), missing(), missing(NONE), Cell("0", 0), Cell("", 0), *difference_cells(None))
    accuracies = (
        percent(result.validation.mean, source=result.source),
        marked(percent(result.test.mean, source=result.source), best.get(result.optimizer)),
        percent(result.test.sd),
        number(result.test.n, 0),
        Cell("", result.num_diverged),
    )
    if result is reference:
        return (*start, *accuracies, *(missing(NONE) for _ in range(6)))
    return (*start, *accuracies, *difference_cells(difference(result, reference)))


def _spread(result: Result) -> tuple[Cell, Cell]:
    if result.test is None:
        return Cell("", None), Cell("", 0)
    return Cell("", result.test.sd), Cell("", result.test.n)


def _caption(study: StudyResults) -> str:
    reference, results = study.protocol.optimizers.reference, list(study.results.values())
    sentences = [
        study_setting(study),
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
