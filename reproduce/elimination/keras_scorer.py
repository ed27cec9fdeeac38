"""Scoring on any network through Keras, by the rule of the search's surrogate; one run after another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from paper_optimizers import GraphOptimizer
from paper_optimizers.namespaces import NUMPY
from paper_optimizers.one_cycle import base_rate
from paper_optimizers.spec import OptimizerSpec
from reproduce.data import Dataset
from reproduce.elimination.protocol import KerasSettings
from reproduce.population.assembly import Member
from reproduce.population.scoring import FailedRun, Rejected, Score, Scored
from reproduce.population.waves import Training
from reproduce.search.executors import Candidate, Progress
from reproduce.training.length import RunLength
from reproduce.training.outcome import Diverged, Measured
from reproduce.training.settings import TrainingSettings
from reproduce.training.trainer import Trainer


class KerasScorer:
    """A `reproduce.search.executors.Scorer` on a Keras network.

    Args:
        settings: Data, network, training and the choice of the rate.
        dataset: What ``settings.data`` means.
    """

    def __init__(self, settings: KerasSettings, dataset: Dataset) -> None:
        self._settings = settings
        self._dataset = dataset

    def score(self, candidates: Sequence[Candidate], progress: Progress | None = None) -> list[Score]:
        """A score for each candidate: best validation accuracy over the epochs, at the rate that trained best.

        Args:
            candidates: What to score.
            progress: Told the epochs done.
        """
        return [self._score(candidate, progress) for candidate in candidates]

    def _score(self, candidate: Candidate, progress: Progress | None) -> Score:
        rule = self._settings.rates
        short = replace(self._settings.training, epochs=rule.screening_epochs)
        trainer = self._trainer(candidate.spec, short)
        screening: dict[float, float] = {}
        for stage, rates, threshold in (
            ("first", rule.first_rates, rule.first_threshold),
            ("second", rule.second_rates, rule.second_threshold),
        ):
            for rate in rates:
                curve = self._run(trainer, candidate.seed, rate, progress).curve
                screening[rate] = max(curve.train_accuracy, default=0.0)
            if max(screening.values()) < threshold:
                return Rejected(stage, screening)  # type: ignore[arg-type]
        rate = min(screening, key=lambda rate: (-screening[rate], rate))
        trainer = self._trainer(candidate.spec, self._settings.training)
        measured = self._run(trainer, candidate.seed, rate, progress)
        return _scored(candidate, rate, screening, measured, trainer.length)

    def _trainer(self, spec: OptimizerSpec, training: TrainingSettings) -> Trainer:
        return Trainer(self._settings.model, training, self._dataset, lambda length: _optimizer(spec, length))

    def _run(self, trainer: Trainer, seed: int, rate: float, progress: Progress | None) -> Measured:
        measured = trainer.run(_rates(rate, trainer.length), seed, test=False)
        if progress is not None:
            progress(len(measured.curve.train_loss))
        return measured


def _scored(
    candidate: Candidate, rate: float, screening: dict[float, float], measured: Measured, length: RunLength
) -> Score:
    failed_at = measured.outcome.step if isinstance(measured.outcome, Diverged) else None
    curve = measured.curve
    if not curve.validation_accuracy:
        return FailedRun(failed_at or 0, rate, screening)
    member = Member(candidate.spec, rate, length.total_steps, length.warmup_steps, length.hold_steps, candidate.seed)
    training = Training(
        member,
        list(curve.train_loss),
        list(curve.train_accuracy),
        list(curve.validation_loss),
        list(curve.validation_accuracy),
        failed_at,
    )
    return Scored(max(curve.validation_accuracy), rate, screening, training)


def _optimizer(spec: OptimizerSpec, length: RunLength) -> Any:
    """A Keras optimizer whose rate is a variable; the momentum's one cycle reads the phases set here."""
    optimizer = GraphOptimizer(spec, 1e-3, total_steps=length.total_steps)
    optimizer.warmup_steps, optimizer.hold_steps = length.warmup_steps, length.hold_steps
    return optimizer


def _rates(rate: float, length: RunLength) -> NDArray[np.float32]:
    """The rate of each step: warm-up, hold, half a cosine to 0; a spec's own schedule factor is in the optimizer."""
    steps = np.arange(length.total_steps, dtype=np.float64)
    phases = (length.total_steps, length.warmup_steps, length.hold_steps)
    return np.asarray(base_rate(NUMPY, steps, rate, *phases)).astype(np.float32)
