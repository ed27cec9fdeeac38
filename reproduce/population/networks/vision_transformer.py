"""A small transformer that sees images as patches (Dosovitskiy et al. 2021)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import jax
import numpy as np

from reproduce.population.device import arithmetic_type
from reproduce.population.networks.blocks import Blocks
from reproduce.population.networks.layers import (
    Dropout,
    dense,
    dense_weights,
    glorot_uniform,
    logits,
    position_weights,
)
from reproduce.population.problems import Arrays, Inference


@dataclass(frozen=True)
class VisionTransformer:
    """Patches to features, positions added, blocks, the mean over patches, the last layer.

    Attributes:
        image_shape: Height, width and channels; what whole patches leave over at the right and below is not seen.
        num_classes: Length of the logits.
        width: Features of a patch.
        depth: Blocks.
        heads: Of the attention.
        patch_size: Pixels on a patch's side.
        dropout: Rate after each attention, each mlp and before the last layer.
        dtype: Of the products; see `reproduce.population.device`.
        embeddings: Places of its embeddings among the parameters; see `reproduce.population.problems.Problem`.
    """

    image_shape: tuple[int, int, int]
    num_classes: int
    width: int
    depth: int
    heads: int
    patch_size: int
    dropout: float = 0.0
    dtype: str | None = None
    embeddings: ClassVar[tuple[int, ...]] = (2,)

    def initial(self, generator: np.random.Generator) -> tuple[Arrays, Arrays]:
        """Parameters as Keras draws them by default; there are no running statistics."""
        height, width, channels = self.image_shape
        size = self.patch_size
        kernel = glorot_uniform((size, size, channels, self.width), generator)
        places = (height // size) * (width // size)
        parameters = [kernel, np.zeros(self.width, np.float32), position_weights(places, self.width, generator)]
        parameters += self._blocks().initial(generator)
        parameters += dense_weights(self.width, self.num_classes, generator)
        return tuple(parameters), ()

    def apply(self, parameters: Arrays, statistics: Arrays, images: Any, key: jax.Array | None) -> tuple[Any, Arrays]:
        """Logits [B, classes] of images [B, H, W, C]; ``key`` is given in training."""
        return self._of_patches(parameters, self._patches(images), key), statistics

    @property
    def inference(self) -> Inference:
        """The network outside training: members share the patches of the images."""
        return Inference(self._patches, lambda parameters, _, patches: self._of_patches(parameters, patches, None))

    def _of_patches(self, parameters: Arrays, patches: Any, key: jax.Array | None) -> Any:
        """Logits [B, classes]."""
        dtype, drop = arithmetic_type(self.dtype), Dropout(self.dropout, key)
        kernel, *others = parameters
        weights = iter((kernel.reshape(-1, self.width), *others))
        x = dense(patches, weights, dtype)
        x = self._blocks().apply(x + next(weights).astype(dtype), weights, drop, dtype)
        return logits(drop(x.mean(1)), weights, dtype)

    def _blocks(self) -> Blocks:
        return Blocks(self.width, self.depth, self.heads, causal=False)

    def _patches(self, images: Any) -> Any:
        """[B, patches, pixels of a patch], row by row."""
        size, channels = self.patch_size, images.shape[-1]
        rows, columns = (length // size for length in images.shape[1:3])
        tiles = images[:, : rows * size, : columns * size].reshape(-1, rows, size, columns, size, channels)
        return tiles.transpose(0, 1, 3, 2, 4, 5).reshape(-1, rows * columns, size * size * channels)
