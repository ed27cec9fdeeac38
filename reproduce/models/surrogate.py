"""The networks that are trained."""

from __future__ import annotations

from typing import Any

from reproduce.data import Dataset
from reproduce.study.protocol import ModelSettings


def surrogate(settings: ModelSettings, image_shape: tuple[int, int, int], num_classes: int, scale: float) -> Any:
    """The paper's surrogate ConvNet as a Keras model from uint8 or float images to logits.

    Three blocks of 3x3 convolution, batch normalisation and swish with b, 2b and 4b filters, the second and third at
    stride 2; global average pooling, dropout, a dense layer. The softmax is left to the loss.

    Args:
        settings: Width b, dropout and the memory of the batch normalisation.
        image_shape: Height, width, channels.
        num_classes: Length of the logits.
        scale: What pixels are multiplied by.
    """
    from keras import Model, layers

    inputs = layers.Input(image_shape)
    x = layers.Rescaling(scale)(inputs)
    for filters, stride in ((1, 1), (2, 2), (4, 2)):
        x = layers.Conv2D(filters * settings.base_filters, 3, strides=stride, padding="same")(x)
        x = layers.BatchNormalization(momentum=settings.batch_norm_momentum)(x)
        x = layers.Activation("swish")(x)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(settings.dropout)(x)
    return Model(inputs, layers.Dense(num_classes)(x))


def surrogate_for(settings: ModelSettings, dataset: Dataset) -> Any:
    """The surrogate that fits the images and classes of ``dataset``."""
    return surrogate(settings, dataset.image_shape, len(dataset.classes), 1 / dataset.largest_pixel)
