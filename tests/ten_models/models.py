"""Ten small models of usual kinds, each with random weights and one batch of random data."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import layers

_BATCH, _CLASSES, _WORDS, _LENGTH, _SIDE = 8, 10, 200, 16, 32

#: A model, and the inputs and classes of its batch.
Example = tuple[keras.Model, Any, np.ndarray[Any, Any]]


def _classes(shape: Sequence[int] = ()) -> np.ndarray[Any, Any]:
    return np.random.default_rng(1).integers(0, _CLASSES, (_BATCH, *shape)).astype("int32")


def _images() -> np.ndarray[Any, Any]:
    return np.random.default_rng(0).uniform(0, 255, (_BATCH, _SIDE, _SIDE, 3)).astype("float32")


def _tokens() -> np.ndarray[Any, Any]:
    return np.random.default_rng(0).integers(0, _WORDS, (_BATCH, _LENGTH)).astype("int32")


def _headed(inputs: Any, features: Any) -> keras.Model:
    return keras.Model(inputs, layers.Dense(_CLASSES, dtype="float32")(features))


def _application(build: Callable[..., keras.Model], **arguments: Any) -> Example:
    body = build(weights=None, include_top=False, input_shape=(_SIDE, _SIDE, 3), pooling="avg", **arguments)
    return _headed(body.inputs, body.outputs[0]), _images(), _classes()


def _of_tokens(*between: layers.Layer) -> Example:
    inputs = keras.Input((_LENGTH,), dtype="int32")
    features = layers.Embedding(_WORDS, 32)(inputs)
    for layer in between:
        features = layer(features)
    return _headed(inputs, features), _tokens(), _classes()


def _attention() -> Example:
    inputs = keras.Input((_LENGTH,), dtype="int32")
    words = layers.Embedding(_WORDS, 32)(inputs)
    attended = layers.LayerNormalization()(words + layers.MultiHeadAttention(4, 8)(words, words))
    return _headed(inputs, layers.GlobalAveragePooling1D()(attended)), _tokens(), _classes()


def _segmentation() -> Example:
    inputs = keras.Input((_SIDE, _SIDE, 3))
    small = layers.Conv2D(16, 3, strides=2, padding="same", activation="relu")(inputs / 255.0)
    middle = layers.GroupNormalization(4)(layers.Conv2D(32, 3, padding="same", activation="relu")(small))
    large = layers.Conv2DTranspose(16, 3, strides=2, padding="same", activation="relu")(middle)
    return keras.Model(inputs, layers.Conv2D(_CLASSES, 1)(large)), _images(), _classes((_SIDE, _SIDE))


def _bert() -> Example:
    from keras_hub.models import BertBackbone

    body = BertBackbone(_WORDS, 2, 2, 32, 64, max_sequence_length=_LENGTH)
    given = {
        "token_ids": _tokens(),
        "segment_ids": np.zeros((_BATCH, _LENGTH), "int32"),
        "padding_mask": np.ones((_BATCH, _LENGTH), "int32"),
    }
    return _headed(body.input, body.output["pooled_output"]), given, _classes()


def _gpt2() -> Example:
    from keras_hub.models import GPT2Backbone

    body = GPT2Backbone(_WORDS, 2, 2, 32, 64, max_sequence_length=_LENGTH)
    given = {"token_ids": _tokens(), "padding_mask": np.ones((_BATCH, _LENGTH), "int32")}
    return _headed(body.input, body.output), given, _classes((_LENGTH,))


def _vit() -> Example:
    from keras_hub.models import ViTBackbone

    body = ViTBackbone((_SIDE, _SIDE, 3), 8, 2, 2, 32, 64)
    return _headed(body.input, body.output[:, 0]), _images() / 255, _classes()


#: By name; those of Keras Hub need it installed.
MODELS: dict[str, Callable[[], Example]] = {
    "MobileNetV2": lambda: _application(keras.applications.MobileNetV2, alpha=0.35),
    "MobileNetV3Small": lambda: _application(keras.applications.MobileNetV3Small, minimalistic=True),
    "EfficientNetV2B0": lambda: _application(keras.applications.EfficientNetV2B0),
    "BERT (Keras Hub)": _bert,
    "GPT-2 (Keras Hub)": _gpt2,
    "ViT (Keras Hub)": _vit,
    "Embedding": lambda: _of_tokens(layers.GlobalAveragePooling1D(), layers.Dense(32, activation="relu")),
    "LSTM": lambda: _of_tokens(layers.LSTM(32)),
    "attention": _attention,
    "convolutions and their transposes": _segmentation,
}
