"""The paper's surrogate ConvNet as pure functions: 3x3 convolutions, batch normalisation, swish, pooling, dropout.

Parameters come in the order of Keras' trainable variables of the same network (kernel, bias, gamma, beta for each
block, then the dense layer's), so that weights can be carried over as they are.

A convolution is written as patches times a matrix: a population of them is then one batched matrix product, which on
CPUs is faster than a grouped convolution (`reproduce.population.networks.convolutions` has the other forms).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from reproduce.population.networks.convolutions import CONVOLUTIONS, Convolution
from reproduce.population.networks.layers import Dropout, dense_weights, glorot_uniform, logits
from reproduce.population.networks.precision import arithmetic_type
from reproduce.population.problems import Arrays

_EPSILON = 1e-3


@dataclass(frozen=True)
class ConvNet:
    """The surrogate of one size.

    Attributes:
        base_filters: Filters of the first block; the others have twice and four times as many, at stride 2.
        channels: Channels of the images.
        num_classes: Length of the logits.
        scale: What pixels are multiplied by.
        dropout: Rate before the last layer.
        batch_norm_momentum: Share of the old running statistics kept at each step.
        dtype: Of the products; statistics and logits are float32. See `reproduce.population.networks.precision`.
        convolution: The form in which they are computed; it changes rounding alone.
    """

    base_filters: int
    channels: int
    num_classes: int
    scale: float = 1 / 255
    dropout: float = 0.2
    batch_norm_momentum: float = 0.99
    dtype: str | None = None
    convolution: Convolution = "patches"

    def initial(self, generator: np.random.Generator) -> tuple[Arrays, Arrays]:
        """Glorot-uniform kernels, as Keras draws them by default; zeros and ones elsewhere."""
        parameters: list[Any] = []
        statistics: list[Any] = []
        width = self.channels
        for factor in (1, 2, 4):
            filters = factor * self.base_filters
            ones, zeros = np.ones(filters, np.float32), np.zeros(filters, np.float32)
            parameters += [glorot_uniform((3, 3, width, filters), generator), zeros, ones, zeros]
            statistics += [zeros, ones]
            width = filters
        parameters += dense_weights(width, self.num_classes, generator)
        return tuple(parameters), tuple(statistics)

    def apply(self, parameters: Arrays, statistics: Arrays, images: Any, key: jax.Array | None) -> tuple[Any, Arrays]:
        """Logits [B, classes] of images [B, H, W, C]; ``key`` is given in training."""
        dtype, drop = arithmetic_type(self.dtype), Dropout(self.dropout, key)
        x = (images.astype(jnp.float32) * self.scale).astype(dtype)
        convolve = CONVOLUTIONS[self.convolution]
        updated: list[Any] = []
        for block, stride in enumerate((1, 2, 2)):
            kernel, bias, gamma, beta = parameters[4 * block : 4 * block + 4]
            x = convolve(x, kernel.astype(dtype), stride) + bias.astype(dtype)
            x, running = self._normalise(x, gamma, beta, statistics[2 * block : 2 * block + 2], key is not None)
            updated += running
            x = jax.nn.swish(x)
        return logits(drop(x.mean((1, 2))), iter(parameters[-2:]), dtype), tuple(updated)

    def _normalise(self, x: Any, gamma: Any, beta: Any, running: Arrays, training: bool) -> tuple[Any, Arrays]:
        wide = x.astype(jnp.float32)
        if training:
            mean, variance = wide.mean((0, 1, 2)), wide.var((0, 1, 2))
            kept = self.batch_norm_momentum
            running = (
                kept * running[0] + (1.0 - kept) * lax.stop_gradient(mean),
                kept * running[1] + (1.0 - kept) * lax.stop_gradient(variance),
            )
        else:
            mean, variance = running
        scale = gamma * lax.rsqrt(variance + _EPSILON)
        return ((wide - mean) * scale + beta).astype(x.dtype), running
