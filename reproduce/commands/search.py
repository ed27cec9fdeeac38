"""The search: ``search``, ``compare-searches``, ``noise-floor``."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from reproduce.commands.arguments import add_data_dir, add_output, add_profile
from reproduce.commands.durations import say_time_of_comparison, say_time_of_noise, say_time_of_search
from reproduce.commands.executors import add_scoring_arguments, open_scoring
from reproduce.results_layout import COMPARISON, FINALISTS, LEDGER_FILE, NOISE, RESCORING_FILE, SEARCH
from reproduce.screen import say

if TYPE_CHECKING:
    from reproduce.commands import Commands
    from reproduce.search.cache import ScoreCache
    from reproduce.search.plan import Scorers, SearchPlan
    from reproduce.search.protocol import SearchProtocol
    from reproduce.search.records import AnyRecord
    from reproduce.search.results import Finalist
    from reproduce.search.trials import Contender, Trial


def add(commands: Commands) -> None:
    """Add the three commands."""
    search = commands.add_parser("search", help="evolve optimizers, then score the best again with fresh seeds")
    search.set_defaults(command=_search)
    compare = commands.add_parser(
        "compare-searches", help="compare the search with its peers, and spaces, under one budget"
    )
    compare.set_defaults(command=_compare)
    noise = commands.add_parser(
        "noise-floor", help="score one optimizer many times, to see how far scores vary by chance"
    )
    noise.set_defaults(command=_noise)
    for parser in (search, compare, noise):
        add_profile(parser)
        add_data_dir(parser)
        add_output(parser, "ledgers, tables and figures go to DIR/PROFILE")
        add_scoring_arguments(parser)


@contextmanager
def opened(options: argparse.Namespace, console: Console) -> Iterator[tuple[SearchProtocol, Scorers, str]]:
    """The protocol that the options name, what scores on its scorers, and both in words."""
    from reproduce.search.plan import open_scorers
    from reproduce.search.protocol import load_search_protocol

    protocol = load_search_protocol(options.profile)
    with open_scoring(options, console) as score_on:
        scorers = open_scorers(protocol, score_on)
        names = dict.fromkeys(scorer.data_name for scorer in scorers.values())
        yield protocol, scorers, f"profile {protocol.profile}, {' and '.join(names)}"


def _search(options: argparse.Namespace, console: Console) -> None:
    from reproduce.search.plan import data_of, search_plan
    from reproduce.search.progress import TrialProgress
    from reproduce.search.rescoring import baselines, rescore
    from reproduce.search.results import top
    from reproduce.search.search import require_this_search
    from reproduce.stored_settings import write_stored_settings

    with opened(options, console) as (protocol, scorers, where):
        plan, folder = search_plan(protocol), options.output / protocol.profile / SEARCH
        sizes = protocol.sizes
        say(
            console,
            f"P{where[1:]}: {sizes.initial} random candidates, {sizes.particles} "
            f"particles, {sizes.steps} steps of {sizes.children} children. The ledger goes to {folder}.",
        )
        require_this_search(plan, folder / LEDGER_FILE, scorers)
        say_time_of_search(SEARCH, options, console)
        write_stored_settings(folder, protocol.to_dict(), hash=plan.protocol_hash, data=data_of(scorers))
        records = _run(plan, folder / LEDGER_FILE, scorers, console, sizes.steps)
        found = top(records, protocol.rescoring.top)
        known = baselines(protocol.rescoring.baselines)
        with TrialProgress(console, "scoring the best again") as progress:
            contenders = [*(each.contender for each in found), *known]
            trials = rescore(
                protocol,
                folder / RESCORING_FILE,
                scorers["evolution"],
                contenders,
                protocol.rescoring.seeds,
                progress.advance,
                progress.notify,
            )
        _report(protocol, records, (found, known, trials), where, folder, console)


def _report(
    protocol: SearchProtocol,
    records: Sequence[AnyRecord],
    rescored: tuple[Sequence[Finalist], Sequence[Contender], Sequence[Trial]],
    where: str,
    folder: Path,
    console: Console,
) -> None:
    """Write the table, the figures and the specs of a search, whose libraries are imported only now."""
    from reproduce.report.figures.search import search_pictures
    from reproduce.report.output import say_how_to_load, show, write, write_specs
    from reproduce.report.tables.search import rates_text, rescoring_table

    table = rescoring_table("rescoring", *rescored, f"{where}, evolution stage")
    specs = write_specs([each.contender for each in rescored[0]], folder / FINALISTS)
    write([table], search_pictures(records, protocol.screening_epochs, where), folder, console, specs)
    show(table, console)
    found, _, trials = rescored
    say_how_to_load(specs, rates_text(trials, found[0].contender) if found else "", console)


def _run(
    plan: SearchPlan, path: Path, scorers: Scorers, console: Console, steps: int | None, cache: ScoreCache | None = None
) -> list[AnyRecord]:
    from reproduce.search.progress import SearchProgress
    from reproduce.search.search import run_search

    sizes = plan.settings.sizes
    total = sizes.initial + sizes.particles + (steps or 0) * sizes.particles * sizes.children
    with SearchProgress(console, total, steps, sizes.particles) as progress:
        return run_search(plan, path, scorers, progress, cache)


def _compare(options: argparse.Namespace, console: Console) -> None:
    from reproduce.report.figures.search import best_so_far_picture
    from reproduce.report.output import show, write
    from reproduce.report.tables.search_comparison import comparison_table
    from reproduce.report.tables.search_finds import finds_table
    from reproduce.search.comparison import compare_finals, compared, run_comparison
    from reproduce.search.plan import comparison_plans, data_of
    from reproduce.search.progress import TrialProgress
    from reproduce.search.search import require_this_search
    from reproduce.stored_settings import write_stored_settings

    with opened(options, console) as (protocol, scorers, where):
        folder = options.output / protocol.profile / COMPARISON
        settings = protocol.comparison
        for plan in comparison_plans(protocol):
            require_this_search(plan, folder / plan.name / LEDGER_FILE, scorers)
        say_time_of_comparison(protocol, folder, options.output, console)
        write_stored_settings(folder, protocol.to_dict(), hash=protocol.comparison_hash(), data=data_of(scorers))
        searches = run_comparison(
            protocol, folder, scorers, lambda plan, path, cache: _run_named(plan, path, scorers, console, cache)
        )
        with TrialProgress(console, "scoring the finds again") as progress:
            trials = compare_finals(
                protocol, folder / RESCORING_FILE, searches, scorers, progress.advance, progress.notify
            )
        picture = best_so_far_picture(compared(searches), protocol.screening_epochs, where, settings.epochs)
        table = comparison_table(protocol, searches, trials, where)
        write([table, finds_table(protocol, searches, trials, where)], [picture], folder, console)
        show(table, console)


def _run_named(plan: SearchPlan, path: Path, scorers: Scorers, console: Console, cache: ScoreCache) -> list[AnyRecord]:
    say(console, f"{plan.algorithm} in the space {plan.space}, seed {plan.seed}:")
    return _run(plan, path, scorers, console, None, cache)


def _noise(options: argparse.Namespace, console: Console) -> None:
    from reproduce.libraries import recorded_settings
    from reproduce.report.output import show, write
    from reproduce.report.tables.search import noise_table
    from reproduce.search.plan import data_of
    from reproduce.search.progress import TrialProgress
    from reproduce.search.rescoring import RESCORED_STAGE, baselines, rescore
    from reproduce.search.trials import require_these_trials
    from reproduce.stored_settings import write_stored_settings

    with opened(options, console) as (protocol, scorers, where):
        folder, settings = options.output / protocol.profile / NOISE, protocol.noise
        (contender,) = baselines([settings.optimizer])
        now = {"protocol": protocol.scoring_hash(), "data": scorers["evolution"].data}
        require_these_trials(folder / LEDGER_FILE, {RESCORED_STAGE: now}, recorded_settings())
        say_time_of_noise(protocol, folder, options.output, console)
        write_stored_settings(folder, protocol.to_dict(), hash=protocol.scoring_hash(), data=data_of(scorers))
        with TrialProgress(console, "scoring again and again") as progress:
            trials = rescore(
                protocol,
                folder / LEDGER_FILE,
                scorers["evolution"],
                [contender],
                settings.seeds,
                progress.advance,
                progress.notify,
            )
        _require_noise(contender, trials)
        sizes = protocol.sizes
        searched = sizes.particles * (1 + sizes.steps * sizes.children)
        where = f"{where}, evolution stage"
        table = noise_table("noise_floor", contender, trials, searched, where)
        write([table], [], folder, console)
        show(table, console)


def _require_noise(contender: Contender, trials: Sequence[Trial]) -> None:
    from reproduce.errors import ReproduceError
    from reproduce.search.trials import seed_scores

    trained = len(seed_scores(trials, contender).trained)
    if trained < 2:
        raise ReproduceError(
            f"{contender.name} could be trained with {trained} of {len(trials)} seeds, and noise takes two: name "
            "another noise.optimizer in the protocol, or lower the thresholds of its rates in evolution.tasks"
        )
