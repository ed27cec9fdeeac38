"""Batch normalisation and swish in one, for channels last, with the gradient written out.

What it keeps for the gradient is the product that came in, in its own type, and two numbers a channel. Derived by the
library, the gradient keeps several arrays of the product's size, some in float32: on accelerators, whose products are
in bfloat16, most of the bytes of a step.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from reproduce.population.networks.batch_innermost import EPSILON
from reproduce.population.problems import Arrays

_PIXELS = (0, 1, 2)


@jax.custom_vjp
def normalised_swish(product: Any, bias: Any | None, gamma: Any, beta: Any) -> tuple[Any, Any, Any]:
    """Swish of a product plus bias, normalised over its batch; and mean and variance, which have no gradient.

    Args:
        product: [B, H, W, F] in any type; what is given has the same shape and type.
        bias: [F]; None in a network without. It moves nothing but the mean.
        gamma: [F].
        beta: [F].
    """
    return _forward(product, bias, gamma, beta)[0]


def swish_outside_training(product: Any, bias: Any | None, gamma: Any, beta: Any, running: Arrays) -> Any:
    """Swish of a product plus bias, normalised by a running mean and variance; arguments as of `normalised_swish`."""
    mean, variance = running
    centred = product.astype(jnp.float32) - (mean if bias is None else mean - bias)
    normal = centred * (gamma * lax.rsqrt(variance + EPSILON)) + beta
    return jax.nn.swish(normal).astype(product.dtype)


def _forward(product: Any, bias: Any | None, gamma: Any, beta: Any) -> tuple[tuple[Any, Any, Any], tuple[Any, ...]]:
    wide = product.astype(jnp.float32)
    mean = wide.mean(_PIXELS)
    variance = jnp.square(wide - mean).mean(_PIXELS)
    inverse = lax.rsqrt(variance + EPSILON)
    normal = (wide - mean) * (gamma * inverse) + beta
    y = jax.nn.swish(normal).astype(product.dtype)
    moved = mean if bias is None else mean + bias
    return (y, moved, variance), (product, mean, inverse, gamma, beta, bias)


def _backward(saved: tuple[Any, ...], changes: tuple[Any, Any, Any]) -> tuple[Any, ...]:
    product, mean, inverse, gamma, beta, bias = saved
    scale, count = gamma * inverse, product.size // product.shape[-1]
    centred = product.astype(jnp.float32) - mean
    normal = centred * scale + beta
    gate = jax.nn.sigmoid(normal)
    change = changes[0].astype(jnp.float32) * (gate * (1 + normal * (1 - gate)))
    of_beta = change.sum(_PIXELS)
    of_gamma = (change * centred).sum(_PIXELS) * inverse
    change = scale * (change - of_beta / count - centred * (inverse * of_gamma / count))
    of_bias = None if bias is None else change.sum(_PIXELS)  # Zero but for rounding, as in every form.
    return change.astype(product.dtype), of_bias, of_gamma, of_beta


normalised_swish.defvjp(_forward, _backward)
