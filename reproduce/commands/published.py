"""The published search log: ``import-log`` reports on it, ``replay`` scores its candidates again."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

if TYPE_CHECKING:
    from reproduce.commands import Commands


def add(commands: Commands) -> None:
    """Add ``import-log`` and ``replay``."""
    import_log = commands.add_parser("import-log", help="report on the published search log: acceptance, cost, noise")
    _add_log(import_log)
    import_log.set_defaults(command=_import_log)


def _add_log(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "log",
        type=Path,
        metavar="FILE",
        help="CSV with the columns phase,particle,depth,expression,status,val_accuracy,seconds",
    )
    parser.add_argument(
        "--output", type=Path, default=Path("output"), metavar="DIR", help="folder to write to (default: %(default)s)"
    )


def _import_log(options: argparse.Namespace, console: Console) -> None:
    from rich.progress import track

    from reproduce.search.published_log import read_published_log
    from reproduce.search.published_report import fingerprints_of, report_on, show_report, write_report

    rows = read_published_log(options.log)
    texts = list(dict.fromkeys(row.text for row in rows))
    report = report_on(rows, fingerprints_of(rows, track(texts, "Fingerprints", console=console, transient=True)))
    folder = options.output / "published"
    write_report(report, folder)
    show_report(report, console)
    console.print(f"Written to {folder}.", markup=False, highlight=False, soft_wrap=True)
