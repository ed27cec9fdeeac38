"""Table of the compute that was spent: runs and hours of every study, those that failed included."""

from __future__ import annotations

from collections.abc import Sequence

from reproduce.report.overall import repeated_words
from reproduce.report.results import StudyResults, num_diverged
from reproduce.report.table import Cell, Column, Table, count, words
from reproduce.report.tables.comparisons import hours, listed
from reproduce.study.rows import Row
from reproduce.tasks.pretraining import PretrainingRow

AnyRow = Row | PretrainingRow


def compute_table(profile: str, studies: Sequence[StudyResults]) -> Table:
    """Runs, diverged runs, steps and hours, by study and task and by pretraining, with a line for all."""
    rows: list[AnyRow] = [row for study in studies for row in study.rows]
    trained = pretrainings(studies)
    rows += [row for own in trained for row in own]
    items = {study.name: _by_task(study, own) for study, own in zip(studies, trained, strict=True) if study.rows}
    columns: tuple[Column[tuple[str, Sequence[AnyRow]]], ...] = (
        Column("Task", "task", lambda each: words(each[0])),
        Column("Runs", "runs", lambda each: count(len(each[1])), numeric=True),
        Column("Tuning", "tuning", lambda each: count(sum(row.phase == "tune" for row in each[1])), numeric=True),
        Column("Final", "final", lambda each: count(sum(row.phase == "final" for row in each[1])), numeric=True),
        Column("Diverged", "diverged", lambda each: count(num_diverged(each[1])), numeric=True),
        Column("Steps", "steps", lambda each: count(sum(row.steps for row in each[1])), numeric=True),
        Column("Hours", "hours", lambda each: hours(each[1]), numeric=True),
        Column("", "devices", lambda each: Cell("", listed(f"{row.device}, {row.backend}" for row in each[1]))),
    )
    return Table.of(
        name="compute",
        title="Compute ledger",
        caption=(
            f"Profile {profile}; {listed(row.device for row in rows) or 'no device'}. Every training run on record, "
            f"n = {len(rows):,}: those that chose a learning rate, those that are reported, and those that diverged. "
            f"{repeated_words(studies)}Hours are wall time of the runs, each on the share of the machine that it was "
            "given; steps of a run of many trained side by side are counted one by one."
        ),
        columns=columns,
        sections={**items, "all studies": [("all", rows)]} if items else {},
        section_name="study",
    )


def _by_task(study: StudyResults, pretraining: Sequence[PretrainingRow]) -> list[tuple[str, Sequence[AnyRow]]]:
    own: list[tuple[str, Sequence[AnyRow]]] = [(f"pretraining, {row.made}", [row]) for row in pretraining]
    return [*own, *((task, [row for row in study.rows if row.task == task]) for task in study.tasks_run)]


def pretrainings(studies: Sequence[StudyResults]) -> list[list[PretrainingRow]]:
    """List each study's pretraining that no study before it has: weights that several start from were trained once."""
    found: list[list[PretrainingRow]] = []
    counted: set[str] = set()
    for study in studies:
        found.append([row for row in study.pretraining if row.sha256 not in counted])
        counted.update(row.sha256 for row in study.pretraining)
    return found
