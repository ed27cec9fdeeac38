"""The networks by name, as whole Keras models."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reproduce.data import Dataset, channel_statistics
from reproduce.errors import ProtocolError
from reproduce.models.efficientnetv2 import efficientnetv2
from reproduce.models.networks import char_lstm, char_transformer, surrogate, vision_transformer
from reproduce.models.settings import ImageModelSettings, ModelSettings, TextModelSettings, VisionTransformerSettings

Affine = float | list[float]

#: From images and settings to features.
IMAGE_NETWORKS: Mapping[str, Callable[[Any, Any], Any]] = {
    "surrogate": surrogate,
    "efficientnetv2": efficientnetv2,
    "vision_transformer": vision_transformer,
}
#: From characters, settings and their number to features.
TEXT_NETWORKS: Mapping[str, Callable[[Any, Any, int], Any]] = {
    "char_lstm": char_lstm,
    "char_transformer": char_transformer,
}


def build_model(settings: ModelSettings, dataset: Dataset, precision: str = "float32") -> Any:
    """The network that fits the samples and classes of ``dataset``; weights are as Keras makes them.

    The softmax is left to the loss.

    Args:
        settings: Which, and its size.
        dataset: Shapes, classes and, for standardised pixels, the statistics of the training part.
        precision: Keras' dtype policy of all layers but the last, which is float32.

    Returns:
        A Keras model from uint8 or float images (n, height, width, channels) to logits (n, classes), or from indices
        (n, length) to logits (n, length, classes).

    Raises:
        ProtocolError: If the network does not read what the data set has, or the images are smaller than a patch.
    """
    from keras import Model, layers

    if settings.is_text != dataset.is_text:
        kinds = TEXT_NETWORKS if dataset.is_text else IMAGE_NETWORKS
        found = "text" if dataset.is_text else "images"
        raise ProtocolError(
            f"model.network {settings.network} does not read {dataset.name}, which is {found}; "
            f"expected one of {', '.join(kinds)}"
        )
    num_classes = len(dataset.classes)
    if isinstance(settings, TextModelSettings):
        inputs = layers.Input(dataset.input_shape, dtype="int32")
        with _policy(precision):
            features = TEXT_NETWORKS[settings.network](inputs, settings, num_classes)
        return Model(inputs, _last(num_classes)(features))
    if isinstance(settings, VisionTransformerSettings) and settings.patch_size > min(dataset.image_shape[:2]):
        raise ProtocolError(
            f"model.patch_size {settings.patch_size} is larger than the images of {dataset.name}, {dataset.image_shape}"
        )
    scale, offset = _pixels(settings, dataset)
    return image_model(settings, dataset.image_shape, num_classes, scale, offset, precision)


def image_model(
    settings: ImageModelSettings,
    image_shape: tuple[int, int, int],
    num_classes: int,
    scale: Affine = 1.0,
    offset: Affine = 0.0,
    precision: str = "float32",
) -> Any:
    """The network from images of ``image_shape`` (height, width, channels), times ``scale`` plus ``offset``, to logits.

    Scale and offset are numbers or have one for each channel.
    """
    from keras import Model, layers

    inputs = layers.Input(image_shape)
    with _policy(precision):
        features = IMAGE_NETWORKS[settings.network](layers.Rescaling(scale, offset)(inputs), settings)
    return Model(inputs, _last(num_classes)(features))


def _last(num_classes: int) -> Any:
    from keras import layers

    return layers.Dense(num_classes, dtype="float32", name="logits")


def blank_pixel(settings: ImageModelSettings, dataset: Dataset) -> NDArray[np.float64]:
    """The pixel, in the data set's range, that the network's first layer turns into 0; for each channel or for all."""
    scale, offset = _pixels(settings, dataset)
    return -np.asarray(offset) / np.asarray(scale)


def _pixels(settings: ImageModelSettings, dataset: Dataset) -> tuple[Affine, Affine]:
    """The factor of pixels, and the number that is added then."""
    unit = 1 / dataset.largest_pixel
    if settings.pixels == "unit":
        return unit, 0.0
    if settings.pixels == "centred":
        return 2 * unit, -1.0
    mean, deviation = channel_statistics(dataset.train, dataset.largest_pixel)
    return (unit / deviation).tolist(), (-mean / deviation).tolist()


@contextmanager
def _policy(precision: str) -> Iterator[None]:
    """Keras takes the policy of new layers from a global; it is as it was afterwards."""
    from keras import config

    before = config.dtype_policy()
    config.set_dtype_policy(precision)
    try:
        yield
    finally:
        config.set_dtype_policy(before)
