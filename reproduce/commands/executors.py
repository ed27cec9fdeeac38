"""Arguments of the commands that score candidates: on which machines, and how many candidates at once."""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from reproduce.commands.arguments import positive
from reproduce.machine import engine_device, engine_device_name
from reproduce.screen import note

if TYPE_CHECKING:
    from reproduce.search.executors import Executor
    from reproduce.search.surrogate_settings import SurrogateSettings

#: Candidates scored together: few, so that each score is known and kept soon; more, so that a large device is full.
_BATCH_ON_CPUS = 2
_BATCH_ELSEWHERE = 32


@dataclass(frozen=True)
class Executors:
    """Gives the executor of a surrogate.

    Attributes:
        make: Does so.
        device: Names what scores are computed on. On a cluster this process leaves its own device to a worker.
    """

    make: Callable[[SurrogateSettings], Executor]
    device: Callable[[], str]

    def __call__(self, settings: SurrogateSettings) -> Executor:
        """The executor of ``settings``."""
        return self.make(settings)


def add_executor_arguments(parser: argparse.ArgumentParser) -> None:
    """Add ``--executor``, ``--address``, ``--workers``, ``--batch`` and ``--largest``."""
    parser.add_argument(
        "--executor",
        choices=("process", "ray"),
        default="process",
        help="score in this process, or on a Ray cluster with a worker for each device (default: %(default)s)",
    )
    parser.add_argument(
        "--address",
        metavar="HOST:PORT",
        help='of a running Ray cluster, or "auto" for the one on this machine (default: start one, for this machine)',
    )
    parser.add_argument("--workers", type=positive, metavar="N", help="Ray workers (default: one for each device)")
    parser.add_argument(
        "--batch",
        type=positive,
        metavar="N",
        help=f"candidates scored together (default: {_BATCH_ON_CPUS} on CPUs, {_BATCH_ELSEWHERE} elsewhere)",
    )
    parser.add_argument(
        "--largest", type=positive, metavar="N", help="networks trained at once on a device (default: by device)"
    )


@contextmanager
def open_executors(options: argparse.Namespace, data_dir: Path | None, console: Console) -> Iterator[Executors]:
    """What gives executors, as the options of `add_executor_arguments` say.

    Args:
        options: The parsed options.
        data_dir: Where data sets lie; on a cluster, on every node.
        console: For notices of lost workers, and what workers warn of.

    Raises:
        ReproduceError: If Ray is not installed, or there is no cluster at the address.
    """
    if options.executor == "process":
        yield Executors(lambda settings: _in_process(settings, options, data_dir), engine_device_name)
        return
    from reproduce.search.ray_executor import RayExecutor
    from reproduce.search.ray_workers import RayWorkers
    from reproduce.search.surrogate import scorer_from_dict

    with RayWorkers(
        scorer_from_dict, address=options.address, count=options.workers, notice=partial(note, console)
    ) as workers:
        batch = options.batch or (_BATCH_ELSEWHERE if workers.has_gpus else _BATCH_ON_CPUS)
        yield Executors(
            lambda settings: RayExecutor(workers, _document(settings, options, data_dir), batch), workers.device
        )


def _in_process(settings: SurrogateSettings, options: argparse.Namespace, data_dir: Path | None) -> Executor:
    from reproduce.search.executors import InProcessExecutor
    from reproduce.search.surrogate import make_scorer

    batch = options.batch or (_BATCH_ON_CPUS if engine_device().platform == "cpu" else _BATCH_ELSEWHERE)
    return InProcessExecutor(lambda: make_scorer(settings, data_dir, largest=options.largest), batch)


def _document(settings: SurrogateSettings, options: argparse.Namespace, data_dir: Path | None) -> dict[str, Any]:
    """For `scorer_from_dict`."""
    return {
        "settings": json.loads(json.dumps(dataclasses.asdict(settings))),
        "data_dir": None if data_dir is None else str(data_dir.resolve()),
        "largest": options.largest,
    }
