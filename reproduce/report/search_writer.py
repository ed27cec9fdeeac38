"""Everything that is written from a search: tables, pictures, finalists as spec files, and the table on screen."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from reproduce.files import write_text
from reproduce.report.forms import on_screen, write_table
from reproduce.report.style import Picture, write_pictures
from reproduce.report.table import Table
from reproduce.search.trials import Contender


def show(table: Table, console: Console) -> None:
    """A table with its caption."""
    console.print(on_screen(table))
    console.print(table.caption, style="dim", highlight=False, markup=False)


def write(tables: Sequence[Table], pictures: Sequence[Picture], folder: Path, console: Console) -> None:
    """Write tables and pictures below ``folder`` and say where."""
    written = [path for table in tables for path in write_table(table, folder / "tables")]
    written += write_pictures(pictures, folder / "figures")
    console.print(f"{len(written)} files written, among them:")
    for path in written:
        if path.suffix in (".csv", ".svg"):
            console.print(f"  {path}", highlight=False, markup=False, soft_wrap=True)


def write_specs(contenders: Sequence[Contender], folder: Path) -> list[Path]:
    """Each optimizer as a file that `paper_optimizers.OptimizerSpec.from_json` reads."""
    paths = []
    for contender in contenders:
        paths.append(folder / f"{contender.name.replace('#', 'sample-').replace(' ', '-')}.json")
        write_text(paths[-1], contender.spec.to_json())
    return paths


def write_protocol(settings: dict[str, Any], folder: Path, **hashes: Any) -> None:
    """The resolved settings beside what was measured under them."""
    document = {**hashes, "protocol": settings}
    write_text(folder / "protocol.json", json.dumps(document, indent=2, ensure_ascii=False) + "\n")
