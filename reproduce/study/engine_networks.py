"""A task's network and data as a problem of the population engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from reproduce.data import Dataset, channel_statistics
from reproduce.population.augmentation import crop_flip_cutout
from reproduce.population.networks.char_lstm import CharLSTM
from reproduce.population.networks.char_transformer import CharTransformer
from reproduce.population.networks.convnet import ConvNet
from reproduce.population.networks.vision_transformer import VisionTransformer
from reproduce.population.problems import Arrays, Problem, classification
from reproduce.study.protocol import TaskSettings
from reproduce.study.runners import ENGINE_TYPES

_Network = ConvNet | VisionTransformer | CharLSTM | CharTransformer


def engine_problem(task: TaskSettings, dataset: Dataset) -> Problem:
    """What the engine trains for ``task``; `reproduce.study.runners` says which tasks it has.

    Images stay uint8 on the device, a quarter of the memory. They are normalised before they are augmented, so that a
    cutout is a square of zeros, the mean colour of standardised images.
    """
    network = _NETWORKS[task.model.kind](task, dataset)
    if dataset.is_text:
        return classification(network.initial, network.apply)
    normalise = _normalisation(task, dataset)
    height = dataset.input_shape[0]
    change = crop_flip_cutout(height // 8, height // 4) if task.training.augmentations else None

    def prepare(key: jax.Array, images: Any) -> Any:
        normal = normalise(images)
        return normal if change is None else change(key, normal)

    def apply(parameters: Arrays, statistics: Arrays, images: Any, key: jax.Array | None) -> tuple[Any, Arrays]:
        return network.apply(parameters, statistics, normalise(images) if key is None else images, key)

    return classification(network.initial, apply, prepare)


def _surrogate(task: TaskSettings, dataset: Dataset) -> _Network:
    return ConvNet(
        base_filters=task.model.width,
        channels=dataset.input_shape[-1],
        num_classes=len(dataset.classes),
        scale=1.0,
        dropout=task.model.dropout,
        batch_norm_momentum=task.model.batch_norm_momentum,
        dtype=ENGINE_TYPES[task.training.precision],
    )


def _vision_transformer(task: TaskSettings, dataset: Dataset) -> _Network:
    model = task.model
    return VisionTransformer(
        image_shape=dataset.image_shape,
        num_classes=len(dataset.classes),
        width=model.width,
        depth=model.depth,
        heads=model.heads,
        patch_size=model.patch_size,
        dropout=model.dropout,
        dtype=ENGINE_TYPES[task.training.precision],
    )


def _char_lstm(task: TaskSettings, dataset: Dataset) -> _Network:
    model, dtype = task.model, ENGINE_TYPES[task.training.precision]
    return CharLSTM(len(dataset.classes), model.width, model.depth, model.dropout, dtype)


def _char_transformer(task: TaskSettings, dataset: Dataset) -> _Network:
    model = task.model
    return CharTransformer(
        length=dataset.input_shape[0],
        num_classes=len(dataset.classes),
        width=model.width,
        depth=model.depth,
        heads=model.heads,
        dropout=model.dropout,
        dtype=ENGINE_TYPES[task.training.precision],
    )


#: The networks that the engine has, by kind.
_NETWORKS: dict[str, Callable[[TaskSettings, Dataset], _Network]] = {
    "surrogate": _surrogate,
    "vision_transformer": _vision_transformer,
    "char_lstm": _char_lstm,
    "char_transformer": _char_transformer,
}


def _normalisation(task: TaskSettings, dataset: Dataset) -> Callable[[Any], Any]:
    """Pixels to what the network reads; see `ModelSettings.pixels`."""
    largest = dataset.largest_pixel
    mean, deviation = np.zeros(1, np.float32), np.ones(1, np.float32)
    if task.model.pixels == "centred":
        mean, deviation = np.full(1, 0.5, np.float32), np.full(1, 0.5, np.float32)
    elif task.model.pixels == "standardised":
        mean, deviation = channel_statistics(dataset.train, largest)
    scale, offset = (1 / (largest * deviation)).astype(np.float32), mean / deviation
    return lambda images: images.astype(jnp.float32) * scale - offset
