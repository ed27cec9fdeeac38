"""Cost of rounds of elimination: measured from ledgers, and estimated from protocols without data."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from reproduce.data import DataSettings
from reproduce.data.catalog import published_train_samples
from reproduce.elimination.protocol import EliminationProtocol, KerasSettings, RoundSettings
from reproduce.estimates import Span, TaskEstimate, stored_records
from reproduce.results_layout import ELIMINATION
from reproduce.search.costs import ScoreTimings, epochs_of_scores, estimate_scores
from reproduce.search.trials import read_trial_records
from reproduce.stored_settings import read_stored_settings
from reproduce.training.settings import steps_per_epoch


def measure_eliminations(folders: Iterable[Path], measured: ScoreTimings) -> None:
    """Add the scores of every elimination's ledger under ``folders``, as PROFILE/elimination."""
    read = partial(read_stored_settings, kind=EliminationProtocol)
    for num_bytes, protocol, trials in stored_records(folders, ELIMINATION, read, read_trial_records):
        measured.num_bytes += num_bytes
        surrogates = {each.name: each.surrogate for each in protocol.rounds}
        for trial in trials:
            settings = surrogates.get(trial.part)
            if settings is not None:
                measured.add(settings, trial.device, trial.outcome, trial.seconds)


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
        found.append(_round(settings, Span(left, left), measured, count))
        entrants = min(entrants, settings.keep)
    return found


def _round(
    settings: RoundSettings, runs: Span, measured: ScoreTimings, count: Callable[[DataSettings], int | None]
) -> TaskEstimate:
    if settings.surrogate is not None:
        surrogate = settings.surrogate
        epochs = epochs_of_scores(surrogate)
        total = Span(runs.low * epochs.low, runs.high * epochs.high)
        return estimate_scores(ELIMINATION, settings.name, surrogate, runs, total, measured)
    if settings.keras is None:
        raise ValueError(f"round {settings.name} has no network")
    return _keras_round(settings.name, settings.keras, runs, measured, count(settings.keras.data))


def _keras_round(
    name: str, settings: KerasSettings, runs: Span, measured: ScoreTimings, at_hand: int | None
) -> TaskEstimate:
    rates = settings.rates
    screened = len(rates.first_rates) * rates.screening_epochs
    whole = screened + len(rates.second_rates) * rates.screening_epochs + settings.training.epochs
    samples = published_train_samples(settings.data) if at_hand is None else at_hand
    of_an_epoch = None if samples is None else steps_per_epoch(settings.training, samples)
    return TaskEstimate(
        study=ELIMINATION,
        task=name,
        runner="keras",
        runs=runs,
        steps=None if of_an_epoch is None else Span(runs.low * screened, runs.high * whole).times(of_an_epoch),
        counted="published" if at_hand is None else "data",
        seconds=None,
        measured=None,
        num_bytes=measured.bytes_per_score * runs.high,
        by_workers=False,
    )
