"""The settings of the surrogate, apart from what computes it: stored ones are read without JAX."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reproduce.data.settings import PictureSettings
from reproduce.plain_data import require
from reproduce.population.scoring_settings import ScoringSettings


@dataclass(frozen=True)
class AugmentationSettings:
    """Images cropped, flipped left to right and cut out.

    Attributes:
        crop_padding: Pixels of reflection on every side before a crop.
        cutout: Side of the square that is set to 0.
    """

    crop_padding: int
    cutout: int

    def __post_init__(self) -> None:
        for name in ("crop_padding", "cutout"):
            require(getattr(self, name) >= 1, name, getattr(self, name), "1 or more")


@dataclass(frozen=True)
class SurrogateSettings:
    """Everything that a candidate's score depends on, beside its spec and its seed.

    Attributes:
        data: The images and how many of them; scores never see the test part.
        base_filters: Filters of the first of three convolutions; the others have twice and four times as many.
        dropout: Rate before the last layer.
        batch_norm_momentum: Share of the old running mean and variance kept at each step.
        standardise: Whether each channel gets the mean 0 and deviation 1 of the training images, instead of [0, 1].
        precision: Type of the convolutions and of the last layer; everything else is float32.
        batch_size: Images of a step.
        steps_per_epoch: Steps between two measurements of validation accuracy.
        scoring: How the rate is chosen and the score measured.
        augmentation: What is done to training images at random; left out, nothing.
    """

    data: PictureSettings
    base_filters: int
    dropout: float
    batch_norm_momentum: float
    standardise: bool
    precision: Literal["float32", "bfloat16"]
    batch_size: int
    steps_per_epoch: int
    scoring: ScoringSettings
    augmentation: AugmentationSettings | None = None

    def __post_init__(self) -> None:
        require(1 <= self.base_filters <= 4096, "base_filters", self.base_filters, "between 1 and 4096")
        require(0 <= self.dropout < 1, "dropout", self.dropout, "in [0, 1)")
        momentum = self.batch_norm_momentum
        require(0 <= momentum < 1, "batch_norm_momentum", momentum, "in [0, 1)")
        require(self.batch_size >= 1, "batch_size", self.batch_size, "1 or more")
        require(self.steps_per_epoch >= 1, "steps_per_epoch", self.steps_per_epoch, "1 or more")
        _require_scoring(self.scoring)


def _require_scoring(scoring: ScoringSettings) -> None:
    for name in ("epochs", "screening_epochs", "patience"):
        require(getattr(scoring, name) >= 1, f"scoring.{name}", getattr(scoring, name), "1 or more")
    for name in ("warmup_fraction", "hold_fraction", "first_threshold", "second_threshold"):
        require(0 <= getattr(scoring, name) <= 1, f"scoring.{name}", getattr(scoring, name), "in [0, 1]")
    for name in ("first_rates", "second_rates"):
        rates = getattr(scoring, name)
        require(len(rates) > 0 and min(rates) > 0, f"scoring.{name}", rates, "at least one positive rate")
    both = (*scoring.first_rates, *scoring.second_rates)
    require(len(set(both)) == len(both), "scoring.second_rates", scoring.second_rates, "new rates, each once")
