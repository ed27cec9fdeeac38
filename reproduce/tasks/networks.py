"""A task's network and data as a problem of the population engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from reproduce.data import Dataset, channel_statistics
from reproduce.models.settings import (
    CharLSTMSettings,
    CharTransformerSettings,
    ConvNetSettings,
    ImageModelSettings,
    VisionTransformerSettings,
)
from reproduce.population.augmentation import crop_flip_cutout
from reproduce.population.networks.char_lstm import CharLSTM
from reproduce.population.networks.char_transformer import CharTransformer
from reproduce.population.networks.convnet import ConvNet
from reproduce.population.networks.vision_transformer import VisionTransformer
from reproduce.population.problems import Inference, Problem, classification
from reproduce.tasks.task import Task
from reproduce.tasks.trainer import ENGINE_NETWORKS, ENGINE_TYPES

_Network = ConvNet | VisionTransformer | CharLSTM | CharTransformer


def engine_problem(task: Task, dataset: Dataset) -> Problem:
    """Make the problem that the engine trains for ``task``; `reproduce.tasks.trainer.trainer_of` says which it has.

    Images stay uint8 on the device, a quarter of the memory. They are normalised before they are augmented, so that a
    cutout is a square of zeros, the mean colour of standardised images.
    """
    network, model = _network(task, dataset), task.model
    if isinstance(network, CharLSTM | CharTransformer):
        return classification(network.initial, network.apply, embeddings=network.embeddings)
    assert isinstance(model, ImageModelSettings)
    normalise = _normalisation(model, dataset)
    change = _augmentation(task, dataset.input_shape[0]) if task.training.augmentations else None

    inference = network.inference

    def augmented(key: jax.Array, images: Any) -> Any:
        normal = normalise(images)
        return normal if change is None else change(key, normal)

    shared = Inference(lambda images: inference.prepare(normalise(images)), inference.logits)
    return classification(network.initial, network.apply, augmented, network.embeddings, shared)


def _augmentation(task: Task, height: int) -> Any:
    sizes = task.augmentation
    padding, side = (height // 8, height // 4) if sizes is None else (sizes.crop_padding, sizes.cutout)
    return crop_flip_cutout(padding, side)


def _network(task: Task, dataset: Dataset) -> _Network:
    model, num_classes, dtype = task.model, len(dataset.classes), ENGINE_TYPES[task.training.precision]
    match model:
        case ConvNetSettings():
            return ConvNet(
                base_filters=model.width,
                channels=dataset.input_shape[-1],
                num_classes=num_classes,
                scale=1.0,
                dropout=model.dropout,
                batch_norm_momentum=model.batch_norm_momentum,
                dtype=dtype,
                conv_bias=model.conv_bias,
            )
        case VisionTransformerSettings():
            return VisionTransformer(
                image_shape=dataset.image_shape,
                num_classes=num_classes,
                width=model.width,
                depth=model.depth,
                heads=model.heads,
                patch_size=model.patch_size,
                dropout=model.dropout,
                dtype=dtype,
            )
        case CharLSTMSettings():
            return CharLSTM(num_classes, model.width, model.depth, model.dropout, dtype)
        case CharTransformerSettings():
            return CharTransformer(
                length=dataset.input_shape[0],
                num_classes=num_classes,
                width=model.width,
                depth=model.depth,
                heads=model.heads,
                dropout=model.dropout,
                dtype=dtype,
            )
    raise ValueError(f"the engine has no network {model.network}; it has {', '.join(ENGINE_NETWORKS)}")


def _normalisation(model: ImageModelSettings, dataset: Dataset) -> Callable[[Any], Any]:
    """Pixels to what the network reads; see `ImageModelSettings`."""
    largest = dataset.largest_pixel
    mean, deviation = np.zeros(1, np.float32), np.ones(1, np.float32)
    if model.pixels == "centred":
        mean, deviation = np.full(1, 0.5, np.float32), np.full(1, 0.5, np.float32)
    elif model.pixels == "standardised":
        mean, deviation = channel_statistics(dataset.train, largest)
    scale, offset = (1 / (largest * deviation)).astype(np.float32), mean / deviation
    return lambda images: images.astype(jnp.float32) * scale - offset
