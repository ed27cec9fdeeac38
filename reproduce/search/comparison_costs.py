"""Cost of compared searches and of the noise floor, estimated from their protocols before they start."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from reproduce.estimates import Span, TaskEstimate
from reproduce.results_layout import COMPARISON, LEDGER_FILE, NOISE, RESCORING_FILE
from reproduce.search.algorithm import Stage
from reproduce.search.costs import ScoreTimings, epochs_of_scores, estimate_scores, less, scored, stages_of
from reproduce.search.plan import comparison_plans
from reproduce.search.protocol import SearchProtocol
from reproduce.search.records import AnyRecord, End, read_search_records
from reproduce.search.trials import read_trial_records


def estimate_comparison(protocol: SearchProtocol, folder: Path, measured: ScoreTimings) -> list[TaskEstimate]:
    """Estimate what ``compare-searches`` has not yet scored: openings, the budgets after them, and finds again.

    Searches of one seed and space open with the same candidates, which are scored once. A budget is spent in rounds, so
    the last one of each search may exceed it.

    Args:
        protocol: See `SearchProtocol`.
        folder: Of the comparison; it need not be there.
        measured: See `reproduce.search.costs.measure_searches`.

    Raises:
        LedgerError: If a ledger is there and cannot be read.
    """
    settings, sizes = protocol.comparison, protocol.sizes
    opening: dict[Stage, int] = {"initial": sizes.initial, "evolution": sizes.particles}
    at_once = max(settings.per_round, sizes.particles * sizes.children)
    left = {stage: [Span(0, 0), Span(0, 0)] for stage in opening}
    for records, is_first in _searches(protocol, folder):
        for stage, surrogate in stages_of(protocol).items():
            each, number = epochs_of_scores(surrogate), opening[stage] if is_first else 0
            runs, epochs = Span(number, number), each.times(number)
            if stage == "evolution":
                most = settings.epochs + at_once * each.high
                runs = Span(number + settings.epochs / each.high, number + most / each.low)
                epochs = Span(epochs.low + settings.epochs, epochs.high + most)
            num, spent = scored(records, stage, surrogate)
            if not any(isinstance(record, End) for record in records):
                for place, span in enumerate((less(runs, num), less(epochs, spent))):
                    left[stage][place] = _sum(left[stage][place], span)
    found = [
        estimate_scores(COMPARISON, stage, surrogate, left[stage][0], left[stage][1], measured)
        for stage, surrogate in stages_of(protocol).items()
    ]
    seeds, known = len(protocol.rescoring.seeds), len(protocol.rescoring.baselines)
    finds = len(comparison_plans(protocol)) * settings.top
    trials = Span(known * seeds, (known + finds) * seeds)  # Finds that compute the same are scored once.
    return [*found, _again(COMPARISON, protocol, trials, folder / RESCORING_FILE, measured)]


def estimate_noise(protocol: SearchProtocol, folder: Path, measured: ScoreTimings) -> list[TaskEstimate]:
    """Estimate what ``noise-floor`` has not yet scored; arguments and errors as of `estimate_comparison`."""
    trials = Span(len(protocol.noise.seeds), len(protocol.noise.seeds))
    return [_again(NOISE, protocol, trials, folder / LEDGER_FILE, measured)]


def _searches(protocol: SearchProtocol, folder: Path) -> Iterator[tuple[list[AnyRecord], bool]]:
    """Yield what each search has on record, and whether it is the first that opens with its candidates."""
    opened: set[tuple[int, str]] = set()
    for plan in comparison_plans(protocol):
        path, opening = folder / plan.name / LEDGER_FILE, (plan.seed, plan.space)
        yield read_search_records(path) if path.is_file() else [], opening not in opened
        opened.add(opening)


def _again(study: str, protocol: SearchProtocol, trials: Span, ledger: Path, measured: ScoreTimings) -> TaskEstimate:
    """Estimate trials on the evolution stage, less those on record."""
    known = len(read_trial_records(ledger)) if ledger.is_file() else 0
    runs, each = less(trials, known), epochs_of_scores(protocol.evolution)
    epochs = Span(runs.low * each.low, runs.high * each.high)
    return estimate_scores(study, "scored again", protocol.evolution, runs, epochs, measured)


def _sum(one: Span, other: Span) -> Span:
    return Span(one.low + other.low, one.high + other.high)
