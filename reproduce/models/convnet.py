"""The paper's surrogate ConvNet."""

from __future__ import annotations

from typing import Any

from reproduce.models.settings import ConvNetSettings


def surrogate(x: Any, settings: ConvNetSettings) -> Any:
    """Three blocks of 3x3 convolution, batch normalisation and swish, pooled and dropped.

    The blocks have b, 2b and 4b filters, b the settings' width; the second and third have stride 2.

    Args:
        x: Images, a Keras tensor of shape (n, height, width, channels).
        settings: Width, dropout and the memory of the batch normalisation.

    Returns:
        Features, of shape (n, 4b).
    """
    from keras import layers

    for filters, stride in ((1, 1), (2, 2), (4, 2)):
        x = layers.Conv2D(filters * settings.width, 3, strides=stride, padding="same")(x)
        x = layers.BatchNormalization(momentum=settings.batch_norm_momentum)(x)
        x = layers.Activation("swish")(x)
    x = layers.GlobalAveragePooling2D()(x)
    return layers.Dropout(settings.dropout)(x)
