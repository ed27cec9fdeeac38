"""The surrogate: the small network and data set on which candidates are scored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np

from reproduce.data import Dataset, channel_statistics, load_dataset, require_batch
from reproduce.errors import DataError
from reproduce.outcomes import Outcome
from reproduce.plain_data import read_settings
from reproduce.population.augmentation import crop_flip_cutout
from reproduce.population.engine import Population
from reproduce.population.networks.convnet import ConvNet
from reproduce.population.problems import Arrays, Problem, classification
from reproduce.population.scoring import score_candidates
from reproduce.population.waves import Examples
from reproduce.search.executors import Candidate
from reproduce.search.surrogate_settings import SurrogateSettings

#: Members trained at once: on CPUs they run one after another, and more are no faster.
_MOST_ON_CPUS = 8
_MOST_ELSEWHERE = 64


class SurrogateScorer:
    """Scores candidates on one surrogate, with one population for all of them.

    Args:
        settings: See `SurrogateSettings`.
        dataset: What ``settings.data`` means.
        largest: The most members trained at once; None for what suits the device. It changes no score.

    Attributes:
        settings: The settings.
        data: The data set's checksum.

    Raises:
        DataError: If the data set is not of images, or has fewer of them than a batch.
    """

    def __init__(self, settings: SurrogateSettings, dataset: Dataset, largest: int | None = None) -> None:
        if dataset.is_text:
            raise DataError(f"the surrogate takes images; received {dataset.name}, which is text")
        require_batch(dataset, settings.batch_size)
        self.settings = settings
        self.data = dataset.checksum()
        self._largest = largest or (_MOST_ON_CPUS if jax.default_backend() == "cpu" else _MOST_ELSEWHERE)
        self._population = Population(_problem(settings, dataset))
        train, validation = ((part.inputs, part.labels) for part in (dataset.train, dataset.validation))
        self._examples = Examples(train, validation, settings.batch_size, settings.steps_per_epoch)

    def score(self, candidates: Sequence[Candidate]) -> list[Outcome]:
        """An outcome for each candidate, which does not depend on the others."""
        specs, seeds = [each.spec for each in candidates], [each.seed for each in candidates]
        scoring = self.settings.scoring
        return score_candidates(self._population, specs, seeds, self._examples, scoring, largest=self._largest)


def make_scorer(
    settings: SurrogateSettings, data_dir: Path | None = None, *, largest: int | None = None
) -> SurrogateScorer:
    """The scorer of ``settings``, with its data read.

    Args:
        settings: See `SurrogateSettings`.
        data_dir: Where data sets lie that do not come with the project; see `reproduce.data.load_dataset`.
        largest: See `SurrogateScorer`.

    Raises:
        DataError: If the data cannot be read or do not fit the settings.
    """
    return SurrogateScorer(settings, load_dataset(settings.data, data_dir), largest)


def scorer_from_dict(document: Mapping[str, Any]) -> SurrogateScorer:
    """The scorer that another machine asks for.

    Args:
        document: ``settings`` (`SurrogateSettings` as plain data), and ``data_dir`` and ``largest`` as `make_scorer`
            takes them.

    Raises:
        ProtocolError: If the settings are none.
        DataError: As `make_scorer` does.
    """
    settings = read_settings(SurrogateSettings, document["settings"], "the surrogate's settings")
    data_dir = None if document["data_dir"] is None else Path(document["data_dir"])
    return make_scorer(settings, data_dir, largest=document["largest"])


def _problem(settings: SurrogateSettings, dataset: Dataset) -> Problem:
    """The network on uint8 images, which stay so on the device: a quarter of the memory.

    Images are normalised before they are augmented, so that a cutout is a square of the mean colour.
    """
    normalise = _normalisation(settings, dataset)
    convnet = ConvNet(
        settings.base_filters,
        channels=dataset.image_shape[2],
        num_classes=len(dataset.classes),
        scale=1.0,
        dropout=settings.dropout,
        batch_norm_momentum=settings.batch_norm_momentum,
        dtype=settings.precision,
    )
    augmentation = settings.augmentation
    change = None if augmentation is None else crop_flip_cutout(augmentation.crop_padding, augmentation.cutout)

    def prepare(key: Any, images: Any) -> Any:
        normal = normalise(images)
        return normal if change is None else change(key, normal)

    def network(parameters: Arrays, statistics: Arrays, images: Any, key: Any) -> tuple[Any, Arrays]:
        return convnet.apply(parameters, statistics, normalise(images) if key is None else images, key)

    return classification(convnet.initial, network, prepare)


def _normalisation(settings: SurrogateSettings, dataset: Dataset) -> Any:
    mean, deviation = np.zeros(1, np.float32), np.ones(1, np.float32)
    if settings.standardise:
        mean, deviation = channel_statistics(dataset.train, dataset.largest_pixel)
    scale, offset = 1 / (dataset.largest_pixel * deviation), mean / deviation
    return lambda images: images.astype(np.float32) * scale - offset
