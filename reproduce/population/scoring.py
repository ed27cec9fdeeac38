"""Scoring candidates: the published rule for choosing a learning rate, then the run that counts, as waves.

Source: Morgan & Hougen (arXiv 2404.06679), the surrogate function. How long the screening runs' own schedule is was
not published: here a screening run is a short run of its own, with the full run's shape of schedule.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from paper_optimizers.spec import OptimizerSpec
from reproduce.outcomes import Diverged, Outcome, ScreenedOut, Trained, Training
from reproduce.population.assembly import Member
from reproduce.population.engine import Population
from reproduce.population.scoring_settings import ScoringSettings
from reproduce.population.waves import Examples, train_members


def score_candidates(
    population: Population,
    specs: Sequence[OptimizerSpec],
    seeds: Sequence[int],
    examples: Examples,
    settings: ScoringSettings,
    *,
    largest: int | None = None,
) -> list[Outcome]:
    """Score ``specs``, each with its own seed; a score does not depend on the other candidates.

    Args:
        population: The engine.
        specs: Candidates, flips already in them.
        seeds: One for each candidate.
        examples: See `Examples`.
        settings: See `ScoringSettings`.
        largest: The most members trained at once; None for as many as the memory at hand holds.

    Returns:
        An outcome for each candidate, in their order.
    """
    wave = _Wave(population, examples, settings, largest)
    candidates = list(zip(specs, seeds, strict=True))
    screenings: list[dict[float, float]] = [{} for _ in candidates]
    outcomes: dict[int, Outcome] = {}
    stages: tuple[tuple[Literal["first", "second"], tuple[float, ...], float], ...] = (
        ("first", settings.first_rates, settings.first_threshold),
        ("second", settings.second_rates, settings.second_threshold),
    )
    for stage, rates, threshold in stages:
        alive = [index for index in range(len(candidates)) if index not in outcomes]
        for index, accuracies in zip(alive, wave.screen([candidates[index] for index in alive], rates), strict=True):
            screenings[index] |= accuracies
            if max(screenings[index].values()) < threshold:
                outcomes[index] = ScreenedOut(stage, tuple(screenings[index].items()))
    alive = [index for index in range(len(candidates)) if index not in outcomes]
    chosen = [best_rate(screenings[index]) for index in alive]
    trainings = wave.run([(*candidates[index], rate) for index, rate in zip(alive, chosen, strict=True)])
    for index, rate, training in zip(alive, chosen, trainings, strict=True):
        outcomes[index] = judged(training, rate, screenings[index])
    return [outcomes[index] for index in range(len(candidates))]


def best_rate(screening: dict[float, float]) -> float:
    """The rate of the best train accuracy; of equal ones the smallest rate."""
    return min(screening, key=lambda rate: (-screening[rate], rate))


def judged(training: Training, rate: float, screening: dict[float, float]) -> Outcome:
    """The outcome of the training that counts, at the ``rate`` that ``screening`` chose."""
    accuracies, tried = training.curve.validation_accuracy, tuple(screening.items())
    if not accuracies:
        return Diverged(training.diverged_at or 0, rate, tried)
    return Trained(max(accuracies), rate, tried, training.curve.train_accuracy, accuracies, training.cut)


@dataclass(frozen=True)
class _Wave:
    population: Population
    examples: Examples
    settings: ScoringSettings
    largest: int | None

    def screen(
        self, candidates: Sequence[tuple[OptimizerSpec, int]], rates: Sequence[float]
    ) -> list[dict[float, float]]:
        """The best train accuracy of each candidate at each rate."""
        jobs = [(spec, seed, rate) for spec, seed in candidates for rate in rates]
        trainings = iter(self._train(jobs, self.settings.screening_epochs))
        return [{rate: max(next(trainings).curve.train_accuracy, default=0.0) for rate in rates} for _ in candidates]

    def run(self, jobs: Sequence[tuple[OptimizerSpec, int, float]]) -> list[Training]:
        """The runs that count."""
        return self._train(jobs, self.settings.epochs)

    def _train(self, jobs: Sequence[tuple[OptimizerSpec, int, float]], epochs: int) -> list[Training]:
        total = epochs * self.examples.steps_per_epoch
        warmup, hold = (int(total * share) for share in (self.settings.warmup_fraction, self.settings.hold_fraction))
        members = [
            Member(spec, rate, total, warmup, hold, seed, nesterov=self.settings.nesterov) for spec, seed, rate in jobs
        ]
        return train_members(self.population, members, self.examples, epochs, largest=self.largest, go_on=self._go_on)

    def _go_on(self, member: Member, accuracies: Sequence[float]) -> bool:
        del member
        return len(accuracies) < self.settings.patience or max(accuracies) >= self.settings.first_threshold
