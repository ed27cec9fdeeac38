"""Pre-normalised transformer blocks: x + attention(norm(x)), then x + mlp(norm(x)), and a last normalisation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from reproduce.population.networks.layers import (
    Dropout,
    FloatArray,
    Weights,
    dense,
    dense_weights,
    layer_norm,
    layer_norm_weights,
)


@dataclass(frozen=True)
class Blocks:
    """A stack of blocks.

    Attributes:
        width: Features of a place.
        depth: Blocks.
        heads: Of the attention; a divisor of ``width``.
        causal: Whether a place sees only those up to itself.
    """

    width: int
    depth: int
    heads: int
    causal: bool

    def initial(self, generator: np.random.Generator) -> list[FloatArray]:
        """The blocks' parameters, each block's in the order of use."""
        width, parameters = self.width, []
        for _ in range(self.depth):
            parameters += layer_norm_weights(width)
            parameters += dense_weights(width, 3 * width, generator)
            parameters += dense_weights(width, width, generator)
            parameters += layer_norm_weights(width)
            parameters += dense_weights(width, 4 * width, generator)
            parameters += dense_weights(4 * width, width, generator)
        return [*parameters, *layer_norm_weights(width)]

    def apply(self, x: Any, weights: Weights, drop: Dropout, dtype: str) -> Any:
        """Features [B, L, width] of ``x``, of the same shape."""
        for _ in range(self.depth):
            x = x + drop(self._attention(layer_norm(x, weights), weights, dtype))
            hidden = jax.nn.gelu(dense(layer_norm(x, weights), weights, dtype), approximate=False)
            x = x + drop(dense(hidden, weights, dtype))
        return layer_norm(x, weights)

    def _attention(self, x: Any, weights: Weights, dtype: str) -> Any:
        """Softmax attention; query, key and value of all heads come from one matrix, in that order."""
        batch, length, width = x.shape
        split = dense(x, weights, dtype).reshape(batch, length, 3, self.heads, width // self.heads)
        query, key, value = (split[:, :, n] for n in range(3))
        similarity = jnp.einsum("bqhd,bkhd->bhqk", query, key).astype(jnp.float32) / np.sqrt(width // self.heads)
        if self.causal:
            similarity = jnp.where(np.tri(length, dtype=bool), similarity, -jnp.inf)
        shares = jax.nn.softmax(similarity).astype(dtype)
        return dense(jnp.einsum("bhqk,bkhd->bqhd", shares, value).reshape(batch, length, width), weights, dtype)
