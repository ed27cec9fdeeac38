"""How far every optimizer is from tuned Adam and tuned AdamW, and what so many runs can tell."""

from __future__ import annotations

import statistics

from reproduce.report.results import StudyResults
from reproduce.report.statistics import POWER, Difference, holm, paired_p_value, runs_needed
from reproduce.report.table import NONE, Cell, Column, Section, Table, count, missing, number, p_value, points, words
from reproduce.report.tables.comparisons import difference, study_setting

#: Who the others are compared with, where they take part.
REFERENCES = ("Adam", "AdamW")
_HALF_POINT = 0.005


def difference_table(study: StudyResults) -> Table:
    """Differences of test accuracy on common seeds to each reference of `REFERENCES` that takes part."""
    references = [name for name in REFERENCES if any(entrant.name == name for entrant in study.entrants)]
    columns = [Column("Optimizer", "optimizer"), Column("n", "n", numeric=True)]
    for name in references:
        key = name.lower()
        columns += [
            Column(f"vs {name}", f"difference_{key}", numeric=True),
            Column("±", f"half_interval_{key}", numeric=True),
            Column("finds", f"detectable_{key}", numeric=True),
            Column("p", f"p_value_{key}", numeric=True),
            Column("Verdict", f"verdict_{key}"),
        ]
    return Table(
        name=f"{study.name}_to_adam",
        title=f"Differences to {' and '.join(references)} in the study {study.name}",
        caption=(
            f"{study_setting(study)} Test accuracy minus that of the tuned reference in points, mean over common seeds "
            f"(n final runs, {len(study.protocol.seeds.final)} planned); ±: half of Student's 95 % "
            f"interval; finds: the least true difference that so many pairs of this spread find with probability "
            f"{POWER}; p: of the paired t test, corrected by Holm for all optimizers of the column and task. Verdict: "
            f"a tie where the interval holds 0 or the difference is below what is found, each on its own, "
            f"without that correction.{_runs_needed(study)}"
        ),
        columns=tuple(columns),
        sections=tuple(Section(task, _lines(study, task, references)) for task in study.tasks),
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


def _lines(study: StudyResults, task: str, references: list[str]) -> tuple[tuple[Cell, ...], ...]:
    cells = [_column(study, task, reference) for reference in references]
    return tuple(
        (
            words(entrant.name),
            count(len(study.results[task, entrant.name].finals)),
            *(cell for of_reference in cells for cell in of_reference[entrant.name]),
        )
        for entrant in study.entrants
    )


def _column(study: StudyResults, task: str, reference: str) -> dict[str, tuple[Cell, ...]]:
    """The cells of each optimizer beside one reference."""
    known = study.results[task, reference]
    tested: dict[str, float] = {}
    for result in study.of_task(task):
        found = paired_p_value(result.test_by_seed, known.test_by_seed)
        if result is not known and found is not None:
            tested[result.optimizer] = found
    corrected = holm(tested)
    cells: dict[str, tuple[Cell, ...]] = {}
    for result in study.of_task(task):
        compared = _cells(difference(result, known), corrected.get(result.optimizer))
        cells[result.optimizer] = (missing(NONE),) * 5 if result is known else compared
    return cells


def _cells(found: Difference | None, corrected: float | None) -> tuple[Cell, ...]:
    if found is None:
        return (missing(), *(missing(NONE) for _ in range(3)), missing())
    half = None if found.high is None else found.high - found.mean
    return (
        points(found.mean, 2),
        number(half, 2, 100.0),
        number(found.detectable, 2, 100.0),
        p_value(corrected),
        words(found.verdict),
    )
