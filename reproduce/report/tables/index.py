"""Which tables there are of a study."""

from __future__ import annotations

from reproduce.report.results import COMPARED, StudyResults
from reproduce.report.table import Table
from reproduce.report.tables.ablations import (
    change_table,
    crossings,
    decay_pairs,
    decay_table,
    schedule_differences,
    schedule_table,
)
from reproduce.report.tables.accuracy import main_table, rate_table, task_table
from reproduce.report.tables.intervals import interval_table
from reproduce.report.tables.reaching import reaching_table
from reproduce.report.tables.references import best_table, reference_table

#: Studies of one task in several forms, which are compared with the first.
VARIED = ("label_noise", "imbalance", "gradient_noise", "batch_size")


def study_tables(study: StudyResults) -> list[Table]:
    """All tables of a study, run or not: accuracy and rates, and what its optimizers and tasks allow to compare."""
    tables = [main_table(study)]
    if len(study.tasks) > 1:
        tables.append(task_table(study))
    intervals = interval_table(study)
    tables += [reference_table(study), best_table(study), *([intervals] if intervals else []), rate_table(study)]
    if study.name in COMPARED:
        tables.append(reaching_table(study))
    if decay_pairs(study.entrants):
        tables.append(decay_table(study))
    if crossings(study.entrants):
        tables += [schedule_table(study), schedule_differences(study)]
    if study.name in VARIED and len(study.tasks) > 1:
        tables.append(change_table(study))
    return tables
