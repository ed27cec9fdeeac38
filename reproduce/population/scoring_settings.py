"""The settings of scoring, apart from what computes it: stored ones are read without JAX."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class ScoringSettings:
    """The rule by which a candidate's rate is chosen and its score measured.

    Attributes:
        epochs: Epochs of the run that counts.
        warmup_fraction: Share of a run's steps in which the rate rises to its peak.
        screening_epochs: Epochs of a run that chooses the rate.
        first_rates: Rates every candidate is tried at.
        first_threshold: Train accuracy that one of them must reach.
        second_rates: Rates the others are tried at.
        second_threshold: Train accuracy that one of all rates must reach.
        patience: A run is cut short after so many epochs if its train accuracy is still under ``first_threshold``.
        hold_fraction: Share of its steps at the peak after the warm-up.
        nesterov: The form of Nesterov momentum; see `Member`.
    """

    epochs: int
    warmup_fraction: float
    screening_epochs: int
    first_rates: tuple[float, ...]
    first_threshold: float
    second_rates: tuple[float, ...]
    second_threshold: float
    patience: int
    hold_fraction: float = 0.0
    nesterov: Literal["released", "search"] = "released"
