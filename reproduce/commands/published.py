"""The published search log: ``import-log`` reports on it, ``replay`` scores its candidates again."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from reproduce.commands.arguments import add_data_dir, add_output, expanded, positive, profile
from reproduce.commands.durations import say_time_of_replay
from reproduce.commands.executors import add_scoring_arguments, open_scoring
from reproduce.results_layout import LEDGER_FILE
from reproduce.screen import say

if TYPE_CHECKING:
    from reproduce.commands import Commands
    from reproduce.published.log import LoggedEvaluation
    from reproduce.published.replay import Conditions, ReplayRow
    from reproduce.published.sample import LoggedRun
    from reproduce.report.table import Table
#: Lines of a table on screen; the files have them all.
_SHOWN = 5


def add(commands: Commands) -> None:
    """Add ``import-log`` and ``replay``."""
    import_log = commands.add_parser("import-log", help="report on the published search log: acceptance, cost, noise")
    _add_log(import_log)
    import_log.set_defaults(command=_import_log)
    replay = commands.add_parser("replay", help="score candidates of the published log again, and compare the rankings")
    _add_log(replay)
    replay.add_argument(
        "--profile",
        type=profile,
        default="smoke",
        help="whose evolution stage scores them: a profile's name, or the path of a search protocol "
        "(default: %(default)s)",
    )
    add_data_dir(replay)
    replay.add_argument(
        "--sample",
        type=positive,
        default=40,
        metavar="N",
        help="candidates, from all along the log's ranking; a larger sample goes on from a smaller one "
        "(default: %(default)s)",
    )
    replay.add_argument(
        "--repeats", type=positive, default=5, metavar="N", help="of them to score --runs times (default: %(default)s)"
    )
    replay.add_argument(
        "--runs", type=int, choices=range(1, 9), default=3, metavar="1..8", help="for our noise (default: %(default)s)"
    )
    replay.add_argument(
        "--behaviour",
        choices=("published", "described"),
        default="published",
        help="run candidates as the published search did, or as this project does (default: %(default)s)",
    )
    add_scoring_arguments(replay)
    replay.set_defaults(command=_replay)


def _add_log(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "log",
        type=expanded,
        metavar="FILE",
        help="CSV with the columns phase,particle,depth,expression,status,val_accuracy,seconds",
    )
    add_output(parser, "folder to write to")


def _import_log(options: argparse.Namespace, console: Console) -> None:
    from reproduce.plain_data import to_plain
    from reproduce.published.findings import findings_of
    from reproduce.published.log import read_published_log
    from reproduce.report.tables.published import log_tables

    rows = read_published_log(options.log)
    found = findings_of(rows, _fingerprints(rows, console))
    _finish("log", to_plain(found), log_tables(found), options.output / "published", console)


def _replay(options: argparse.Namespace, console: Console) -> None:
    from reproduce.plain_data import to_plain
    from reproduce.published.agreement import ReplayOrigin
    from reproduce.published.comparison import agreement_of, compare
    from reproduce.published.log import read_published_log
    from reproduce.published.replay import Conditions, behave, conditions_hash, num_open
    from reproduce.published.sample import jobs_of, logged_functions, stratified_sample
    from reproduce.report.tables.published import replay_tables
    from reproduce.search.protocol import load_search_protocol

    protocol = load_search_protocol(options.profile)
    settings = behave(protocol.evolution, options.behaviour)
    rows = read_published_log(options.log)
    functions = logged_functions(rows, _fingerprints(rows, console))
    jobs = jobs_of(stratified_sample(functions, options.sample), options.repeats, options.runs)
    folder = options.output / protocol.profile / f"replay-{options.behaviour}"
    with open_scoring(options, console) as score_on:
        scorer = score_on(settings)
        code = conditions_hash(settings, protocol.integrity, options.behaviour)
        say_time_of_replay(settings, num_open(jobs, folder / LEDGER_FILE), options.output, console)
        replayed = _run(jobs, Conditions(code, protocol.integrity, options.behaviour, scorer), folder, console)
    comparisons = compare(functions, replayed)
    found = agreement_of(functions, comparisons)
    origin = ReplayOrigin(protocol.profile, scorer.data_name, options.behaviour, len(replayed), replayed[-1].device)
    tables = replay_tables(found, comparisons, origin.sentence)
    _finish("agreement", {"origin": to_plain(origin)} | to_plain(found), tables, folder, console)


def _finish(name: str, document: dict[str, object], tables: list[Table], folder: Path, console: Console) -> None:
    """Write findings, and show the beginnings of their tables."""
    from reproduce.report.output import show, write_findings

    write_findings(name, document, tables, folder)
    for table in tables:
        show(table.first(_SHOWN), console)
        console.print()
    say(console, f"Written to {folder}.")


def _run(jobs: list[LoggedRun], conditions: Conditions, folder: Path, console: Console) -> list[ReplayRow]:
    """Run the jobs, with progress."""
    from reproduce.ledger import Ledger
    from reproduce.published.replay import row_from_dict, run_replay
    from reproduce.search.progress import TrialProgress

    with (
        TrialProgress(console, "scoring the log's candidates again") as progress,
        Ledger(folder / LEDGER_FILE, row_from_dict, progress.notify) as ledger,
    ):
        return run_replay(jobs, conditions, ledger, lambda row, left: progress.done(row.text, row.score, left))


def _fingerprints(rows: list[LoggedEvaluation], console: Console) -> list[str]:
    from rich.progress import track

    from reproduce.published.log import fingerprints_of

    texts = list(dict.fromkeys(row.text for row in rows))
    return fingerprints_of(rows, track(texts, "Fingerprints", console=console, transient=True))
