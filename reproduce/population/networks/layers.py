"""Layers that several networks share: what is drawn for them at first, and what they compute.

A layer takes its weights from an iterator over the network's parameters, in the order in which they were drawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
Weights = Iterator[Any]

#: Keras draws embeddings uniformly up to this.
_EMBEDDING_LIMIT = 0.05
_POSITION_DEVIATION = 0.02
_LAYER_NORM_EPSILON = 1e-6


def glorot_uniform(shape: tuple[int, ...], generator: np.random.Generator) -> FloatArray:
    """Keras' default initial kernel (Glorot & Bengio 2010)."""
    receptive = int(np.prod(shape[:-2]))
    limit = np.sqrt(6 / (receptive * (shape[-2] + shape[-1])))
    return generator.uniform(-limit, limit, shape).astype(np.float32)


def orthogonal(rows: int, columns: int, generator: np.random.Generator) -> FloatArray:
    """A matrix whose rows are orthonormal, for ``rows`` up to ``columns`` (Saxe et al. 2014)."""
    q, r = np.linalg.qr(generator.normal(size=(columns, rows)))
    return (q * np.sign(np.diagonal(r))).T.astype(np.float32)


def embedding_weights(count: int, width: int, generator: np.random.Generator) -> FloatArray:
    """A vector for each of ``count`` characters, as Keras draws them by default."""
    return generator.uniform(-_EMBEDDING_LIMIT, _EMBEDDING_LIMIT, (count, width)).astype(np.float32)


def position_weights(length: int, width: int, generator: np.random.Generator) -> FloatArray:
    """A vector for each place of a sequence."""
    return generator.normal(0.0, _POSITION_DEVIATION, (length, width)).astype(np.float32)


def dense_weights(inputs: int, outputs: int, generator: np.random.Generator) -> list[FloatArray]:
    """Kernel and bias."""
    return [glorot_uniform((inputs, outputs), generator), np.zeros(outputs, np.float32)]


def dense(x: Any, weights: Weights, dtype: str) -> Any:
    """``x`` times the kernel plus the bias, in ``dtype``."""
    kernel, bias = next(weights), next(weights)
    return x.astype(dtype) @ kernel.astype(dtype) + bias.astype(dtype)


def logits(x: Any, weights: Weights, dtype: str) -> Any:
    """The last layer: the product in ``dtype``, the bias and the sum in float32."""
    kernel, bias = next(weights), next(weights)
    return (x.astype(dtype) @ kernel.astype(dtype)).astype(jnp.float32) + bias


def layer_norm_weights(width: int) -> list[FloatArray]:
    """Factor and offset."""
    return [np.ones(width, np.float32), np.zeros(width, np.float32)]


def layer_norm(x: Any, weights: Weights) -> Any:
    """Ba et al. 2016, over the last axis; computed in float32, answered in the type of ``x``."""
    gamma, beta = next(weights), next(weights)
    wide = x.astype(jnp.float32)
    scale = gamma * lax.rsqrt(wide.var(-1, keepdims=True) + _LAYER_NORM_EPSILON)
    return ((wide - wide.mean(-1, keepdims=True)) * scale + beta).astype(x.dtype)


class Dropout:
    """Dropout with masks of its own at every call; without a key, outside training, it changes nothing."""

    def __init__(self, rate: float, key: jax.Array | None) -> None:
        """Make a layer of this rate."""
        self._rate, self._key, self._calls = rate, key, 0

    def __call__(self, x: Any) -> Any:
        """Mask ``x``; what is kept is scaled by ``1 / (1 - rate)``."""
        if self._key is None or not self._rate:
            return x
        key = jax.random.fold_in(self._key, self._calls) if self._calls else self._key
        self._calls += 1
        kept = jax.random.bernoulli(key, 1.0 - self._rate, x.shape)
        return jnp.where(kept, x / (1.0 - self._rate), 0.0).astype(x.dtype)
