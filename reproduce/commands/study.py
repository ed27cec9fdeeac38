"""Comparison studies: ``tables`` trains and writes tables and figures, ``figures`` writes them from stored rows."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from reproduce.commands.arguments import add_data_dir, add_output, add_profile, expanded, positive
from reproduce.commands.durations import say_time_of_study
from reproduce.commands.executors import add_executor_arguments, open_executor
from reproduce.counts import number_of
from reproduce.machine import has_nvidia_gpu, usable_cores
from reproduce.screen import say

if TYPE_CHECKING:
    from reproduce.commands import Commands
    from reproduce.study.experiment import Experiment

#: Runs that the engine trains at once where there is a GPU.
_GPU_BATCH = 64


def add(commands: Commands) -> None:
    """Add ``tables`` and ``figures``."""
    tables = commands.add_parser("tables", help="train what is not yet trained, then write tables and figures")
    add_studies(tables)
    add_executor_arguments(tables, f"one for each core, or one for a GPU: {_processes()} here")
    tables.add_argument(
        "--engine-batch",
        type=positive,
        metavar="N",
        help=f"runs that the engine trains at once; what a kill can lose (default: {_GPU_BATCH} on GPUs, else 1)",
    )
    tables.add_argument(
        "--devices",
        type=positive,
        default=1,
        metavar="N",
        help="devices over which Keras splits each batch, with KERAS_BACKEND=jax (default: %(default)s)",
    )
    tables.add_argument(
        "--deterministic",
        action="store_true",
        help="have libraries compute the same bits each time on GPUs too, which is slower; on CPUs they do in any case",
    )
    tables.add_argument(
        "--weights",
        type=expanded,
        metavar="FILE",
        help="the .h5 file that Keras publishes for EfficientNetV2-S without its top, where it cannot be fetched",
    )
    tables.set_defaults(command=_tables)
    figures = commands.add_parser("figures", help="write tables and figures from the stored rows, without training")
    add_studies(figures)
    figures.set_defaults(command=_figures)


def _processes() -> int:
    """Worker processes by default: one for each core, or one for a GPU."""
    return 1 if has_nvidia_gpu() else usable_cores()


def add_studies(parser: argparse.ArgumentParser, more: str = "") -> None:
    """Add what names studies and where they lie; ``more`` says in its help what else can be named."""
    add_profile(parser)
    parser.add_argument(
        "--study",
        nargs="+",
        default=[],
        metavar="NAME",
        help=f"studies of the profile, or all{more} (default: main; of a group, all that the profile has)",
    )
    parser.add_argument(
        "--group",
        metavar="GROUP",
        help="studies that belong together, as the Makefile's targets: transfer, finetune, ablations, robustness",
    )
    add_data_dir(
        parser,
        "; where the study's own data come with the project, the data set to take in their place, "
        "DIR/{train,test}/CLASS/*.jpg",
    )
    add_output(parser, "rows, tables and figures go to DIR/PROFILE/STUDY")


def _tables(options: argparse.Namespace, console: Console) -> None:
    from reproduce.report.output import write_results
    from reproduce.study.experiment import run_study
    from reproduce.study.progress import StudyProgress
    from reproduce.study.work import Machine

    for experiment in experiments(options, options.weights):
        protocol = experiment.protocol
        say(
            console,
            f"Profile {protocol.profile}, study {protocol.study}: {number_of(len(protocol.tasks), 'task')}, "
            f"{number_of(len(experiment.entrants), 'optimizer')}. Rows go to {experiment.folder}.",
        )
        with open_executor(
            options, _processes(), experiment.folder, console, deterministic=options.deterministic
        ) as executor:
            batch = options.engine_batch or (_GPU_BATCH if executor.source.has_gpus else 1)
            say_time_of_study(experiment, options.output, executor.source.size, console)
            machine = Machine(batch, options.devices, options.deterministic)
            rows = run_study(experiment, machine, executor, StudyProgress(console))
        write_results(protocol, experiment.entrants, rows, experiment.folder, console)


def _figures(options: argparse.Namespace, console: Console) -> None:
    from reproduce.report.output import write_results
    from reproduce.study.experiment import stored_ledger
    from reproduce.study.ledgers import check_same, read_rows

    for experiment in experiments(options):
        path, protocol = stored_ledger(experiment), experiment.protocol
        rows = read_rows(path)
        say(console, f"From the rows of {path}.")
        check_same(rows, path, protocol=protocol.hash())
        write_results(protocol, experiment.entrants, rows, experiment.folder, console)


def experiments(options: argparse.Namespace, weights: Path | None = None) -> list[Experiment]:
    """The studies that a command means, with their data's place."""
    from reproduce.data import dataset_name
    from reproduce.results_layout import CACHE
    from reproduce.study.experiment import Experiment, experiment_folder
    from reproduce.study.groups import named_studies
    from reproduce.study.protocol import load_protocol

    experiments = []
    for name in named_studies(options.profile, options.study, options.group):
        protocol = load_protocol(options.profile, name)
        if options.data_dir is not None and protocol.folder is not None:
            protocol = protocol.on_folder(dataset_name(protocol.folder, options.data_dir))
        entrants = protocol.optimizers.entrants
        folder = experiment_folder(options.output, protocol)
        experiments.append(Experiment(protocol, entrants, folder, options.data_dir, options.output / CACHE, weights))
    if weights is not None:
        _check_weights(weights, experiments)
    return experiments


def _check_weights(weights: Path, experiments: Sequence[Experiment]) -> None:
    from reproduce.errors import ProtocolError

    starts = [task.model.start for experiment in experiments for task in experiment.protocol.tasks]
    if "imagenet" not in starts:
        raise ProtocolError(
            f"--weights {weights} is given, and no task starts from ImageNet weights (model.start is "
            f"{', '.join(sorted(set(starts)))}): leave it out, or choose such a study"
        )
    if not weights.is_file():
        raise ProtocolError(f"--weights {weights}: there is no such file")
