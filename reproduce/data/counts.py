"""How many samples a data set has by its published numbers, before it is at hand."""

from __future__ import annotations

from reproduce.data.catalogue import CATALOGUE
from reproduce.data.settings import FOLDER, DataSettings, ImageSettings
from reproduce.data.splits import share

#: Training images of each class of data sets whose parts are drawn by class (artifact/DATA.md).
_TRAIN_OF_A_CLASS = {"caltech101": 30}


def published_train_samples(settings: DataSettings) -> int | None:
    """The training samples that ``settings`` leave of a data set of the catalogue; None for other sources.

    Classes count as equally large, as they are in all but Cars196, where this is off by a few images.
    """
    if not isinstance(settings, ImageSettings) or settings.source == FOLDER:
        return None
    entry = CATALOGUE[settings.source]
    images = entry.train_images or _TRAIN_OF_A_CLASS[entry.name] * entry.num_classes
    of_a_class: float = images / entry.num_classes
    if settings.train_per_class:
        of_a_class = min(of_a_class, float(settings.train_per_class))
    classes = entry.num_classes - len(settings.leave_out)
    if of_a_class.is_integer():
        of_a_class -= share(int(of_a_class), settings.validation_fraction)
    else:
        of_a_class *= 1 - settings.validation_fraction
    shares = (settings.imbalance ** (-label / (classes - 1)) for label in range(classes))
    return round(sum(of_a_class * each if settings.imbalance == 1 else round(of_a_class * each) for each in shares))
