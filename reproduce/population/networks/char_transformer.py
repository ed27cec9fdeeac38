"""A small transformer that predicts the next character."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import jax
import numpy as np

from reproduce.population.device import arithmetic_type
from reproduce.population.networks.blocks import Blocks
from reproduce.population.networks.layers import (
    Dropout,
    dense_weights,
    embedding_weights,
    logits,
    position_weights,
)
from reproduce.population.problems import Arrays


@dataclass(frozen=True)
class CharTransformer:
    """Characters to features, positions added, causal blocks, the last layer at every place.

    Attributes:
        length: Characters of a sequence.
        num_classes: How many different characters there are.
        width: Features of a character.
        depth: Blocks.
        heads: Of the attention.
        dropout: Rate after each attention, each mlp and before the last layer.
        dtype: Of the products; see `reproduce.population.device`.
        embeddings: Places of its embeddings among the parameters; see `reproduce.population.problems.Problem`.
    """

    length: int
    num_classes: int
    width: int
    depth: int
    heads: int
    dropout: float = 0.0
    dtype: str | None = None
    embeddings: ClassVar[tuple[int, ...]] = (0, 1)

    def initial(self, generator: np.random.Generator) -> tuple[Arrays, Arrays]:
        """Parameters as Keras draws them by default; there are no running statistics."""
        parameters = [embedding_weights(self.num_classes, self.width, generator)]
        parameters += [position_weights(self.length, self.width, generator)]
        parameters += self._blocks().initial(generator)
        parameters += dense_weights(self.width, self.num_classes, generator)
        return tuple(parameters), ()

    def apply(self, parameters: Arrays, statistics: Arrays, text: Any, key: jax.Array | None) -> tuple[Any, Arrays]:
        """Logits [B, L, classes] of indices [B, L]; ``key`` is given in training."""
        dtype, drop = arithmetic_type(self.dtype), Dropout(self.dropout, key)
        weights = iter(parameters)
        x = next(weights)[text] + next(weights)
        x = self._blocks().apply(x.astype(dtype), weights, drop, dtype)
        return logits(drop(x), weights, dtype), statistics

    def _blocks(self) -> Blocks:
        return Blocks(self.width, self.depth, self.heads, causal=True)
