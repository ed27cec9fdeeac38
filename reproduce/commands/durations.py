"""How long what is left of a study, of searches or of a replay takes, for commands to say before they start."""

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
    from reproduce.search.costs import ScoreTimings
    from reproduce.search.protocol import SearchProtocol
    from reproduce.search.surrogate_settings import SurrogateSettings
    from reproduce.study.experiment import Experiment


def say_time_of_study(experiment: Experiment, output: Path, num_workers: int, console: Console) -> None:
    """Say how long a study's runs will take, by steps measured under ``output`` and in this repository."""
    from reproduce.study.costs import measured_costs
    from reproduce.study.estimate import estimate

    _say(estimate(experiment, measured_costs((output, STORED_RESULTS))), num_workers, console)


def say_time_of_search(name: str, options: argparse.Namespace, console: Console) -> None:
    """Say how long a profile's search, or its elimination, will take, likewise."""
    _say(of_searches([name], options), 1, console)


def say_time_of_comparison(protocol: SearchProtocol, folder: Path, output: Path, console: Console) -> None:
    """Say how long compared searches will take, likewise; ``folder`` is theirs."""
    from reproduce.search.comparison_costs import estimate_comparison

    _say(estimate_comparison(protocol, folder, _timings(output)), 1, console)


def say_time_of_noise(protocol: SearchProtocol, folder: Path, output: Path, console: Console) -> None:
    """Say how long the noise floor will take, likewise; ``folder`` is its own."""
    from reproduce.search.comparison_costs import estimate_noise

    _say(estimate_noise(protocol, folder, _timings(output)), 1, console)


def say_time_of_replay(settings: SurrogateSettings, count: int, output: Path, console: Console) -> None:
    """Say how long ``count`` candidates of the log will take on a surrogate, likewise; those that fail a check less."""
    from reproduce.estimates import Span
    from reproduce.search.costs import epochs_of_scores, estimate_scores

    epochs = epochs_of_scores(settings).times(count)
    _say([estimate_scores("replay", "", settings, Span(count, count), epochs, _timings(output))], 1, console)


def _timings(output: Path) -> ScoreTimings:
    """Measure the scores of all searches and eliminations under ``output`` and in this repository."""
    from reproduce.elimination.costs import measure_eliminations
    from reproduce.search.costs import ScoreTimings, measure_searches

    measured, folders = ScoreTimings(), (output, STORED_RESULTS)
    measure_searches(folders, measured)
    measure_eliminations(folders, measured)
    return measured


def of_searches(names: Sequence[str], options: argparse.Namespace) -> list[TaskEstimate]:
    """Estimate what is left of a profile's search, of its elimination, or of both."""
    if not names:
        return []
    from reproduce.elimination.costs import estimate_elimination
    from reproduce.elimination.protocol import load_elimination_protocol
    from reproduce.search.costs import estimate_search
    from reproduce.search.protocol import load_search_protocol

    measured = _timings(options.output)
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
