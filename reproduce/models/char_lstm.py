"""A recurrent network that reads characters."""

from __future__ import annotations

from typing import Any

from reproduce.models.settings import CharLSTMSettings


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
