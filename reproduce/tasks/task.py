"""A task: data, a network, and how it is trained. Studies, searches, eliminations and replays all train on tasks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reproduce.data.settings import DataSettings
from reproduce.models.settings import ModelSettings
from reproduce.plain_data import require_at_least
from reproduce.training.settings import TrainingSettings

#: As users have it, or as the published search computed it; see `reproduce.population.assembly.Member`.
NesterovForm = Literal["released", "search"]


@dataclass(frozen=True)
class AugmentationSettings:
    """Sizes of an augmentation by which images are cropped, flipped left to right and cut out.

    Attributes:
        crop_padding: Pixels of reflection on every side before a crop.
        cutout: Side of the square that is set to 0.
    """

    crop_padding: int
    cutout: int

    def __post_init__(self) -> None:
        require_at_least(1, self, "crop_padding", "cutout")


@dataclass(frozen=True)
class Task:
    """The data and network that an optimizer is trained on, and how.

    Attributes:
        data: See `DataSettings`.
        model: See `ModelSettings`.
        training: See `TrainingSettings`.
        augmentation: Sizes of the engine's augmentation; None for an eighth of the images' height and a quarter of it.
        nesterov: The form of Nesterov momentum; see `reproduce.population.assembly.Member`. Of the engine alone.
    """

    data: DataSettings
    model: ModelSettings
    training: TrainingSettings
    augmentation: AugmentationSettings | None = None
    nesterov: NesterovForm = "released"
