"""The command line: ``python -m reproduce tables | figures | bench-optimizers``."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console

from reproduce.errors import ReproduceError
from reproduce.machine import usable_cores

_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status: 0, 2 for what the user can mend, 130 when interrupted."""
    options = _parser().parse_args(arguments)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    command: Callable[[argparse.Namespace, Console], None] = options.command
    errors = Console(stderr=True, soft_wrap=True)
    try:
        command(options, Console())
    except ReproduceError as error:
        errors.print(f"error: {error}", style="red", markup=False, highlight=False)
        return 2
    except KeyboardInterrupt:
        errors.print("Interrupted. Every finished run is kept: the same command goes on from there.")
        return _INTERRUPTED
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m reproduce", description="The experiments of this repository.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    tables = commands.add_parser("tables", help="train what is not yet trained, then write tables and figures")
    _add_experiment(tables)
    tables.add_argument(
        "--workers",
        type=_positive,
        default=usable_cores(),
        help="worker processes, one core each (default: one for each core, %(default)s here)",
    )
    tables.set_defaults(command=_tables)
    figures = commands.add_parser("figures", help="write tables and figures from the stored rows, without training")
    _add_experiment(figures)
    figures.set_defaults(command=_figures)
    bench = commands.add_parser("bench-optimizers", help="time a training step of every optimizer beside Keras Adam")
    bench.add_argument("--pairs", type=_positive, default=30, help="pairs of steps for each (default: %(default)s)")
    bench.add_argument(
        "--optimizers", nargs="+", metavar="NAME", help="catalog names (default: Opt1 to Opt10, A1 to A5)"
    )
    bench.add_argument("--output", type=Path, default=Path("output"), help="folder to write to (default: %(default)s)")
    bench.set_defaults(command=_bench)
    return parser


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
    from reproduce.data import load_dataset
    from reproduce.experiment import Experiment, run_experiment
    from reproduce.optimizers import roster
    from reproduce.progress import Progress
    from reproduce.protocol import load_protocol
    from reproduce.report import write_results

    protocol = load_protocol(options.profile)
    entrants = roster(protocol.optimizers)
    dataset = load_dataset(protocol, options.data_dir)
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
    from reproduce.data import task_name
    from reproduce.ledger import NAME, check_same, read_rows
    from reproduce.optimizers import roster
    from reproduce.protocol import load_protocol
    from reproduce.report import write_results

    protocol = load_protocol(options.profile)
    folder = options.output / protocol.profile / task_name(options.data_dir)
    rows = read_rows(folder / NAME)
    check_same(rows, folder / NAME, protocol=protocol.hash())
    write_results(protocol, roster(protocol.optimizers), rows, folder, console)


def _bench(options: argparse.Namespace, console: Console) -> None:
    from reproduce.benchmark import bench_optimizers

    bench_optimizers(options.optimizers, options.pairs, options.output, console)


def _positive(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 10**6:
        raise argparse.ArgumentTypeError(f"must be a positive integer; received {text!r}")
    return int(text)
