"""``eliminate``: the finds of searches on larger and larger networks."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from reproduce.commands.arguments import add_data_dir, add_output, add_profile, expanded
from reproduce.commands.durations import say_time_of_search
from reproduce.commands.executors import add_scoring_arguments, open_scoring
from reproduce.counts import number_of
from reproduce.errors import LedgerError
from reproduce.results_layout import ELIMINATION, FINALISTS, LEDGER_FILE, SEARCH, profile_ledger
from reproduce.screen import say

if TYPE_CHECKING:
    from reproduce.commands import Commands


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
    add_scoring_arguments(parser)
    parser.set_defaults(command=_eliminate)


def _eliminate(options: argparse.Namespace, console: Console) -> None:
    from reproduce.elimination.protocol import load_elimination_protocol
    from reproduce.elimination.rounds import eliminate, protocol_settings, read_entrants, unfinished
    from reproduce.report.output import say_how_to_load, show, write, write_specs
    from reproduce.report.stored_search import read_trials
    from reproduce.report.tables.elimination import elimination_table
    from reproduce.report.tables.search import rates_text
    from reproduce.search.progress import TrialProgress
    from reproduce.search.rescoring import baselines
    from reproduce.search.trials import require_these_trials
    from reproduce.stored_settings import write_stored_settings

    protocol = load_elimination_protocol(options.profile)
    folder = options.output / protocol.profile / ELIMINATION
    ledgers = options.searches or [profile_ledger(options.output, protocol.profile, SEARCH)]
    _require_searches(ledgers, protocol.profile)
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
        folder / LEDGER_FILE, {name: {"protocol": code} for name, code in hashes.items()}, protocol_settings(protocol)
    )
    say_time_of_search(ELIMINATION, options, console)
    write_stored_settings(folder, protocol.to_dict(), hashes=hashes, searches=sources)
    with open_scoring(options, console) as score_on, TrialProgress(console, "eliminating") as progress:
        results = eliminate(
            protocol, folder / LEDGER_FILE, entrants, known, score_on, progress.advance, progress.notify
        )
    trials = read_trials(folder / LEDGER_FILE)
    table = elimination_table(results, f"profile {protocol.profile}", {trial.device for trial in trials})
    last, survivors = [each for each in trials if each.part == protocol.rounds[-1].name], results[-1].survivors
    specs = write_specs(survivors, folder / FINALISTS)
    write([table], [], folder, console, specs)
    show(table, console)
    say_how_to_load(specs, rates_text(last, survivors[0]) if survivors else "", console)


def _require_searches(ledgers: Sequence[Path], profile: str) -> None:
    for path in ledgers:
        if not path.is_file():
            raise LedgerError(
                f"no ledger {path}: nothing has been run there yet; run python -m reproduce search --profile {profile} "
                "with the same --output first, or name the ledger of another search with --searches"
            )
