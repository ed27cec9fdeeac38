"""Scoring candidates: the published rule for choosing a learning rate, then the run that counts, as waves.

Source: Morgan & Hougen (arXiv 2404.06679), the surrogate function. How long the screening runs' own schedule is was
not published: here a screening run is a short run of its own, with the full run's shape of schedule.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from paper_optimizers.spec import OptimizerSpec
from reproduce.population.assembly import Member
from reproduce.population.engine import Population
from reproduce.population.scoring_settings import ScoringSettings
from reproduce.population.waves import Task, Training, train_members


@dataclass(frozen=True)
class Scored:
    """The candidate was trained to the end (or to where it was cut short).

    Attributes:
        score: Its best validation accuracy over the epochs.
        rate: The peak rate chosen.
        screening: Best train accuracy at each rate tried; 0 where it diverged in the first epoch.
        training: The run that counts.
    """

    score: float
    rate: float
    screening: dict[float, float]
    training: Training


@dataclass(frozen=True)
class Rejected:
    """No rate reached a threshold.

    Attributes:
        stage: "first" or "second" screening.
        screening: As in `Scored`.
    """

    stage: Literal["first", "second"]
    screening: dict[float, float]


@dataclass(frozen=True)
class FailedRun:
    """The run that counts left the numbers before its first epoch was over.

    Attributes:
        step: The first step that was not finite.
        rate: The peak rate chosen.
        screening: As in `Scored`.
    """

    step: int
    rate: float
    screening: dict[float, float]


Score = Scored | Rejected | FailedRun


def score_candidates(
    population: Population,
    specs: Sequence[OptimizerSpec],
    seeds: Sequence[int],
    task: Task,
    settings: ScoringSettings,
    *,
    largest: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> list[Score]:
    """Score ``specs``, each with its own seed; a score does not depend on the other candidates.

    Args:
        population: The engine.
        specs: Candidates, flips already in them.
        seeds: One for each candidate.
        task: See `Task`.
        settings: See `ScoringSettings`.
        largest: The most members trained at once; None for as many as the memory at hand holds.
        progress: Told the number of member-epochs done.

    Returns:
        `Scored`, `Rejected` or `FailedRun` for each candidate, in their order.
    """
    wave = _Wave(population, task, settings, largest, progress)
    candidates = list(zip(specs, seeds, strict=True))
    screenings: list[dict[float, float]] = [{} for _ in candidates]
    scores: dict[int, Score] = {}
    for stage, rates, threshold in (
        ("first", settings.first_rates, settings.first_threshold),
        ("second", settings.second_rates, settings.second_threshold),
    ):
        alive = [index for index in range(len(candidates)) if index not in scores]
        for index, accuracies in zip(alive, wave.screen([candidates[index] for index in alive], rates), strict=True):
            screenings[index] |= accuracies
            if max(screenings[index].values()) < threshold:
                scores[index] = Rejected(stage, screenings[index])  # type: ignore[arg-type]
    alive = [index for index in range(len(candidates)) if index not in scores]
    chosen = [_best_rate(screenings[index]) for index in alive]
    trainings = wave.run([(*candidates[index], rate) for index, rate in zip(alive, chosen, strict=True)])
    for index, rate, training in zip(alive, chosen, trainings, strict=True):
        scores[index] = _score(training, rate, screenings[index])
    return [scores[index] for index in range(len(candidates))]


def _best_rate(screening: dict[float, float]) -> float:
    """The rate of the best train accuracy; of equal ones the smallest rate."""
    return min(screening, key=lambda rate: (-screening[rate], rate))


def _score(training: Training, rate: float, screening: dict[float, float]) -> Score:
    if not training.validation_accuracy:
        return FailedRun(training.failed_at or 0, rate, screening)
    return Scored(max(training.validation_accuracy), rate, screening, training)


@dataclass(frozen=True)
class _Wave:
    population: Population
    task: Task
    settings: ScoringSettings
    largest: int | None
    progress: Callable[[int], None] | None

    def screen(
        self, candidates: Sequence[tuple[OptimizerSpec, int]], rates: Sequence[float]
    ) -> list[dict[float, float]]:
        """The best train accuracy of each candidate at each rate."""
        jobs = [(spec, seed, rate) for spec, seed in candidates for rate in rates]
        trainings = iter(self._train(jobs, self.settings.screening_epochs))
        return [{rate: max(next(trainings).train_accuracy, default=0.0) for rate in rates} for _ in candidates]

    def run(self, jobs: Sequence[tuple[OptimizerSpec, int, float]]) -> list[Training]:
        """The runs that count."""
        return self._train(jobs, self.settings.epochs)

    def _train(self, jobs: Sequence[tuple[OptimizerSpec, int, float]], epochs: int) -> list[Training]:
        total = epochs * self.task.steps_per_epoch
        warmup, hold = (int(total * share) for share in (self.settings.warmup_fraction, self.settings.hold_fraction))
        members = [
            Member(spec, rate, total, warmup, hold, seed, nesterov=self.settings.nesterov) for spec, seed, rate in jobs
        ]
        return train_members(
            self.population, members, self.task, epochs,
            largest=self.largest, go_on=self._go_on, progress=self.progress,
        )  # fmt: skip

    def _go_on(self, training: Training) -> bool:
        epochs = len(training.train_accuracy)
        return epochs < self.settings.patience or max(training.train_accuracy) >= self.settings.first_threshold
