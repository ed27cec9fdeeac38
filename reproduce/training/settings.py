"""How one network is trained, whatever trains it."""

from __future__ import annotations

from dataclasses import dataclass

from reproduce.settings import require


@dataclass(frozen=True)
class TrainingSettings:
    """The length and schedule of one run.

    Attributes:
        batch_size: Samples of a step; what is left over at an epoch's end is dropped, after a fresh shuffle each epoch.
        epochs: Passes over the training samples.
        warmup_fraction: Share of all steps in which the rate rises linearly from 0 to its peak.
        hold_fraction: Share of all steps at the peak after the warm-up; a half cosine to 0 takes the rest.
        gradient_noise: Standard deviation of the normal noise added to each tensor's gradient, as a share of the
            root mean square of that gradient; 0 adds none.
    """

    batch_size: int
    epochs: int
    warmup_fraction: float
    hold_fraction: float
    gradient_noise: float

    def __post_init__(self) -> None:
        require(self.batch_size >= 1, "batch_size", self.batch_size, "1 or more")
        require(self.epochs >= 1, "epochs", self.epochs, "1 or more")
        require(0 <= self.warmup_fraction < 1, "warmup_fraction", self.warmup_fraction, "in [0, 1)")
        room = 1 - self.warmup_fraction
        require(0 <= self.hold_fraction < room, "hold_fraction", self.hold_fraction, f"in [0, {room:g})")
        require(0 <= self.gradient_noise <= 100, "gradient_noise", self.gradient_noise, "between 0 and 100")
