"""``estimate``: what studies, a search and its rounds of elimination cost, before anything starts."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from reproduce.commands.arguments import positive
from reproduce.commands.durations import of_searches
from reproduce.commands.study import add_studies, experiments
from reproduce.machine import usable_cores
from reproduce.results_layout import ELIMINATION, SEARCH, STORED_RESULTS

if TYPE_CHECKING:
    from reproduce.commands import Commands
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
    from reproduce.data.sources import require_folder
    from reproduce.report.output import show
    from reproduce.report.tables.estimates import estimate_table
    from reproduce.study.costs import measured_costs
    from reproduce.study.estimate import estimate

    if options.data_dir is not None:
        require_folder(options.data_dir)
    others = _others(options.profile, options.study)
    options.study = [name for name in options.study if name not in others]
    found: list[TaskEstimate] = []
    if options.study or options.group or not others:
        costs = measured_costs((options.output, STORED_RESULTS))
        found += [each for experiment in experiments(options) for each in estimate(experiment, costs)]
    found += of_searches(others, options)
    show(estimate_table(found, options.workers), console)


def _others(profile: str, names: Sequence[str]) -> list[str]:
    """The searches and eliminations meant: by name, by "all" where the profile has one, or by a protocol file."""
    from reproduce.protocols import find_protocol, is_path, read_protocol

    if is_path(profile):
        table = read_protocol(Path(profile))
        return [SEARCH] if "comparison" in table else [ELIMINATION] if "rounds" in table else []
    return [
        name
        for name in (SEARCH, ELIMINATION)
        if name in names or (list(names) == ["all"] and find_protocol(profile, name) is not None)
    ]
