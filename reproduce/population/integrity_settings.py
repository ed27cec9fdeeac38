"""The settings of the integrity check, apart from what computes it."""

from __future__ import annotations

from dataclasses import dataclass

from reproduce.plain_data import require


@dataclass(frozen=True)
class IntegritySettings:
    """The quadratic and when it counts as minimised.

    Source of the values: Morgan & Hougen (arXiv 2404.06679), the integrity check.

    Attributes:
        start: The first point.
        target: The minimum; the loss is the sum of squared distances to it.
        steps: Steps of a run; the loss that counts is the one before the last of them.
        warmup_steps: Linear warm-up, followed by half a cosine to 0.
        rates: Peak rates tried.
        threshold: A run passes if its loss is below this; by the published numbers the first loss is 7.1525.
        seed: Of dropout masks, which are the same for every candidate.
    """

    start: tuple[float, ...] = (1.1, 0.9, 1.1, 0.9, 1.0)
    target: tuple[float, ...] = (0.5, 1.5, -0.3, -1.2, 0.75)
    steps: int = 35
    warmup_steps: int = 6
    rates: tuple[float, ...] = (1.0, 0.1, 0.01, 1e-3, 1e-4, 1e-5)
    threshold: float = 3.5
    seed: int = 0

    def __post_init__(self) -> None:
        require(len(self.start) > 0, "start", list(self.start), "at least one number")
        same = len(self.target) == len(self.start)
        require(same, "target", list(self.target), f"{len(self.start)} numbers, as start has")
        require(self.steps >= 2, "steps", self.steps, "2 or more")
        require(
            0 <= self.warmup_steps < self.steps, "warmup_steps", self.warmup_steps, "0 or more, and less than steps"
        )
        positive = len(self.rates) > 0 and min(self.rates) > 0
        require(positive, "rates", list(self.rates), "at least one positive rate")
        require(self.threshold > 0, "threshold", self.threshold, "a positive number")
        require(0 <= self.seed < 2**31, "seed", self.seed, "in [0, 2^31)")
