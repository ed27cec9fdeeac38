"""What it all cost: runs and hours of every study, those that failed included."""

from __future__ import annotations

import math
from collections.abc import Sequence

from reproduce.report.overall import repeated_words
from reproduce.report.results import StudyResults, num_diverged
from reproduce.report.table import Cell, Column, Section, Table, count, number, words
from reproduce.report.tables.comparisons import listed
from reproduce.study.rows import Row


def compute_table(profile: str, studies: Sequence[StudyResults]) -> Table:
    """Runs, diverged runs, steps and hours, by study and task, with a line for all."""
    rows = [row for study in studies for row in study.rows]
    sections = [_study(study) for study in studies if study.rows]
    total = Section("all studies", (_line("all", rows),))
    return Table(
        name="compute",
        title="Compute ledger",
        caption=(
            f"Profile {profile}; {listed(row.device for row in rows) or 'no device'}. Every training run on record, "
            f"n = {len(rows):,}: those that chose a learning rate, those that are reported, and those that diverged. "
            f"{repeated_words(studies)}Hours are wall time of the runs, each on the share of the machine that it was "
            "given; steps of a run of many trained side by side are counted one by one."
        ),
        columns=(
            Column("Task", "task"),
            Column("Runs", "runs", numeric=True),
            Column("Tuning", "tuning", numeric=True),
            Column("Final", "final", numeric=True),
            Column("Diverged", "diverged", numeric=True),
            Column("Steps", "steps", numeric=True),
            Column("Hours", "hours", numeric=True),
            Column("", "devices"),
        ),
        sections=(*sections, total) if sections else (),
        section_name="study",
    )


def _study(study: StudyResults) -> Section:
    by_task = {task: [row for row in study.rows if row.task == task] for task in study.tasks}
    return Section(study.name, tuple(_line(task, rows) for task, rows in by_task.items() if rows))


def _line(task: str, rows: Sequence[Row]) -> tuple[Cell, ...]:
    return (
        words(task),
        count(len(rows)),
        count(sum(row.phase == "tune" for row in rows)),
        count(sum(row.phase == "final" for row in rows)),
        count(num_diverged(rows)),
        count(sum(row.steps for row in rows)),
        number(math.fsum(row.seconds for row in rows) / 3600, 2),
        Cell("", listed(f"{row.device}, {row.backend}" for row in rows)),
    )
