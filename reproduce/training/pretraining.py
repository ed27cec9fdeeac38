"""How weights for fine-tuning are trained on another task; `reproduce.tasks.pretraining` trains and keeps them."""

from __future__ import annotations

from dataclasses import dataclass

from reproduce.data import DataSettings
from reproduce.plain_data import require
from reproduce.training.settings import TrainingSettings


@dataclass(frozen=True)
class PretrainingSettings:
    """How the weights that fine-tuning starts from are trained.

    Attributes:
        data: The other task; its images must have as many channels as those that are fine-tuned on.
        training: Length, batches and augmentation.
        optimizer: Its name, as in a protocol's optimizers.
        rate: Peak learning rate.
        seed: Of weights, batches and all that is random.
    """

    data: DataSettings
    training: TrainingSettings
    optimizer: str
    rate: float
    seed: int

    def __post_init__(self) -> None:
        require(self.rate > 0, "rate", self.rate, "more than 0")
        require(0 <= self.seed < 2**31, "seed", self.seed, "in [0, 2^31)")
