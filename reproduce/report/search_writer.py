"""Everything that is written from a search: tables, pictures, and finalists as spec files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from reproduce.files import write_text
from reproduce.report.console import list_written
from reproduce.report.forms import write_table
from reproduce.report.style import Picture, write_pictures
from reproduce.report.table import Table
from reproduce.search.trials import Contender


def write(tables: Sequence[Table], pictures: Sequence[Picture], folder: Path, console: Console) -> None:
    """Write tables and pictures below ``folder`` and say where."""
    written = [path for table in tables for path in write_table(table, folder / "tables")]
    written += write_pictures(pictures, folder / "figures")
    list_written(written, console)


def write_specs(contenders: Sequence[Contender], folder: Path) -> list[Path]:
    """Each optimizer as a file that `paper_optimizers.OptimizerSpec.from_json` reads; those of earlier finds go."""
    paths = []
    for contender in contenders:
        paths.append(folder / f"{contender.name.replace('#', 'sample-').replace(' ', '-')}.json")
        write_text(paths[-1], contender.spec.to_json())
    for path in set(folder.glob("*sample-*.json")) - set(paths):
        path.unlink()
    return paths
