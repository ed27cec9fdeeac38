"""Comparison studies: ``tables`` trains and writes, ``figures`` only writes."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from reproduce.commands.arguments import positive
from reproduce.machine import usable_cores

if TYPE_CHECKING:
    from reproduce.commands import Commands


def add(commands: Commands) -> None:
    """Add ``tables`` and ``figures``."""
    tables = commands.add_parser("tables", help="train what is not yet trained, then write tables and figures")
    _add_experiment(tables)
    tables.add_argument(
        "--workers",
        type=positive,
        default=usable_cores(),
        help="worker processes, one core each (default: one for each core, %(default)s here)",
    )
    tables.set_defaults(command=_tables)
    figures = commands.add_parser("figures", help="write tables and figures from the stored rows, without training")
    _add_experiment(figures)
    figures.set_defaults(command=_figures)


def _add_experiment(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--profile", default="smoke", help="a protocol's name, or the path of a TOML file (default: %(default)s)"
    )
    parser.add_argument(
        "--data-dir",
        type=Path,
        metavar="DIR",
        help="images as DIR/{train,test}/CLASS/*.jpg, or a folder holding one DIR (default: scikit-learn's digits)",
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("output"),
        metavar="DIR",
        help="rows, tables and figures go to DIR/PROFILE/TASK (default: %(default)s)",
    )


def _tables(options: argparse.Namespace, console: Console) -> None:
    from reproduce.data import load_dataset, require_batch
    from reproduce.report.results_writer import write_results
    from reproduce.study.experiment import Experiment, run_experiment
    from reproduce.study.optimizers import roster
    from reproduce.study.progress import Progress
    from reproduce.study.protocol import load_protocol

    protocol = load_protocol(options.profile)
    entrants = roster(protocol.optimizers)
    dataset = load_dataset(protocol.data(options.data_dir), options.data_dir)
    require_batch(dataset, protocol.training.batch_size)
    folder = options.output / protocol.profile / dataset.name
    console.print(
        f"Profile {protocol.profile}: {dataset.name}, {len(dataset.train)} training, {len(dataset.validation)} "
        f"validation and {len(dataset.test)} test images, {len(entrants)} optimizers. Rows go to {folder}.",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
    experiment = Experiment(protocol, dataset, entrants, folder)
    rows = run_experiment(experiment, options.workers, Progress(console))
    write_results(protocol, entrants, rows, folder, console)


def _figures(options: argparse.Namespace, console: Console) -> None:
    from reproduce.data import dataset_name
    from reproduce.ledger import NAME
    from reproduce.report.results_writer import write_results
    from reproduce.study.ledgers import check_same, read_rows
    from reproduce.study.optimizers import roster
    from reproduce.study.protocol import load_protocol

    protocol = load_protocol(options.profile)
    folder = options.output / protocol.profile / dataset_name(protocol.data(options.data_dir), options.data_dir)
    rows = read_rows(folder / NAME)
    check_same(rows, folder / NAME, protocol=protocol.hash())
    write_results(protocol, roster(protocol.optimizers), rows, folder, console)
