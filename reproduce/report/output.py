"""Output of commands: tables and figures as files, a table on screen, finalists as specs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from rich.console import Console

from reproduce.files import write_text
from reproduce.report.figures.index import study_pictures
from reproduce.report.figures.schedules import schedule_picture
from reproduce.report.forms import on_screen, write_table
from reproduce.report.results import StudyResults, frame
from reproduce.report.style import Picture, write_pictures
from reproduce.report.table import Table
from reproduce.report.tables.accuracy import main_table
from reproduce.report.tables.index import study_tables
from reproduce.screen import say, show_table
from reproduce.search.trials import Contender
from reproduce.study.protocol import StudyProtocol
from reproduce.study.rows import Row
from reproduce.tasks.optimizers import Entrant


def show(table: Table, console: Console) -> None:
    """Print a table with its caption."""
    show_table(console, on_screen(table))
    console.print(table.caption, style="dim", highlight=False, markup=False)


def write(
    tables: Iterable[Table], pictures: Sequence[Picture], folder: Path, console: Console, others: Sequence[Path] = ()
) -> None:
    """Write tables and pictures below ``folder``, and say how many files there are and which are worth opening.

    Args:
        tables: Go to ``tables``, in each of their forms.
        pictures: Go to ``figures``, in each format.
        folder: Where to.
        console: The terminal.
        others: Files that were written beside them.
    """
    written = [path for table in tables for path in write_table(table, folder / "tables")]
    written += [*others, *write_pictures(pictures, folder / "figures")]
    console.print(f"{len(written)} files written, among them:")
    for path in written:
        if path.suffix in (".csv", ".svg", ".json"):
            say(console, f"  {path}")


def say_how_to_load(specs: Sequence[Path], rates: str, console: Console) -> None:
    """Say where specs that `write_specs` wrote lie, and how to train with the first; nothing where there is none.

    Args:
        specs: Their paths, the best first.
        rates: The peak that the first had with most seeds, on each task; empty where it was never trained.
        console: The terminal.
    """
    if not specs:
        return
    path, rate = specs[0].as_posix(), rates.split(",")[0] or "RATE"
    its_rate = f", whose peak rate was {rates} here" if rates else ""
    say(console, f"The specs of these candidates lie in {specs[0].parent}. To train with the first{its_rate}:")
    say(console, f"spec = paper_optimizers.OptimizerSpec.from_json(pathlib.Path({path!r}).read_text('utf-8'))")
    making = "paper_optimizers.GraphOptimizer(spec, {}, total_steps=STEPS, warmup_steps=STEPS // 10)"
    say(console, f"optimizer = {making.format(rate)}")


def write_findings(name: str, document: Mapping[str, object], tables: Iterable[Table], folder: Path) -> None:
    """Write findings into ``folder``: as plain data in ``NAME.json``, and their tables beside it."""
    write_text(folder / f"{name}.json", json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
    for table in tables:
        write_table(table, folder)


def write_results(
    protocol: StudyProtocol, entrants: Sequence[Entrant], rows: Sequence[Row], folder: Path, console: Console
) -> None:
    """Write everything that follows from the rows of a study into ``folder``, and show its main table."""
    study, training = StudyResults(protocol, tuple(entrants), tuple(rows)), protocol.tasks[0].training
    pictures = [
        *study_pictures(study, protocol.optimizers.reference),
        schedule_picture(training.warmup_fraction, training.hold_fraction),
    ]
    runs = folder / "tables" / "runs.csv"
    write_text(runs, frame(rows).to_csv(index=False, lineterminator="\n"))
    show(main_table(study), console)
    console.print()
    write(study_tables(study), pictures, folder, console, [runs])


def write_specs(contenders: Sequence[Contender], folder: Path) -> list[Path]:
    """Write each optimizer as `paper_optimizers.OptimizerSpec.from_json` reads it; those of earlier finds go.

    Returns:
        Their paths, in the order of the optimizers.
    """
    paths = []
    for contender in contenders:
        paths.append(folder / f"{contender.name.replace('#', 'sample-').replace(' ', '-')}.json")
        write_text(paths[-1], contender.spec.to_json())
    for path in set(folder.glob("*sample-*.json")) - set(paths):
        path.unlink()
    return paths
