"""The settings of the surrogate, apart from what computes it: stored ones are read without JAX."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from reproduce.data.settings import DataSettings, PictureSettings
from reproduce.models.settings import ConvNetSettings, ModelSettings
from reproduce.plain_data import require, require_at_least
from reproduce.tasks.rates import RateScreening
from reproduce.tasks.scoring import Scoring, ScoringWork
from reproduce.tasks.several import ScoredPart, SeveralScorings
from reproduce.tasks.task import AugmentationSettings, Task
from reproduce.tasks.trainer import CROP_FLIP_CUTOUT
from reproduce.training.settings import TrainingSettings


@dataclass(frozen=True, kw_only=True)
class ScoringSettings(RateScreening):
    """The rule by which a candidate's rate is chosen, and how its score is measured at that rate.

    Attributes:
        epochs: Epochs of the run that counts.
        warmup_fraction: Share of a run's steps in which the rate rises to its peak.
        patience: See `RateScreening`; a search always has one.
        hold_fraction: Share of its steps at the peak after the warm-up.
        nesterov: The form of Nesterov momentum; see `reproduce.population.assembly.Member`.
    """

    epochs: int
    warmup_fraction: float
    patience: int = field()
    hold_fraction: float = 0.0
    nesterov: Literal["released", "search"] = "released"

    def __post_init__(self) -> None:
        require_at_least(1, self, "epochs")
        require(0 <= self.warmup_fraction < 1, "warmup_fraction", self.warmup_fraction, "in [0, 1)")
        room = 1 - self.warmup_fraction
        require(0 <= self.hold_fraction < room, "hold_fraction", self.hold_fraction, f"in [0, {room:g})")
        super().__post_init__()


@dataclass(frozen=True)
class BesideSettings:
    """A further task that candidates are scored on.

    Attributes:
        name: The task's name.
        reference: The accuracy that counts 1.
        data: Its data.
        model: See `ModelSettings`; one of the engine's networks.
        training: See `TrainingSettings`; its epochs are those of the run that counts.
        rates: See `RateScreening`.
    """

    name: str
    reference: float
    data: DataSettings
    model: ModelSettings
    training: TrainingSettings
    rates: RateScreening

    def __post_init__(self) -> None:
        require(0 < self.reference <= 1, "reference", self.reference, "in (0, 1]")
        require(bool(self.name), "name", self.name, "a name")

    def task(self, nesterov: Literal["released", "search"]) -> Task:
        """The task that candidates are trained on, with a form of Nesterov momentum."""
        return Task(self.data, self.model, self.training, nesterov=nesterov)


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
        beside: Further tasks, which make the score a mean over all; left out, there are none. See
            `reproduce.tasks.several`.
        reference: The accuracy on this surrogate that counts 1 beside other tasks; given where there are any.
        conv_bias: See `reproduce.models.settings.ConvNetSettings`; the first searches had the bias.
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
    beside: tuple[BesideSettings, ...] | None = None
    reference: float | None = None
    conv_bias: bool = True

    def __post_init__(self) -> None:
        self._check_beside()
        require(1 <= self.base_filters <= 4096, "base_filters", self.base_filters, "between 1 and 4096")
        require(0 <= self.dropout < 1, "dropout", self.dropout, "in [0, 1)")
        momentum = self.batch_norm_momentum
        require(0 <= momentum < 1, "batch_norm_momentum", momentum, "in [0, 1)")
        require_at_least(1, self, "batch_size", "steps_per_epoch")

    @property
    def task(self) -> Task:
        """The surrogate as a task."""
        model = ConvNetSettings(
            network="surrogate",
            width=self.base_filters,
            dropout=self.dropout,
            batch_norm_momentum=self.batch_norm_momentum,
            pixels="standardised" if self.standardise else "unit",
            conv_bias=self.conv_bias,
        )
        training = TrainingSettings(
            batch_size=self.batch_size,
            epochs=self.scoring.epochs,
            steps_per_epoch=self.steps_per_epoch,
            warmup_fraction=self.scoring.warmup_fraction,
            hold_fraction=self.scoring.hold_fraction,
            augmentations=() if self.augmentation is None else CROP_FLIP_CUTOUT,
            precision="mixed_bfloat16" if self.precision == "bfloat16" else "float32",
        )
        return Task(self.data, model, training, augmentation=self.augmentation, nesterov=self.scoring.nesterov)

    def work(self, data_dir: Path | None = None, batch: int = 1, largest: int | None = None) -> ScoringWork:
        """Candidates scored on it, and on the tasks beside it; arguments as of `Scoring`."""
        own = Scoring(self.task, self.scoring, "engine", data_dir, batch, largest)
        if self.beside is None or self.reference is None:
            return own
        parts = [ScoredPart(self.data.source, own, self.reference)]
        for each in self.beside:
            task = each.task(self.scoring.nesterov)
            parts.append(
                ScoredPart(each.name, Scoring(task, each.rates, "engine", data_dir, batch, largest), each.reference)
            )
        return SeveralScorings(tuple(parts))

    def _check_beside(self) -> None:
        wanted = "given" if self.beside else "left out"
        require(
            (self.reference is None) == (self.beside is None), "reference", self.reference, f"{wanted}, as beside is"
        )
        require(self.reference is None or 0 < self.reference <= 1, "reference", self.reference, "in (0, 1]")
        require(self.beside != (), "beside", [], "left out where there is none")
        names = [each.name for each in self.beside or ()]
        require(len(set(names)) == len(names), "beside", names, "tasks of different names")
