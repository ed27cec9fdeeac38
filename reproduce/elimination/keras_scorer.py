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
from reproduce.outcomes import Outcome, ScreenedOut, Training
from reproduce.population.scoring import best_rate, judged
from reproduce.search.executors import Candidate
from reproduce.training.settings import RunLength, TrainingSettings
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

    def score(self, candidates: Sequence[Candidate]) -> list[Outcome]:
        """An outcome for each candidate: best validation accuracy over the epochs, at the rate that trained best."""
        return [self._score(candidate) for candidate in candidates]

    def _score(self, candidate: Candidate) -> Outcome:
        rule = self._settings.rates
        trainer = self._trainer(candidate.spec, replace(self._settings.training, epochs=rule.screening_epochs))
        screening: dict[float, float] = {}
        for stage, rates, threshold in (
            ("first", rule.first_rates, rule.first_threshold),
            ("second", rule.second_rates, rule.second_threshold),
        ):
            for rate in rates:
                curve = self._run(trainer, candidate.seed, rate).curve
                screening[rate] = max(curve.train_accuracy, default=0.0)
            if max(screening.values()) < threshold:
                return ScreenedOut(stage, tuple(screening.items()))  # type: ignore[arg-type]
        rate = best_rate(screening)
        trainer = self._trainer(candidate.spec, self._settings.training)
        return judged(self._run(trainer, candidate.seed, rate), rate, screening)

    def _trainer(self, spec: OptimizerSpec, training: TrainingSettings) -> Trainer:
        return Trainer(self._settings.model, training, self._dataset, lambda length: _optimizer(spec, length))

    def _run(self, trainer: Trainer, seed: int, rate: float) -> Training:
        return trainer.run(_rates(rate, trainer.length), seed, test=False)


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
