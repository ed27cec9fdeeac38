"""The paper's surrogate ConvNet as pure functions: 3x3 convolutions, batch normalisation, swish, pooling, dropout.

Parameters come in the order of Keras' trainable variables of the same network (kernel, bias if there is one, gamma and
beta for each block, then the dense layer's), so that weights can be carried over as they are.

A convolution is written as patches times a matrix. On CPUs, where members are computed one after another, the blocks
have channels first and the batch innermost (`reproduce.population.networks.batch_innermost`). Vectorised, channels are
last and a population of products is one batched product (`reproduce.population.networks.convolutions`, which has other
forms too).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from reproduce.population.device import arithmetic_type, default_layout
from reproduce.population.networks.batch_innermost import (
    STRIDES,
    features_in_training,
    features_outside_training,
    first_patches,
    split_blocks,
)
from reproduce.population.networks.convolutions import CONVOLUTIONS, Convolution, Convolve, convolution_of
from reproduce.population.networks.layers import Dropout, dense_weights, glorot_uniform, logits
from reproduce.population.networks.normalisation import normalised_swish, swish_outside_training
from reproduce.population.problems import Arrays, Inference


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
        dtype: Of the products; statistics and logits are float32. See `reproduce.population.device`.
        conv_bias: Whether convolutions have a bias, which batch normalisation takes out again.
        convolution: The form in which they are computed, which changes rounding alone; None for that which suits the
            device's layout.
        embeddings: Places of its embeddings among the parameters; see `reproduce.population.problems.Problem`.
    """

    base_filters: int
    channels: int
    num_classes: int
    scale: float = 1 / 255
    dropout: float = 0.2
    batch_norm_momentum: float = 0.99
    dtype: str | None = None
    conv_bias: bool = True
    convolution: Convolution | None = None
    embeddings: ClassVar[tuple[int, ...]] = ()

    def initial(self, generator: np.random.Generator) -> tuple[Arrays, Arrays]:
        """Glorot-uniform kernels, as Keras draws them by default; zeros and ones elsewhere."""
        parameters: list[Any] = []
        statistics: list[Any] = []
        width = self.channels
        for factor in (1, 2, 4):
            filters = factor * self.base_filters
            ones, zeros = np.ones(filters, np.float32), np.zeros(filters, np.float32)
            bias = [zeros] if self.conv_bias else []
            parameters += [glorot_uniform((3, 3, width, filters), generator), *bias, ones, zeros]
            statistics += [zeros, ones]
            width = filters
        parameters += dense_weights(width, self.num_classes, generator)
        return tuple(parameters), tuple(statistics)

    def apply(self, parameters: Arrays, statistics: Arrays, images: Any, key: jax.Array | None) -> tuple[Any, Arrays]:
        """Logits [B, classes] of images [B, H, W, C]; ``key`` is given in training."""
        if key is None:
            return self._logits(parameters, statistics, self._prepare(images)), statistics
        dtype, drop, x = arithmetic_type(self.dtype), Dropout(self.dropout, key), self._scaled(images)
        convolve = self._channels_last
        if convolve is None:
            features, batch = features_in_training(parameters[:-2], x, dtype)
            pooled = features.T
            updated = tuple(self._moved(old, new) for old, new in zip(statistics, batch, strict=True))
        else:
            pooled, updated = self._features(convolve, parameters[:-2], statistics, x, dtype, training=True)
        return logits(drop(pooled), iter(parameters[-2:]), dtype), updated

    @property
    def inference(self) -> Inference:
        """The network outside training: with the batch innermost, members share the patches of the images."""
        return Inference(self._prepare, self._logits)

    def _prepare(self, images: Any) -> Any:
        """The patches of the images where the batch is innermost, the scaled images elsewhere."""
        x = self._scaled(images)
        return first_patches(x, arithmetic_type(self.dtype)) if self._channels_last is None else x

    def _logits(self, parameters: Arrays, statistics: Arrays, prepared: Any) -> Any:
        """Logits [B, classes] from what `_prepare` gives."""
        dtype, convolve = arithmetic_type(self.dtype), self._channels_last
        if convolve is None:
            pooled = features_outside_training(parameters[:-2], statistics, prepared, dtype).T
        else:
            pooled, _ = self._features(convolve, parameters[:-2], statistics, prepared, dtype, training=False)
        return logits(pooled, iter(parameters[-2:]), dtype)

    @property
    def _channels_last(self) -> Convolve | None:
        """The convolution with channels last; None with the batch innermost."""
        form = self.convolution or convolution_of(default_layout())
        return None if form == "batch-innermost" else CONVOLUTIONS[form]

    def _scaled(self, images: Any) -> Any:
        """The images in the layout of the form: [C, H, W, B] with the batch innermost, [B, H, W, C] otherwise."""
        x = images.astype(jnp.float32) * self.scale
        return x.transpose(3, 1, 2, 0) if self._channels_last is None else x

    def _features(
        self, convolve: Convolve, parameters: Arrays, statistics: Arrays, x: Any, dtype: str, *, training: bool
    ) -> tuple[Any, Arrays]:
        """Features [B, F] of scaled images [B, H, W, C], and the statistics after them."""
        x = x.astype(dtype)
        updated: list[Any] = []
        for block, (stride, (kernel, bias, gamma, beta)) in enumerate(
            zip(STRIDES, split_blocks(parameters), strict=True)
        ):
            product = convolve(x, kernel.astype(dtype), stride)
            running = statistics[2 * block : 2 * block + 2]
            if training:
                x, *batch = normalised_swish(product, bias, gamma, beta)
                updated += (self._moved(old, new) for old, new in zip(running, batch, strict=True))
            else:
                x = swish_outside_training(product, bias, gamma, beta, running)
        return x.mean((1, 2)), tuple(updated)

    def _moved(self, old: Any, new: Any) -> Any:
        """Running statistics after a batch's."""
        kept = self.batch_norm_momentum
        return kept * old + (1.0 - kept) * lax.stop_gradient(new)
