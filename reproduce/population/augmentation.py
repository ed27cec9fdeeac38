"""The evolution stage's augmentation, on the device: reflect-pad and random crop, flip, cutout."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax


def crop_flip_cutout(padding: int = 4, cutout: int = 8) -> Any:
    """The augmentation of a batch of images.

    Args:
        padding: Pixels of reflection added on every side before a crop of the original size.
        cutout: Side of the square set to 0, its centre uniform over the image; what falls outside is lost.

    Returns:
        ``(key, images [B, H, W, C]) -> images``; every image is changed in its own way.
    """

    def augment(key: jax.Array, images: Any) -> Any:
        return jax.vmap(one)(jax.random.split(key, images.shape[0]), images)

    def one(key: jax.Array, image: Any) -> Any:
        crop_key, flip_key, cutout_key = jax.random.split(key, 3)
        height, width, channels = image.shape
        padded = jnp.pad(image, ((padding, padding), (padding, padding), (0, 0)), mode="reflect")
        offset = jax.random.randint(crop_key, (2,), 0, 2 * padding + 1)
        image = lax.dynamic_slice(padded, (offset[0], offset[1], 0), (height, width, channels))
        image = jnp.where(jax.random.bernoulli(flip_key), image[:, ::-1], image)
        centre = jax.random.randint(cutout_key, (2,), 0, jnp.array([height, width]))
        inside = _near(height, centre[0], cutout)[:, None] & _near(width, centre[1], cutout)[None, :]
        return jnp.where(inside[..., None], jnp.zeros((), image.dtype), image)

    return augment


def _near(size: int, centre: Any, side: int) -> Any:
    distance = jnp.arange(size) - centre
    return (distance >= -(side // 2)) & (distance < side - side // 2)
