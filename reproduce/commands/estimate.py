"""``estimate``: what studies, a search and its rounds of elimination cost, before anything starts."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from reproduce.commands.arguments import positive
from reproduce.commands.study import add_studies, experiments
from reproduce.machine import usable_cores
from reproduce.results_layout import ELIMINATION, SEARCH, STORED_RESULTS, profile_ledger

if TYPE_CHECKING:
    from reproduce.commands import Commands
    from reproduce.data import DataSettings
    from reproduce.estimates import TaskEstimate


def add(commands: Commands) -> None:
    """Add the command ``estimate`` to the parser."""
    estimate = commands.add_parser("estimate", help="minutes, GPU-hours and disk of what is not yet trained")
    add_studies(estimate, f"; {SEARCH} and {ELIMINATION} too")
    estimate.add_argument(
        "--workers",
        type=positive,
        default=usable_cores(),
        help="worker processes, one core each (default: one for each core: %(default)s here)",
    )
    estimate.set_defaults(command=_estimate)


def _estimate(options: argparse.Namespace, console: Console) -> None:
    from reproduce.report.output import show
    from reproduce.report.tables.estimates import estimate_table
    from reproduce.study.costs import measured_costs
    from reproduce.study.estimate import estimate

    others = _others(options.profile, options.study)
    options.study = [name for name in options.study if name not in others]
    found: list[TaskEstimate] = []
    if options.study or options.group or not others:
        costs = measured_costs((options.output, STORED_RESULTS))
        found += [each for experiment in experiments(options) for each in estimate(experiment, costs)]
    found += _of_searches(others, options, (options.output, STORED_RESULTS))
    show(estimate_table(found, options.workers), console)


def _others(profile: str, names: Sequence[str]) -> list[str]:
    """What is meant beside studies: by name, by "all" where the profile has it, or by what a protocol file holds."""
    from reproduce.protocols import find_protocol, is_path, read_protocol

    if is_path(profile):
        table = read_protocol(Path(profile))
        return [SEARCH] if "comparison" in table else [ELIMINATION] if "rounds" in table else []
    return [
        name
        for name in (SEARCH, ELIMINATION)
        if name in names or (list(names) == ["all"] and find_protocol(profile, name) is not None)
    ]


def _of_searches(names: Sequence[str], options: argparse.Namespace, folders: tuple[Path, Path]) -> list[TaskEstimate]:
    if not names:
        return []
    from reproduce.elimination.costs import estimate_elimination, measure_eliminations
    from reproduce.elimination.protocol import load_elimination_protocol
    from reproduce.search.costs import ScoreTimings, estimate_search, measure_searches
    from reproduce.search.protocol import load_search_protocol

    measured = ScoreTimings()
    measure_searches(folders, measured)
    measure_eliminations(folders, measured)
    found: list[TaskEstimate] = []
    if SEARCH in names:
        protocol = load_search_protocol(options.profile)
        found += estimate_search(protocol, profile_ledger(options.output, protocol.profile, SEARCH), measured)
    if ELIMINATION in names:
        rounds = load_elimination_protocol(options.profile)
        ledger = profile_ledger(options.output, rounds.profile, ELIMINATION)
        found += estimate_elimination(rounds, ledger, measured, lambda data: _at_hand(data, options.data_dir))
    return found


def _at_hand(settings: DataSettings, data_dir: Path | None) -> int | None:
    from reproduce.data import load_dataset
    from reproduce.errors import DataError

    try:
        return len(load_dataset(settings, data_dir).train)
    except DataError:
        return None
