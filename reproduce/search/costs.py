"""Cost of scores in searches and eliminations: measured from ledgers, and estimated from protocols alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reproduce.data.catalog import published_train_samples
from reproduce.estimates import Span, StepCost, TaskEstimate, stored_records
from reproduce.outcomes import Outcome, epochs_of
from reproduce.results_layout import COMPARISON, SEARCH, SETTINGS_FILE
from reproduce.search.algorithm import Stage, num_kept
from reproduce.search.protocol import SearchProtocol, stored_search_protocol
from reproduce.search.records import AnyRecord, End, Header, StageEvaluation, read_search_records
from reproduce.search.surrogate_settings import SurrogateSettings
from reproduce.tasks.rates import RateScreening
from reproduce.training.settings import steps_per_epoch

#: All that decides what a step costs but for the candidate; see `surrogate_key`.
SurrogateKey = tuple[Any, ...]


@dataclass
class ScoreTimings:
    """Steps that were measured, gathered.

    Attributes:
        found: By `surrogate_key` and device: seconds, steps and scores.
        num_bytes: Of the ledgers that were read.
        num_scores: In them.
    """

    found: dict[SurrogateKey, dict[str, list[tuple[float, int]]]] = field(default_factory=dict)
    num_bytes: int = 0
    num_scores: int = 0

    def add(self, settings: SurrogateSettings, device: str, outcome: Outcome, seconds: float) -> None:
        """A score was found in a ledger; one of an epoch without a known number of steps is passed over."""
        of_an_epoch = _steps_of_an_epoch(settings, None)
        if of_an_epoch is None:
            return
        steps = epochs_of(outcome, settings.screening_epochs) * of_an_epoch
        self.found.setdefault(surrogate_key(settings), {}).setdefault(device, []).append((seconds, steps))
        self.num_scores += 1

    def cost(self, settings: SurrogateSettings) -> StepCost | None:
        """A step of this surrogate, where one like it was measured: on the device of most scores."""
        devices = self.found.get(surrogate_key(settings))
        if not devices:
            return None
        device = max(devices, key=lambda name: (len(devices[name]), name))
        scores = devices[device]
        seconds = sum(each for each, _ in scores) / max(1, sum(steps for _, steps in scores))
        return StepCost(seconds, {}, device, len(scores))

    @property
    def bytes_per_score(self) -> float:
        """Mean length of what a ledger holds for a score."""
        return self.num_bytes / self.num_scores if self.num_scores else 0.0


def surrogate_key(settings: SurrogateSettings) -> SurrogateKey:
    """Surrogates of the same key have steps of the same cost."""
    first, *others = settings.tasks
    training = first.training
    return (
        *(settings.trainer, first.model.network, first.model.width, first.data.source),
        *(getattr(first.data, "image_size", None), getattr(first.data, "window", None)),
        *(training.batch_size, training.precision, training.augmentations != (), *others),
    )


def measure_searches(folders: Iterable[Path], measured: ScoreTimings) -> None:
    """Add the scores of every search's ledger under ``folders``, those of comparisons too; see `stored_records`."""
    folders = tuple(folders)
    for name, read_settings in ((SEARCH, stored_search_protocol), (f"{COMPARISON}/*", _settings_of_compared)):
        for num_bytes, protocol, records in stored_records(folders, name, read_settings, read_search_records):
            measured.num_bytes += num_bytes
            device = next((record.device for record in records if isinstance(record, Header)), "")
            for record in records:
                if isinstance(record, StageEvaluation) and record.cached is None:
                    measured.add(stages_of(protocol)[record.stage], device, record.outcome, record.seconds)


def estimate_search(protocol: SearchProtocol, ledger: Path, measured: ScoreTimings) -> list[TaskEstimate]:
    """Estimate the cost of what ``search`` has not yet scored, by stage, and of the scoring again at its end.

    Args:
        protocol: See `SearchProtocol`.
        ledger: Of the search; it need not be there.
        measured: See `measure_searches`.

    Raises:
        LedgerError: If the ledger is there and cannot be read.
    """
    sizes, rescoring = protocol.sizes, protocol.rescoring
    done = read_search_records(ledger) if ledger.is_file() else []
    children = sizes.steps * sizes.particles * sizes.children
    again = (rescoring.top + len(rescoring.baselines)) * len(rescoring.seeds)
    epochs_of_one = epochs_of_scores(protocol.evolution)
    numbers = {"initial": sizes.initial, "evolution": sizes.particles + children}
    if sizes.keep is not None:
        kept = sizes.steps * sizes.particles * num_kept(sizes.keep, sizes.children)
        numbers = {"initial": sizes.initial + children, "evolution": sizes.particles + kept}
    drawn_on = "evolution" if sizes.keep is None else "initial"
    wanted: dict[Stage, tuple[Span, Span]] = {}
    for stage, settings in stages_of(protocol).items():
        number, each = numbers[stage], epochs_of_scores(settings)
        redrawn = children * sizes.redraws if stage == drawn_on else 0
        most = number * each.high + redrawn * _screening(settings.tasks[0].rates)
        wanted[stage] = (Span(number, number + redrawn), Span(number * each.low, most))
    found = []
    for stage, (runs, epochs) in wanted.items():
        settings = stages_of(protocol)[stage]
        num, spent = scored(done, stage, settings)
        ended = any(isinstance(record, End) for record in done)
        left = [Span(0, 0) if ended else less(span, spent) for span, spent in ((runs, num), (epochs, spent))]
        found.append(estimate_scores("search", stage, settings, left[0], left[1], measured))
    runs = Span(again, again)
    found.append(
        estimate_scores("search", "scored again", protocol.evolution, runs, epochs_of_one.times(again), measured)
    )
    return found


def estimate_scores(
    study: str,
    task: str,
    settings: SurrogateSettings,
    runs: Span,
    epochs: Span,
    measured: ScoreTimings,
    at_hand: int | None = None,
) -> TaskEstimate:
    """Estimate the cost of so many scores on a surrogate, of so many epochs in all.

    Args:
        study: What they are for.
        task: A part of that.
        settings: The surrogate.
        runs: How many scores.
        epochs: All their epochs.
        measured: See `measure_searches`.
        at_hand: Training samples of the first task's data; None where they are not at hand.
    """
    of_an_epoch, cost = _steps_of_an_epoch(settings, at_hand), measured.cost(settings)
    steps = None if of_an_epoch is None else epochs.times(of_an_epoch)
    is_counted = settings.tasks[0].training.steps_per_epoch is not None or at_hand is not None
    return TaskEstimate(
        study=study,
        task=task,
        runner=settings.trainer,
        runs=runs,
        steps=steps,
        counted="data" if is_counted else "published",
        seconds=None if cost is None or steps is None else steps.times(cost.seconds),
        measured=cost,
        num_bytes=measured.bytes_per_score * runs.high,
        by_workers=False,
    )


def epochs_of_scores(settings: SurrogateSettings) -> Span:
    """Count the epochs of one score: cut off by the first screening, or trained on all tasks after both screenings."""
    first = settings.tasks[0].rates
    whole = sum(_screening(each.rates) + each.training.epochs for each in settings.tasks)
    return Span(len(first.first_rates) * first.screening_epochs, whole)


def _steps_of_an_epoch(settings: SurrogateSettings, at_hand: int | None) -> int | None:
    """Count the steps of an epoch on the first task; None where its data are neither at hand nor of a known size."""
    first = settings.tasks[0]
    samples = published_train_samples(first.data) if at_hand is None else at_hand
    known = first.training.steps_per_epoch
    return known if known is not None or samples is None else steps_per_epoch(first.training, samples)


def _screening(rates: RateScreening) -> int:
    return (len(rates.first_rates) + len(rates.second_rates)) * rates.screening_epochs


def _settings_of_compared(beside: Path) -> SearchProtocol:
    """The settings of compared searches: one file for all, in the folder above theirs."""
    return stored_search_protocol(beside.parent.with_name(SETTINGS_FILE))


def stages_of(protocol: SearchProtocol) -> Mapping[Stage, SurrogateSettings]:
    """The surrogate of each stage."""
    return {"initial": protocol.initial, "evolution": protocol.evolution}


def scored(records: Sequence[AnyRecord], stage: Stage, settings: SurrogateSettings) -> tuple[int, int]:
    """Count the scores on a stage that a ledger has, and their epochs."""
    outcomes = [record.outcome for record in records if isinstance(record, StageEvaluation) and record.stage == stage]
    return len(outcomes), sum(epochs_of(outcome, settings.screening_epochs) for outcome in outcomes)


def less(span: Span, done: float) -> Span:
    """Take from both ends what is done; neither falls below 0."""
    return Span(max(0, span.low - done), max(0, span.high - done))
