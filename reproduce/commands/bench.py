"""Measurements of speed: ``bench-optimizers``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from reproduce.commands.arguments import positive

if TYPE_CHECKING:
    from reproduce.commands import Commands


def add(commands: Commands) -> None:
    """Add the measurements."""
    bench = commands.add_parser("bench-optimizers", help="time a training step of every optimizer beside Keras Adam")
    bench.add_argument("--pairs", type=positive, default=30, help="pairs of steps for each (default: %(default)s)")
    bench.add_argument(
        "--optimizers", nargs="+", metavar="NAME", help="catalog names (default: Opt1 to Opt10, A1 to A5)"
    )
    bench.add_argument("--output", type=Path, default=Path("output"), help="folder to write to (default: %(default)s)")
    bench.set_defaults(command=_bench)


def _bench(options: argparse.Namespace, console: Console) -> None:
    from reproduce.bench.optimizer_steps import bench_optimizers

    bench_optimizers(options.optimizers, options.pairs, options.output, console)
