"""``eliminate``: the finds of searches on larger and larger networks."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from reproduce.commands.arguments import add_data_dir, add_output, add_profile, expanded
from reproduce.commands.executors import add_executor_arguments, open_executors
from reproduce.commands.search import SEARCH
from reproduce.counts import number_of
from reproduce.screen import say

if TYPE_CHECKING:
    from reproduce.commands import Commands
    from reproduce.commands.executors import Executors
    from reproduce.elimination.protocol import RoundSettings
    from reproduce.elimination.rounds import Means
    from reproduce.search.executors import Executor

ELIMINATION = "elimination"


def add(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "eliminate", help="train the best of a search on larger and larger networks, the best of each round going on"
    )
    add_profile(parser)
    parser.add_argument(
        "--searches",
        nargs="+",
        type=expanded,
        metavar="LEDGER",
        help="ledgers of the searches whose best take part (default: OUTPUT/PROFILE/search/ledger.jsonl)",
    )
    add_data_dir(parser)
    add_output(parser, "ledger, table and finalists go to DIR/PROFILE/elimination")
    add_executor_arguments(parser)
    parser.set_defaults(command=_eliminate)


def _eliminate(options: argparse.Namespace, console: Console) -> None:
    from reproduce.elimination.entrants import read_entrants, unfinished
    from reproduce.elimination.protocol import load_elimination_protocol
    from reproduce.elimination.rounds import eliminate, protocol_settings
    from reproduce.ledger import NAME
    from reproduce.report.output import show, write, write_specs
    from reproduce.report.stored_search import read_trials
    from reproduce.report.tables.elimination import elimination_table
    from reproduce.search.progress import TrialProgress
    from reproduce.search.rescoring import baselines
    from reproduce.search.trials import require_these_trials
    from reproduce.stored_settings import write_stored_settings

    protocol = load_elimination_protocol(options.profile)
    folder = options.output / protocol.profile / ELIMINATION
    ledgers = options.searches or [options.output / protocol.profile / SEARCH / NAME]
    entrants, known = read_entrants(protocol, ledgers), baselines(protocol.baselines)
    say(
        console,
        f"Profile {protocol.profile}: {number_of(len(entrants), 'optimizer')} and "
        f"{number_of(len(known), 'baseline')} in {number_of(len(protocol.rounds), 'round')}. The ledger goes to "
        f"{folder}.",
    )
    for path in unfinished(ledgers):
        say(console, f"Note: the search in {path} has not ended; its best so far take part.", "yellow")
    hashes = {each.name: each.hash() for each in protocol.rounds}
    sources = [os.path.relpath(path, folder) for path in ledgers]  # The folders may be moved together.
    require_these_trials(
        folder / NAME, {name: {"protocol": code} for name, code in hashes.items()}, protocol_settings(protocol)
    )
    write_stored_settings(folder, protocol.to_dict(), hashes=hashes, searches=sources)
    with (
        open_executors(options, options.data_dir, console) as executors,
        TrialProgress(console, "eliminating") as progress,
    ):
        means = _means(options, executors)
        results = eliminate(protocol, folder / NAME, entrants, known, means, progress.told, progress.notice)
    table = elimination_table(
        results, f"profile {protocol.profile}", {trial.device for trial in read_trials(folder / NAME)}
    )
    paths = write_specs(results[-1].survivors, folder / "finalists")
    write([table], [], folder, console)
    for path in paths:
        say(console, f"  {path}")
    show(table, console)


def _means(options: argparse.Namespace, executors: Executors) -> Means:
    from reproduce.data import load_dataset
    from reproduce.elimination.rounds import Means
    from reproduce.libraries import enter_known_keras
    from reproduce.machine import backend_name, device_name, versions

    def data(settings: RoundSettings) -> str:
        return load_dataset(settings.data, options.data_dir).checksum()

    def executor(settings: RoundSettings) -> Executor:
        if settings.surrogate is not None:
            return executors(settings.surrogate)
        return _keras_executor(settings, options.data_dir)

    def device(settings: RoundSettings) -> str:
        if settings.surrogate is not None:
            return executors.device()
        enter_known_keras()
        return device_name()

    return Means(data, executor, device, lambda settings: versions("jax" if settings.surrogate else backend_name()))


def _keras_executor(settings: RoundSettings, data_dir: Path | None) -> Executor:
    """In this process and one candidate after another, whatever the executor of the other rounds."""
    from reproduce.data import load_dataset
    from reproduce.elimination.keras_scorer import KerasScorer
    from reproduce.search.executors import InProcessExecutor

    keras = settings.keras
    if keras is None:
        raise ValueError(f"round {settings.name} has no network of Keras'")
    return InProcessExecutor(lambda: KerasScorer(keras, load_dataset(keras.data, data_dir)), batch=1)
