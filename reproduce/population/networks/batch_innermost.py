"""The ConvNet's blocks for CPUs, where members are computed one after another: channels first, the batch innermost.

An array is [C, H, W, B], the layout of cuda-convnet (Krizhevsky 2012). A channel lies in one run of H W B numbers::

    channel 0                                      channel 1
    row 0                  row 1                   row 0
    pixel 0     pixel 1    pixel 0     pixel 1     pixel 0
    b0 b1 .. bB b0 b1 .. bB b0 b1 .. bB b0 b1 .. bB b0 b1 .. bB ...

So whatever is computed element by element runs over whole vectors, however few the channels are; a mean over a channel
is the mean of a row of [C, N], where N = H W B; what a tap of a kernel sees of a row of pixels is a copy of whole runs;
and a convolution is one product [F, 9 C] x [9 C, N], whose long side fills the vectors.

The gradient is written out (`jax.custom_vjp`). It keeps each block's patches, its values before and after normalisation
are made again from two numbers a channel, and what stride 2 scatters back is put together from the four phases of the
pixels, each a sum of whole arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from reproduce.population.networks.convolutions import from_taps, shifted
from reproduce.population.problems import Arrays

#: Strides of the three blocks.
STRIDES = (1, 2, 2)
#: Added to a variance, as Keras does.
EPSILON = 1e-3

#: XLA writes such an array once, and does not compute it again for each of its readers.
_written = lax.optimization_barrier


class BlockParameters(NamedTuple):
    """The parameters of a block, or their gradient: kernel [3, 3, C, F]; bias, gamma and beta [F].

    Attributes:
        bias: Of the convolution; None in a network without.
    """

    kernel: Any
    bias: Any | None
    gamma: Any
    beta: Any


class _Kept(NamedTuple):
    """Values of a block's forward pass that its gradient needs.

    Attributes:
        shape: [C, H, W, B] of what came in.
        patches: [9 C, N].
        product: [F, N] kernel times patches.
        mean: [F] of the product.
        inverse: [F] one over its deviation.
        gate: [F, N] sigmoid of what was normalised.
    """

    shape: tuple[int, ...]
    patches: Any
    product: Any
    mean: Any
    inverse: Any
    gate: Any


def features_in_training(parameters: Arrays, images: Any, dtype: str) -> tuple[Any, Arrays]:
    """Features [F, B] of images [C, H, W, B], and mean and variance of each block's batch, which have no gradient.

    Args:
        parameters: Of the blocks, in the order of `BlockParameters`.
        images: In float32.
        dtype: Of the products; all else is float32.
    """
    features, statistics = _differentiable(dtype)(parameters, images)
    return features, lax.stop_gradient(statistics)


def first_patches(images: Any, dtype: str) -> Any:
    """[9 C, H, W, B] of images [C, H, W, B]: what the first block multiplies, whatever its parameters."""
    return _seen(images, STRIDES[0], dtype)


def features_outside_training(parameters: Arrays, statistics: Arrays, first: Any, dtype: str) -> Any:
    """Features [F, B] from `first_patches`, normalised by running statistics, in the order of the blocks."""
    blocks = _blocks(parameters)
    x = _outside_training(blocks[0], statistics[:2], first)
    for number in range(1, len(blocks)):
        of_block = statistics[2 * number : 2 * number + 2]
        x = _outside_training(blocks[number], of_block, _seen(x, STRIDES[number], dtype))
    return x.mean((1, 2))


def split_blocks(parameters: Arrays) -> list[tuple[Any, Any | None, Any, Any]]:
    """Kernel, bias or None, gamma and beta of each block, from all parameters of the blocks in their order."""
    size = len(parameters) // len(STRIDES)
    blocks = [parameters[first : first + size] for first in range(0, len(parameters), size)]
    return [(block[0], block[1] if size == len(BlockParameters._fields) else None, *block[-2:]) for block in blocks]


def patches(x: Any, stride: int) -> Any:
    """[C, H, W, B] to [9 C, N], zero-padded as "same" does; rows by tap's row, tap's column, channel."""
    channels, height, width, batch = x.shape
    if stride != 1:
        return jnp.concatenate(list(shifted(x, stride))).reshape(9 * channels, -1)
    # Columns first: of rows that are as long as the image again, a tap's row is an offset into one run.
    run, length = width * batch, height * width * batch
    x = jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    x = _written(x.reshape(channels, height + 2, -1))
    x = jnp.concatenate([x[:, :, tap * batch : tap * batch + run] for tap in range(3)])
    x = _written(x).reshape(3 * channels, -1)
    return jnp.concatenate([x[:, tap * run : tap * run + length] for tap in range(3)])


def scattered(change: Any, shape: tuple[int, ...], stride: int) -> Any:
    """The transpose of `patches`: [9 C, N] to ``shape``, [C, H, W, B]."""
    channels, height, width, batch = shape
    if stride != 2 or height % 2 or width % 2:
        whole = jax.ShapeDtypeStruct(shape, change.dtype)
        (scattered_back,) = jax.linear_transpose(partial(patches, stride=stride), whole)(change)
        return scattered_back
    return from_taps(change.reshape(3, 3, channels, height // 2, width // 2, batch), shape)


@cache
def _differentiable(dtype: str) -> Callable[[Arrays, Any], tuple[Any, Arrays]]:
    """``(parameters, images) -> (features, statistics)`` with the gradient of the features written out."""

    @jax.custom_vjp
    def features(parameters: Arrays, images: Any) -> tuple[Any, Arrays]:
        return forward(parameters, images)[0]

    def forward(parameters: Arrays, images: Any) -> Any:
        x, kept = images, []
        statistics: list[Any] = []
        for block, stride in zip(_blocks(parameters), STRIDES, strict=True):
            x, batch, of_block = _forward(block, x, stride, dtype)
            statistics += batch
            kept.append(of_block)
        return (x.mean((1, 2)), tuple(statistics)), (parameters, kept)

    def backward(saved: tuple[Arrays, list[_Kept]], changes: tuple[Any, Arrays]) -> tuple[Arrays, Any]:
        (parameters, kept), (change, _) = saved, changes
        size, batch = kept[-1].product.shape[1], change.shape[1]
        change = _written(change * (batch / size))  # of each pixel, from the mean over them
        change = jnp.broadcast_to(change[:, None], (len(change), size // batch, batch)).reshape(len(change), size)
        gradients: list[BlockParameters] = []
        for block, stride, of_block in reversed(list(zip(_blocks(parameters), STRIDES, kept, strict=True))):
            gradient, change = _backward(block, of_block, change, stride)
            gradients.insert(0, gradient)
        own = (array for gradient in gradients for array in gradient if array is not None)
        return tuple(own), change.reshape(kept[0].shape)

    features.defvjp(forward, backward)
    return features


def _forward(block: BlockParameters, x: Any, stride: int, dtype: str) -> tuple[Any, Arrays, _Kept]:
    """The output of a block [F, H', W', B], mean and variance of its batch, and the values that its gradient needs."""
    seen = _written(patches(x.astype(dtype), stride))
    product = _convolution(block.kernel, seen)  # The bias moves nothing but the mean.
    mean = product.mean(1)
    variance = jnp.square(product - _column(mean)).mean(1)
    inverse = lax.rsqrt(variance + EPSILON)
    normal = _normalised(block, product, mean, inverse)
    gate = _sigmoid(normal)
    y = (normal * gate).reshape(-1, *_strided(x.shape, stride))
    moved = mean if block.bias is None else mean + block.bias
    return y, (moved, variance), _Kept(x.shape, seen, product, mean, inverse, gate)


def _backward(block: BlockParameters, kept: _Kept, change: Any, stride: int) -> tuple[BlockParameters, Any]:
    """The gradient of a block's parameters and of what came in [C, H W B], from that of what it gave [F, N]."""
    count, scale = change.shape[1], block.gamma * kept.inverse
    normal = _normalised(block, kept.product, kept.mean, kept.inverse)
    change = _written(change * (kept.gate * (1 + normal * (1 - kept.gate))))
    of_beta = change.sum(1)
    of_gamma = (change * (kept.product - _column(kept.mean))).sum(1) * kept.inverse
    # d product = scale (change - mean(change) - standardised mean(change standardised)), as one line in the product.
    slope = -scale * kept.inverse * of_gamma / count
    offset = -scale * of_beta / count - slope * kept.mean
    change = change * _column(scale) + kept.product * _column(slope) + _column(offset)
    of_bias = None if block.bias is None else change.sum(1)  # Zero but for rounding, as in every form.
    change = _written(change.astype(kept.patches.dtype))
    of_kernel = _product(kept.patches, change, (1, 1)).reshape(block.kernel.shape)
    back = _product(_matrix(block.kernel).astype(change.dtype), change, (1, 0))
    back = scattered(back, kept.shape, stride).reshape(kept.shape[0], -1)
    return BlockParameters(of_kernel, of_bias, of_gamma, of_beta), back


def _seen(x: Any, stride: int, dtype: str) -> Any:
    """[9 C, H', W', B], the patches of [C, H, W, B]."""
    return _written(patches(x.astype(dtype), stride)).reshape(-1, *_strided(x.shape, stride))


def _outside_training(block: BlockParameters, statistics: Arrays, seen: Any) -> Any:
    """The output of a block [F, H', W', B], normalised by running mean and variance, from its patches."""
    mean, variance = statistics
    product = _convolution(block.kernel, seen.reshape(len(seen), -1))
    scale = block.gamma * lax.rsqrt(variance + EPSILON)
    offset = -mean if block.bias is None else block.bias - mean
    normal = product * _column(scale) + _column(block.beta + offset * scale)
    return _written(normal * _sigmoid(normal)).reshape(-1, *seen.shape[1:])


def _blocks(parameters: Arrays) -> list[BlockParameters]:
    return [BlockParameters(*each) for each in split_blocks(parameters)]


def _convolution(kernel: Any, seen: Any) -> Any:
    """[F, N] in float32, of a kernel [3, 3, C, F] and patches [9 C, N]."""
    matrix = _matrix(kernel)
    if seen.dtype == jnp.float32:
        return _product(matrix, seen, (0, 0))
    return _product(matrix.T.astype(seen.dtype), seen, (1, 0))  # CPUs' matrix units take no other side.


def _product(first: Any, second: Any, contracted: tuple[int, int]) -> Any:
    """The product over one axis of each matrix, summed in float32."""
    axes = (((contracted[0],), (contracted[1],)), ((), ()))
    return lax.dot_general(first, second, axes, preferred_element_type=jnp.float32)


def _matrix(kernel: Any) -> Any:
    """[9 C, F], rows in the order of `patches`."""
    return kernel.reshape(-1, kernel.shape[-1])


def _normalised(block: BlockParameters, product: Any, mean: Any, inverse: Any) -> Any:
    scale = block.gamma * inverse
    return product * _column(scale) + _column(block.beta - mean * scale)


def _sigmoid(x: Any) -> Any:
    return 0.5 + 0.5 * jnp.tanh(0.5 * x)  # XLA's own has a division more.


def _column(of_channels: Any) -> Any:
    return of_channels[:, None]


def _strided(shape: tuple[int, ...], stride: int) -> tuple[int, int, int]:
    """[H', W', B] of what a block gives for [C, H, W, B]."""
    return -(-shape[1] // stride), -(-shape[2] // stride), shape[3]
