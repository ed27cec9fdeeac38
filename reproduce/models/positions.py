"""Where in a sequence something is, as a learned vector."""

from __future__ import annotations

from typing import Any

from keras import initializers, layers


class Positions(layers.Layer):
    """Adds to each place of sequences, shape (n, length, features), its own learned vector."""

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make the vectors, shape (length, features)."""
        self.embeddings_initializer = initializers.RandomNormal(stddev=0.02)
        self.embeddings = self.add_weight(
            shape=input_shape[1:], initializer=self.embeddings_initializer, name="embeddings"
        )

    def call(self, x: Any) -> Any:
        """Same shape as ``x``."""
        return x + self.embeddings
