"""Cost of rounds of elimination: measured from ledgers, and estimated from protocols without data."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from reproduce.data import DataSettings
from reproduce.elimination.protocol import EliminationProtocol
from reproduce.estimates import Span, TaskEstimate, stored_records
from reproduce.results_layout import ELIMINATION
from reproduce.search.costs import ScoreTimings, epochs_of_scores, estimate_scores
from reproduce.search.trials import read_trial_records
from reproduce.stored_settings import read_stored_settings


def measure_eliminations(folders: Iterable[Path], measured: ScoreTimings) -> None:
    """Add the scores of every elimination's ledger under ``folders``, as PROFILE/elimination."""
    read = partial(read_stored_settings, kind=EliminationProtocol)
    for num_bytes, protocol, trials in stored_records(folders, ELIMINATION, read, read_trial_records):
        measured.num_bytes += num_bytes
        surrogates = {each.name: each.surrogate for each in protocol.rounds}
        for trial in trials:
            if trial.part in surrogates:
                measured.add(surrogates[trial.part], trial.device, trial.outcome, trial.seconds)


def estimate_elimination(
    protocol: EliminationProtocol, ledger: Path, measured: ScoreTimings, count: Callable[[DataSettings], int | None]
) -> list[TaskEstimate]:
    """Estimate the cost of what the rounds after one search have not yet scored.

    Args:
        protocol: See `EliminationProtocol`.
        ledger: Of the elimination; it need not be there.
        measured: See `measure_eliminations`.
        count: Gives the training samples of data that are at hand; None for others.

    Raises:
        LedgerError: If the ledger is there and cannot be read.
    """
    trials = read_trial_records(ledger) if ledger.is_file() else []
    found, entrants = [], protocol.entrants
    for settings in protocol.rounds:
        done = sum(trial.part == settings.name and trial.protocol == settings.hash() for trial in trials)
        left = max(0, (entrants + len(protocol.baselines)) * len(settings.seeds) - done)
        surrogate, runs = settings.surrogate, Span(left, left)
        epochs, at_hand = epochs_of_scores(surrogate), count(surrogate.tasks[0].data)
        total = Span(left * epochs.low, left * epochs.high)
        found.append(estimate_scores(ELIMINATION, settings.name, surrogate, runs, total, measured, at_hand))
        entrants = min(entrants, settings.keep)
    return found
