"""Small transformers: one that sees images as patches (Dosovitskiy et al. 2021), one that reads characters.

Both are stacks of the same pre-normalised blocks: x + attention(norm(x)), then x + mlp(norm(x)), where the mlp has
four times the features and GELU between.
"""

from __future__ import annotations

from typing import Any

from reproduce.models.settings import CharTransformerSettings, TransformerSettings, VisionTransformerSettings


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
    x = _blocks(_with_positions(x), settings, causal=False)
    return layers.Dropout(settings.dropout)(layers.GlobalAveragePooling1D()(x))


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
    x = _blocks(_with_positions(x), settings, causal=True)
    return layers.Dropout(settings.dropout)(x)


def _with_positions(x: Any) -> Any:
    """A learned vector for each place added; drawn from a normal distribution of deviation 0.02."""
    from reproduce.models.positions import Positions

    return Positions()(x)


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
