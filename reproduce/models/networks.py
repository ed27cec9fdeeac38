"""The small networks: the paper's ConvNet, a vision transformer, and an LSTM and a transformer that read characters.

Each takes its inputs, as a Keras tensor, to features; `reproduce.models.registry` makes models of them. The vision
transformer sees images as patches (Dosovitskiy et al. 2021). Both transformers are stacks of the same pre-normalised
blocks: x + attention(norm(x)), then x + mlp(norm(x)), where the mlp has four times the features and GELU between.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from reproduce.models.settings import (
    CharLSTMSettings,
    CharTransformerSettings,
    ConvNetSettings,
    TransformerSettings,
    VisionTransformerSettings,
)


def surrogate(x: Any, settings: ConvNetSettings) -> Any:
    """Three blocks of 3x3 convolution, batch normalisation and swish, pooled and dropped.

    The blocks have b, 2b and 4b filters, b the settings' width; the second and third have stride 2.

    Args:
        x: Images, a Keras tensor of shape (n, height, width, channels).
        settings: Width, dropout, the memory of the batch normalisation, and whether convolutions have a bias.

    Returns:
        Features, of shape (n, 4b).
    """
    from keras import layers

    for filters, stride in ((1, 1), (2, 2), (4, 2)):
        x = layers.Conv2D(filters * settings.width, 3, strides=stride, padding="same", use_bias=settings.conv_bias)(x)
        x = layers.BatchNormalization(momentum=settings.batch_norm_momentum)(x)
        x = layers.Activation("swish")(x)
    x = layers.GlobalAveragePooling2D()(x)
    return layers.Dropout(settings.dropout)(x)


def vision_transformer(x: Any, settings: VisionTransformerSettings) -> Any:
    """Patches to features, positions added, blocks, a last normalisation, the mean over patches.

    Args:
        x: Images, a Keras tensor of shape (n, height, width, channels); what a whole number of patches leaves over at
            the right and below is not seen.
        settings: Width, depth, heads, patch size and dropout.

    Returns:
        Features, of shape (n, width).
    """
    from keras import layers

    size = settings.patch_size
    x = layers.Conv2D(settings.width, size, strides=size)(x)
    x = layers.Reshape((-1, settings.width))(x)
    x = _blocks(_positions()()(x), settings, causal=False)
    return layers.Dropout(settings.dropout)(layers.GlobalAveragePooling1D()(x))


def char_lstm(x: Any, settings: CharLSTMSettings, num_classes: int) -> Any:
    """Characters to features, then layers of LSTM (Hochreiter & Schmidhuber 1997), each dropped.

    Args:
        x: Indices of characters, a Keras tensor of shape (n, length).
        settings: Width (units of a layer and features of a character), depth and dropout.
        num_classes: How many characters there are.

    Returns:
        Features, of shape (n, length, width): those at a place depend on the characters up to it.
    """
    from keras import layers

    x = layers.Embedding(num_classes, settings.width)(x)
    for _ in range(settings.depth):
        x = layers.LSTM(settings.width, return_sequences=True)(x)
        x = layers.Dropout(settings.dropout)(x)
    return x


def char_transformer(x: Any, settings: CharTransformerSettings, num_classes: int) -> Any:
    """Characters to features, positions added, causal blocks, a last normalisation.

    Args:
        x: Indices of characters, a Keras tensor of shape (n, length).
        settings: Width, depth, heads and dropout.
        num_classes: How many characters there are.

    Returns:
        Features, of shape (n, length, width): those at a place depend on the characters up to it.
    """
    from keras import layers

    x = layers.Embedding(num_classes, settings.width)(x)
    x = _blocks(_positions()()(x), settings, causal=True)
    return layers.Dropout(settings.dropout)(x)


@cache
def _positions() -> Any:
    """A layer that adds to each place of sequences, shape (n, length, features), its own learned vector."""
    from keras import initializers, layers

    class Positions(layers.Layer):
        """The vectors, of shape (length, features), are drawn from a normal distribution of deviation 0.02."""

        def build(self, input_shape: tuple[int | None, ...]) -> None:
            self.embeddings_initializer = initializers.RandomNormal(stddev=0.02)
            self.embeddings = self.add_weight(
                shape=input_shape[1:], initializer=self.embeddings_initializer, name="embeddings"
            )

        def call(self, x: Any) -> Any:
            return x + self.embeddings

    return Positions


def _blocks(x: Any, settings: TransformerSettings, *, causal: bool) -> Any:
    from keras import layers

    for _ in range(settings.depth):
        x = layers.add([x, _attention(_normalised(x), settings, causal=causal)])
        hidden = layers.Dense(4 * settings.width, activation="gelu")(_normalised(x))
        x = layers.add([x, layers.Dropout(settings.dropout)(layers.Dense(settings.width)(hidden))])
    return _normalised(x)


def _attention(x: Any, settings: TransformerSettings, *, causal: bool) -> Any:
    """Softmax attention; query, key and value of all heads come from one matrix, in that order."""
    from keras import layers, ops

    length, heads = x.shape[1], settings.heads
    split = layers.Reshape((length, 3, heads, settings.width // heads))(layers.Dense(3 * settings.width)(x))
    query, key, value = (split[:, :, n] for n in range(3))
    mixed = ops.dot_product_attention(query, key, value, is_causal=causal)
    mixed = layers.Dense(settings.width)(layers.Reshape((length, settings.width))(mixed))
    return layers.Dropout(settings.dropout)(mixed)


def _normalised(x: Any) -> Any:
    from keras import layers

    return layers.LayerNormalization(epsilon=1e-6)(x)
