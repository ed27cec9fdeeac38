"""How far every optimizer is from tuned Adam and tuned AdamW, and what so many runs can tell."""

from __future__ import annotations

import statistics
from collections.abc import Callable

from reproduce.report.results import Result, StudyResults
from reproduce.report.statistics import POWER, Difference, holm, paired_p_value, runs_needed
from reproduce.report.table import NONE, NOT_RUN, Cell, Column, Table, count, missing, number, p_value, points, words
from reproduce.report.tables.comparisons import difference, setting

#: Who the others are compared with, where they take part.
REFERENCES = ("Adam", "AdamW")
_HALF_POINT = 0.005


def difference_table(study: StudyResults) -> Table:
    """Differences of test accuracy on common seeds to each reference of `REFERENCES` that takes part."""
    references = [name for name in REFERENCES if any(entrant.name == name for entrant in study.entrants)]
    return Table.of(
        name=f"{study.name}_to_adam",
        title=f"Differences to {' and '.join(references)} in the study {study.name}",
        caption=(
            f"{setting(study)} Test accuracy minus that of the tuned reference in points, mean over common seeds "
            f"(n final runs, {len(study.protocol.seeds.final)} planned); ±: half of Student's 95 % "
            f"interval; finds: the least true difference that so many pairs of this spread find with probability "
            f"{POWER}; p: of the paired t test, corrected by Holm for all optimizers of the column and task. Verdict: "
            f"a tie where the interval holds 0 or the difference is below what is found, each on its own, "
            f"without that correction.{_runs_needed(study)}"
        ),
        columns=(
            Column("Optimizer", "optimizer", lambda result: words(result.optimizer)),
            Column("n", "n", lambda result: count(len(result.finals)), numeric=True),
            *(column for name in references for column in _columns(study, name)),
        ),
        sections={task: study.of_task(task) for task in study.tasks},
        section_name="task",
    )


def _runs_needed(study: StudyResults) -> str:
    """A sentence on how many runs half a point takes, at the spread of this study; nothing where that is not known."""
    spreads = [result.test.sd for result in study.results.values() if result.test is not None and result.test.sd]
    if not spreads:
        return ""
    sd = statistics.median(spreads)
    return (
        f" At the median standard deviation of {100 * sd:.2f} points, unpaired arms of {runs_needed(_HALF_POINT, sd)} "
        f"runs would find half a point with probability {POWER}."
    )


def _columns(study: StudyResults, reference: str) -> tuple[Column[Result], ...]:
    """What each result is beside one reference."""
    corrected = {task: _corrected(study, task, reference) for task in study.tasks}

    def column(
        title: str, name: str, cell: Callable[[Difference, float | None], Cell], otherwise: str = NONE
    ) -> Column[Result]:
        """``otherwise``: What stands where an optimizer, or the reference, was not run."""

        def cell_of(result: Result) -> Cell:
            if result.optimizer == reference:
                return missing(NONE)
            found = difference(result, study.results[result.task, reference])
            return missing(otherwise) if found is None else cell(found, corrected[result.task].get(result.optimizer))

        return Column(title, f"{name}_{reference.lower()}", cell_of, numeric=name != "verdict")

    return (
        column(f"vs {reference}", "difference", lambda each, _: points(each.mean, 2), NOT_RUN),
        column("±", "half_interval", lambda each, _: number(each.half, 2, 100.0)),
        column("finds", "detectable", lambda each, _: number(each.detectable, 2, 100.0)),
        column("p", "p_value", lambda _, p: p_value(p)),
        column("Verdict", "verdict", lambda each, _: words(each.verdict), NOT_RUN),
    )


def _corrected(study: StudyResults, task: str, reference: str) -> dict[str, float]:
    """P-values of all differences to one reference on a task, corrected for their number, by optimizer."""
    known = study.results[task, reference].test_by_seed
    others = [result for result in study.of_task(task) if result.optimizer != reference]
    tested = {result.optimizer: paired_p_value(result.test_by_seed, known) for result in others}
    return holm({name: value for name, value in tested.items() if value is not None})
