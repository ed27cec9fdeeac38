"""How one network is trained, whatever trains it, and how many steps that takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reproduce.data.settings import DataSettings
from reproduce.plain_data import require, require_at_least

Augmentation = Literal["flip", "crop", "cutout", "rand_augment", "mixup", "cutmix"]
Precision = Literal["float32", "mixed_bfloat16", "mixed_float16"]
Frozen = Literal["nothing", "batch_norm", "backbone"]


@dataclass(frozen=True)
class TrainingSettings:
    """The length and schedule of one run.

    Attributes:
        batch_size: Samples of a step; what is left over at an epoch's end is dropped, after a fresh shuffle each epoch.
        epochs: Passes over the training samples, or as many times ``steps_per_epoch`` steps.
        warmup_fraction: Share of all steps in which the rate rises linearly from 0 to its peak.
        steps_per_epoch: Steps of an epoch, after which validation is measured; left out, one pass. Where it is more
            than one pass, samples are shuffled afresh for each.
        hold_fraction: Share of all steps at the peak after the warm-up; a half cosine to 0 takes the rest.
        gradient_noise: Standard deviation of the normal noise added to each tensor's gradient, as a share of the
            root mean square of that gradient; 0 adds none.
        augmentations: What is done to training images, in the order given: "crop" (mirror by an eighth around them, cut
            out at random), "flip" (left to right), "cutout" (a square of a quarter of the width), and keras-cv's
            "rand_augment", "mixup" and "cutmix".
        accumulation: Batches whose gradients are averaged for one step; each has batch_size / accumulation samples.
        precision: "float32", or the type that layers compute in beside float32 weights: "mixed_bfloat16" or
            "mixed_float16", which scales the loss.
        samples: Training samples of a run, drawn anew by its seed from all there are; left out, all.
        rand_augment_magnitude: How strong "rand_augment" is, from 0 to 1.
        rand_augment_per_image: How many changes it makes to an image.
        statistics_batches: The most batches of an epoch that batch normalisation sees of averaged weights before these
            are measured.
        frozen: What of a network with weights of its own is not trained: "nothing", "batch_norm" (statistics and
            factors), or "backbone" (everything but the last layer).
    """

    batch_size: int
    epochs: int
    warmup_fraction: float
    steps_per_epoch: int | None = None
    hold_fraction: float = 0.0
    gradient_noise: float = 0.0
    augmentations: tuple[Augmentation, ...] = ()
    accumulation: int = 1
    precision: Precision = "float32"
    frozen: Frozen = "nothing"
    samples: int | None = None
    rand_augment_magnitude: float = 0.3
    rand_augment_per_image: int = 2
    statistics_batches: int = 50

    def __post_init__(self) -> None:
        require_at_least(
            1, self, "batch_size", "epochs", "steps_per_epoch", "rand_augment_per_image", "statistics_batches"
        )
        require_at_least(self.batch_size, self, "samples")
        require(0 <= self.warmup_fraction < 1, "warmup_fraction", self.warmup_fraction, "in [0, 1)")
        room = 1 - self.warmup_fraction
        require(0 <= self.hold_fraction < room, "hold_fraction", self.hold_fraction, f"in [0, {room:g})")
        require(0 <= self.gradient_noise <= 100, "gradient_noise", self.gradient_noise, "between 0 and 100")
        names = list(self.augmentations)
        require(len(set(names)) == len(names), "augmentations", names, "each at most once")
        strength = self.rand_augment_magnitude
        require(0 <= strength <= 1, "rand_augment_magnitude", strength, "between 0 and 1")
        for name in ("rand_augment_magnitude", "rand_augment_per_image"):
            value, usual = getattr(self, name), getattr(TrainingSettings, name)
            applies = "rand_augment" in names or value == usual
            require(applies, name, value, 'left out where augmentations have no "rand_augment"')
        even = self.accumulation >= 1 and self.batch_size % self.accumulation == 0
        require(even, "accumulation", self.accumulation, f"a divisor of batch_size {self.batch_size}")


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
    """Count the steps of an epoch: as the settings say, or as many whole batches as there are."""
    return settings.steps_per_epoch or min(num_samples, settings.samples or num_samples) // settings.batch_size


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
