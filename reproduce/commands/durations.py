"""How long what is left of a study, a search or its elimination takes, for commands to say before they start."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from reproduce.results_layout import ELIMINATION, SEARCH, STORED_RESULTS, profile_ledger
from reproduce.screen import say

if TYPE_CHECKING:
    from reproduce.data import DataSettings
    from reproduce.estimates import TaskEstimate
    from reproduce.study.experiment import Experiment


def say_time_of_study(experiment: Experiment, output: Path, num_workers: int, console: Console) -> None:
    """Say how long a study's runs will take, by steps measured under ``output`` and in this repository."""
    from reproduce.study.costs import measured_costs
    from reproduce.study.estimate import estimate

    _say(estimate(experiment, measured_costs((output, STORED_RESULTS))), num_workers, console)


def say_time_of_search(name: str, options: argparse.Namespace, console: Console) -> None:
    """Say how long a profile's search, or its elimination, will take, likewise."""
    _say(of_searches([name], options), 1, console)


def of_searches(names: Sequence[str], options: argparse.Namespace) -> list[TaskEstimate]:
    """Estimate what is left of a profile's search, of its elimination, or of both."""
    if not names:
        return []
    from reproduce.elimination.costs import estimate_elimination, measure_eliminations
    from reproduce.elimination.protocol import load_elimination_protocol
    from reproduce.search.costs import ScoreTimings, estimate_search, measure_searches
    from reproduce.search.protocol import load_search_protocol

    measured, folders = ScoreTimings(), (options.output, STORED_RESULTS)
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


def _say(found: Sequence[TaskEstimate], num_workers: int, console: Console) -> None:
    from reproduce.report.tables.estimates import time_words

    if text := time_words(found, num_workers):
        say(console, text)


def _at_hand(settings: DataSettings, data_dir: Path | None) -> int | None:
    from reproduce.data import load_dataset
    from reproduce.errors import DataError

    try:
        return len(load_dataset(settings, data_dir).train)
    except DataError:
        return None
