"""Everything that is written from the rows of one study, and its main table on screen."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from reproduce.files import write_text
from reproduce.report.console import list_written, show
from reproduce.report.figures.index import study_pictures
from reproduce.report.figures.schedules import schedule_pictures
from reproduce.report.forms import write_table
from reproduce.report.results import StudyResults, frame
from reproduce.report.style import write_pictures
from reproduce.report.tables.accuracy import main_table
from reproduce.report.tables.index import study_tables
from reproduce.study.optimizers import Entrant
from reproduce.study.protocol import Protocol
from reproduce.study.rows import Row


def write_results(
    protocol: Protocol, entrants: Sequence[Entrant], rows: Sequence[Row], folder: Path, console: Console
) -> None:
    """Write tables and figures into ``folder`` and show the main table with the paths of what was written."""
    study = StudyResults(protocol, tuple(entrants), tuple(rows))
    written = [path for table in study_tables(study) for path in write_table(table, folder / "tables")]
    runs = folder / "tables" / "runs.csv"
    write_text(runs, frame(rows).to_csv(index=False, lineterminator="\n"))
    training = protocol.tasks[0].training
    pictures = [
        *study_pictures(study, protocol.optimizers.reference),
        *schedule_pictures(training.warmup_fraction, training.hold_fraction),
    ]
    written += [runs, *write_pictures(pictures, folder / "figures")]
    show(main_table(study), console)
    console.print()
    list_written(written, console)
