"""The networks by kind, as whole Keras models."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from reproduce.data import Dataset, channel_statistics
from reproduce.errors import ProtocolError
from reproduce.models.char_lstm import char_lstm
from reproduce.models.convnet import surrogate
from reproduce.models.efficientnetv2 import efficientnetv2
from reproduce.models.settings import ModelSettings
from reproduce.models.transformer import char_transformer, vision_transformer

#: From images and settings to features.
IMAGE_NETWORKS: Mapping[str, Callable[[Any, ModelSettings], Any]] = {
    "surrogate": surrogate,
    "efficientnetv2": efficientnetv2,
    "vision_transformer": vision_transformer,
}
#: From characters, settings and their number to features.
TEXT_NETWORKS: Mapping[str, Callable[[Any, ModelSettings, int], Any]] = {
    "char_lstm": char_lstm,
    "char_transformer": char_transformer,
}


def build_model(settings: ModelSettings, dataset: Dataset, precision: str = "float32") -> Any:
    """The network that fits the samples and classes of ``dataset``; weights are as Keras makes them.

    The softmax is left to the loss.

    Args:
        settings: Kind and size.
        dataset: Shapes, classes and, for standardised pixels, the statistics of the training part.
        precision: Keras' dtype policy of all layers but the last, which is float32.

    Returns:
        A Keras model from uint8 or float images (n, height, width, channels) to logits (n, classes), or from indices
        (n, length) to logits (n, length, classes).

    Raises:
        ProtocolError: If the kind does not read what the data set has, or the images are smaller than a patch.
    """
    from keras import Model, layers

    if settings.is_text != dataset.is_text:
        kinds = TEXT_NETWORKS if dataset.is_text else IMAGE_NETWORKS
        found = "text" if dataset.is_text else "images"
        raise ProtocolError(
            f"model.kind {settings.kind} does not read {dataset.name}, which is {found}; "
            f"expected one of {', '.join(kinds)}"
        )
    if not dataset.is_text and settings.patch_size > min(dataset.image_shape[:2]):
        raise ProtocolError(
            f"model.patch_size {settings.patch_size} is larger than the images of {dataset.name}, {dataset.image_shape}"
        )
    num_classes = len(dataset.classes)
    inputs = layers.Input(dataset.input_shape, dtype="int32" if dataset.is_text else "float32")
    with _policy(precision):
        if dataset.is_text:
            features = TEXT_NETWORKS[settings.kind](inputs, settings, num_classes)
        else:
            features = IMAGE_NETWORKS[settings.kind](_pixels(inputs, settings, dataset), settings)
    return Model(inputs, layers.Dense(num_classes, dtype="float32", name="logits")(features))


def _pixels(inputs: Any, settings: ModelSettings, dataset: Dataset) -> Any:
    from keras import layers

    unit = 1 / dataset.largest_pixel
    if settings.pixels == "unit":
        return layers.Rescaling(unit)(inputs)
    if settings.pixels == "centred":
        return layers.Rescaling(2 * unit, offset=-1.0)(inputs)
    mean, deviation = channel_statistics(dataset.train, dataset.largest_pixel)
    return layers.Rescaling((unit / deviation).tolist(), offset=(-mean / deviation).tolist())(inputs)


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
