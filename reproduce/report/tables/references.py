"""Every optimizer of a study beside Adam, beside the best tuned baseline, and beside the best of all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from reproduce.counts import Estimate, number_of
from reproduce.report.analysis.best import compare_with_best
from reproduce.report.analysis.studies import BEST, Compared, against, best_against_best, find
from reproduce.report.results import Result, SameFunction, StudyResults
from reproduce.report.table import NONE, NOT_RUN, Cell, Column, Table, missing, points, words
from reproduce.report.tables.comparisons import (
    difference_columns,
    interval_text,
    levels_words,
    mean_cell,
    planned_words,
    setting,
    verdict_words,
)

_BASELINE = next(name for name, origin in BEST.items() if origin == "baseline")


def reference_table(study: StudyResults) -> Table:
    """Differences of test accuracy to the protocol's reference, and to the best baseline; first that of the best."""
    return Table.of(
        name=f"{study.name}_references",
        title=f"Beside {study.protocol.optimizers.reference} and the best baseline in the study {study.name}",
        caption=" ".join(
            [
                setting(study),
                "Test accuracy minus that of the reference, mean over n common seeds "
                f"({planned_words(study)}). The best evolved optimizer and the best baseline are "
                "those with the highest validation accuracy in tuning; their comparison is a family of its own. So "
                "that pair has an interval of its own, narrower than the one it has among the others.",
                verdict_words(study, "the paper's optimizers, or the baselines"),
                "Settle: how many seeds would settle an UNDECIDED verdict with probability 0.8, whether there is a "
                "difference of the margin or none. Optimizers that are one function on a task are one line.",
            ]
        ),
        columns=(
            Column("Optimizer", "optimizer", lambda each: words(each.label)),
            Column("", "reference", lambda each: words(each.reference.optimizer)),
            *difference_columns("Difference", lambda each: each.difference),
        ),
        sections=dict(_sections(study)),
        section_name="comparison",
    )


def best_table(study: StudyResults) -> Table:
    """How far each function is from the best of the others, and whether it may be the best."""
    num_functions = number_of(max((len(study.functions(task)) for task in study.tasks), default=0), "function")
    return Table.of(
        name=f"{study.name}_best",
        title=f"Which may be the best in the study {study.name}",
        caption=(
            f"{setting(study)} Mean test accuracy in percent of each of {num_functions} on a task; then, in points, "
            "its difference to the best of the others with an interval that always holds 0. May be best: yes where "
            "the interval goes above 0; where it does not, another is better. All intervals of a task hold together "
            f"with {levels_words(study)}: multiple comparisons with the best (Hsu 1984), "
            "paired by seed, corrected by Bonferroni."
        ),
        columns=(
            Column("Optimizer", "optimizer", lambda each: words(each.function.label)),
            Column("Test%", "test_accuracy", lambda each: mean_cell(each.function.first), numeric=True),
            Column("To the best", "difference", lambda each: _points(each, lambda found: found.value)),
            Column(
                "Interval",
                "",
                lambda each: _cell(each, lambda found: Cell(interval_text(found.low, found.high), found.low)),
                numeric=True,
            ),
            Column("", "low", lambda each: _points(each, lambda found: found.low)),
            Column("", "high", lambda each: _points(each, lambda found: found.high)),
            Column(
                "May be best",
                "may_be_best",
                lambda each: _cell(each, lambda found: words("yes" if found.high > 0 else "no")),
            ),
        ),
        sections={task: list(_beside_the_best(study, task)) for task in study.tasks},
        section_name="task",
    )


class _BestLine(NamedTuple):
    """A function, and where it lies beside the best of the others."""

    function: SameFunction
    found: Estimate | None


def _sections(study: StudyResults) -> Iterator[tuple[str, list[Compared]]]:
    """Compare, by heading, the best with the best, all with the reference, and all with the best baseline."""
    for task in study.tasks:
        best, baseline = best_against_best(study, task), find(study, task, _BASELINE)
        if best is not None:
            yield f"{task}: the best evolved against the best baseline, {best.reference.optimizer}", [best]
        reference = study.result(task, study.protocol.optimizers.reference)
        references: dict[str, Result] = {} if reference is None else {"": reference}
        if baseline is not None and baseline is not reference:
            references[", the best baseline"] = baseline
        for what, other in references.items():
            yield f"{task}: against {other.optimizer}{what}", against(study, task, other)


def _beside_the_best(study: StudyResults, task: str) -> Iterator[_BestLine]:
    functions = study.functions(task)
    found = compare_with_best({each.first.optimizer: each.first.by_place for each in functions if each.first.finals})
    yield from (_BestLine(each, found.get(each.first.optimizer)) for each in functions)


def _cell(line: _BestLine, cell: Callable[[Estimate], Cell]) -> Cell:
    """The cell of the estimate, or what stands where there is none."""
    if line.found is None:
        return missing(NONE if line.function.first.finals else NOT_RUN)
    return cell(line.found)


def _points(line: _BestLine, end: Callable[[Estimate], float]) -> Cell:
    return _cell(line, lambda found: points(end(found), 2))
