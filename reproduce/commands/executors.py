"""Arguments of the commands that train: where jobs run, and how many of them at once."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from rich.console import Console

from reproduce.commands.arguments import positive
from reproduce.libraries import num_threads
from reproduce.machine import named_devices, require_named_devices
from reproduce.results_layout import WORKERS_LOG
from reproduce.screen import note

if TYPE_CHECKING:
    from reproduce.executors.executor import Executor
    from reproduce.search.surrogate_settings import SurrogateSettings
    from reproduce.tasks.scoring import Scorer

#: Candidates trained together: few, so that each score is known and kept soon; more, so that a large device is full,
#: and that no core of a processor has long to wait for the last of a batch.
_BATCH_OF_A_CORE = 4
_BATCH_ELSEWHERE = 32

#: Gives the scorer of a surrogate.
ScoreOn: TypeAlias = "Callable[[SurrogateSettings], Scorer]"


def add_executor_arguments(parser: argparse.ArgumentParser, processes: str) -> None:
    """Add ``--executor``, ``--address`` and ``--workers``; ``processes`` says how many there are by default."""
    parser.add_argument(
        "--executor",
        choices=("process", "ray"),
        default="process",
        help="train on this machine, or on a Ray cluster with a worker for each device (default: %(default)s)",
    )
    parser.add_argument(
        "--address",
        metavar="HOST:PORT",
        help='of a running Ray cluster, or "auto" for the one on this machine (default: start one, for this machine)',
    )
    parser.add_argument(
        "--workers",
        type=positive,
        metavar="N",
        help=f"worker processes, one core each (default: {processes}), or Ray workers (default: one for each device)",
    )


def add_scoring_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of a command that scores candidates."""
    add_executor_arguments(parser, "none beside this one, which then uses every core")
    parser.add_argument(
        "--batch",
        type=positive,
        metavar="N",
        help=f"candidates scored together (default: {_BATCH_OF_A_CORE} a CPU core, {_BATCH_ELSEWHERE} elsewhere)",
    )
    parser.add_argument(
        "--largest", type=positive, metavar="N", help="networks trained at once on a device (default: by device)"
    )


@contextmanager
def open_executor(
    options: argparse.Namespace, processes: int, folder: Path, console: Console, *, deterministic: bool = False
) -> Iterator[Executor]:
    """The executor that the options name.

    Args:
        options: The parsed options.
        processes: How many worker processes there are by default; 0 trains in this one.
        folder: Where what worker processes say is kept.
        console: For notices of workers that died, and what workers warn of.
        deterministic: Whether workers compute the same bits each time.

    Raises:
        ReproduceError: If Ray is not installed, there is no cluster at the address, or what the user has named to
            compute on is not there.
    """
    from reproduce.executors.executor import Executor, Workers
    from reproduce.executors.processes import ProcessWorkers
    from reproduce.executors.ray import RayWorkers

    count = options.workers or processes
    source: Workers | None = None
    if options.executor == "ray":
        source = RayWorkers(options.address, options.workers, deterministic=deterministic)
    elif count:
        source = ProcessWorkers(count, folder / WORKERS_LOG, deterministic=deterministic)
    with Executor(source, partial(note, console)) as executor:
        if named_devices():
            executor.ask(require_named_devices)  # Where jobs are run: that may be another machine.
        yield executor


@contextmanager
def open_scoring(options: argparse.Namespace, console: Console) -> Iterator[ScoreOn]:
    """Open the scoring that the options of `add_scoring_arguments` ask for; errors as of `open_executor`."""
    from reproduce.tasks.scoring import Scorer

    with open_executor(options, 0, options.output, console) as executor:
        # A worker has one core, this process all that are usable.
        cores = 1 if options.workers or options.executor == "ray" else num_threads()
        batch = options.batch or (_BATCH_ELSEWHERE if executor.source.has_gpus else cores * _BATCH_OF_A_CORE)
        data_dir = None if options.data_dir is None else options.data_dir.resolve()
        yield lambda settings: Scorer(executor, settings.work(data_dir, batch, options.largest))
