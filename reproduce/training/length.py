"""How many steps a run has."""

from __future__ import annotations

from dataclasses import dataclass

from reproduce.training.settings import TrainingSettings


@dataclass(frozen=True)
class RunLength:
    """The steps of a run, which decay functions and one-cycle momentum follow.

    Attributes:
        total_steps: All of them.
        warmup_steps: Those in which the rate rises.
        hold_steps: Those at the peak.
    """

    total_steps: int
    warmup_steps: int
    hold_steps: int


def run_length(settings: TrainingSettings, num_samples: int) -> RunLength:
    """The steps of a run over ``num_samples`` training samples."""
    total = settings.epochs * steps_per_epoch(settings, num_samples)
    warmup = int(total * settings.warmup_fraction)
    return RunLength(total, warmup, int(total * settings.hold_fraction))


def steps_per_epoch(settings: TrainingSettings, num_samples: int) -> int:
    """As the settings say, or as many whole batches as there are."""
    return settings.steps_per_epoch or num_samples // settings.batch_size
