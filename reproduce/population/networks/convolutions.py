"""Forms of a 3x3 convolution: the same numbers, computed in ways that suit one device or another.

Each is written for one member. Members have kernels of their own, so that over members a convolution is a grouped one,
which libraries compute at very different speeds. `make bench-engine` times all forms in both layouts of the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any, Literal

import jax
import jax.numpy as jnp
from jax import lax
from jax.custom_batching import custom_vmap

from reproduce.population.device import Layout

#: The forms with channels last.
ChannelsLast = Literal["patches", "shifts", "native", "native-nchw", "batch-groups"]
#: All forms; of the first, `reproduce.population.networks.batch_innermost` has the whole network.
Convolution = Literal["batch-innermost", ChannelsLast]
#: A convolution with channels last, of images, a kernel and a stride.
Convolve = Callable[[Any, Any, int], Any]


def convolution_of(layout: Layout) -> Convolution:
    """The form that suits a layout of the members."""
    return "batch-innermost" if layout == "map" else "patches"


@partial(jax.custom_vjp, nondiff_argnums=(2,))
def patches(x: Any, kernel: Any, stride: int) -> Any:
    """The 3x3 neighbourhoods, side by side, times a matrix; over members one batched matrix product.

    Its gradient makes the neighbourhoods again: kept, they are nine times what came in.
    """
    return _neighbourhoods(x, stride) @ kernel.reshape(-1, kernel.shape[-1])


def _patches_forward(x: Any, kernel: Any, stride: int) -> tuple[Any, tuple[Any, Any]]:
    return patches(x, kernel, stride), (x, kernel)


def _patches_backward(stride: int, saved: tuple[Any, Any], change: Any) -> tuple[Any, Any]:
    # Behind the barrier the neighbourhoods are not those of the forward pass, which XLA would keep.
    (x, change), kernel = lax.optimization_barrier((saved[0], change)), saved[1]
    seen, outputs = _neighbourhoods(x, stride), change.shape[-1]
    of_kernel = jnp.matmul(
        seen.reshape(-1, seen.shape[-1]).T, change.reshape(-1, outputs), preferred_element_type=jnp.float32
    )
    back = change @ kernel.reshape(-1, outputs).T
    return _scattered(back, x.shape, stride), of_kernel.reshape(kernel.shape).astype(kernel.dtype)


patches.defvjp(_patches_forward, _patches_backward)


def shifts(x: Any, kernel: Any, stride: int) -> Any:
    """Nine products of the shifted images with a matrix each: no neighbourhoods are stored. Summed in float32."""
    weights = kernel.reshape(9, *kernel.shape[2:])
    products = (
        jnp.matmul(image, weight, preferred_element_type=jnp.float32)
        for image, weight in zip(shifted(x, stride), weights, strict=True)
    )
    return sum(products).astype(x.dtype)


def native(x: Any, kernel: Any, stride: int) -> Any:
    """The library's convolution, channels last; over members one with ``feature_group_count``."""
    return lax.conv_general_dilated(x, kernel, (stride, stride), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))


def native_nchw(x: Any, kernel: Any, stride: int) -> Any:
    """The same with channels first, so that the members' channels lie outside the pixels."""
    y = lax.conv_general_dilated(
        x.transpose(0, 3, 1, 2), kernel, (stride, stride), "SAME", dimension_numbers=("NCHW", "HWIO", "NCHW")
    )
    return y.transpose(0, 2, 3, 1)


def batch_groups(x: Any, kernel: Any, stride: int) -> Any:
    """The library's convolution; over members one with ``batch_group_count``, its derivatives those of `native`."""
    return _batch_grouped(stride)(x, kernel)


#: ``(x [B, H, W, C], kernel [3, 3, C, F], stride) -> [B, H', W', F]``, zero-padded as "same" does.
CONVOLUTIONS: dict[ChannelsLast, Convolve] = {
    "patches": patches,
    "shifts": shifts,
    "native": native,
    "native-nchw": native_nchw,
    "batch-groups": batch_groups,
}


def shifted(x: Any, stride: int) -> Iterator[Any]:
    """Shift [..., H, W, ...], four axes, to what each of a kernel's nine places sees, as [..., H', W', ...]."""
    height, width = x.shape[1:3]
    rows, columns = -(-height // stride), -(-width // stride)
    tall, wide = (max((count - 1) * stride + 3 - size, 0) for count, size in ((rows, height), (columns, width)))
    x = jnp.pad(x, ((0, 0), (tall // 2, tall - tall // 2), (wide // 2, wide - wide // 2), (0, 0)))
    for i in range(3):
        for j in range(3):
            yield x[:, i : i + (rows - 1) * stride + 1 : stride, j : j + (columns - 1) * stride + 1 : stride]


def from_taps(tap: Any, shape: tuple[int, ...]) -> Any:
    """Put together what a kernel's taps at stride 2 saw, summed by pixel: each of four phases is a sum of whole arrays.

    Args:
        tap: [3, 3, A, H / 2, W / 2, Z], by the tap's row and column.
        shape: [A, H, W, Z], whose sides H and W are even.
    """
    # Padding lies below and to the right: an even row was seen by tap 0 of its own place and tap 2 of the place
    # before, an odd one by tap 1; and so were columns.
    even_even = tap[0, 0] + _next(tap[2, 0], 1) + _next(tap[0, 2], 2) + _next(_next(tap[2, 2], 1), 2)
    even_odd = tap[0, 1] + _next(tap[2, 1], 1)
    odd_even = tap[1, 0] + _next(tap[1, 2], 2)
    even_rows, odd_rows = jnp.stack([even_even, even_odd], 3), jnp.stack([odd_even, tap[1, 1]], 3)
    return jnp.stack([even_rows, odd_rows], 2).reshape(shape)


def _next(x: Any, axis: int) -> Any:
    """Moved on by one place along an axis; zeros come in, and the last place goes."""
    before = [(0, 0)] * x.ndim
    before[axis] = (1, 0)
    return lax.slice_in_dim(jnp.pad(x, before), 0, x.shape[axis], axis=axis)


def _neighbourhoods(x: Any, stride: int) -> Any:
    """[B, H', W', 9 C] of [B, H, W, C], by tap's row, tap's column, channel."""
    return jnp.concatenate(list(shifted(x, stride)), axis=-1)


def _scattered(change: Any, shape: tuple[int, ...], stride: int) -> Any:
    """The transpose of `_neighbourhoods`: [B, H', W', 9 C] to ``shape``, [B, H, W, C]."""
    batch, height, width, channels = shape
    if stride != 2 or height % 2 or width % 2:
        whole = jax.ShapeDtypeStruct(shape, change.dtype)
        (scattered_back,) = jax.linear_transpose(partial(_neighbourhoods, stride=stride), whole)(change)
        return scattered_back
    tap = change.reshape(batch, height // 2, width // 2, 3, 3, channels)
    return from_taps(tap.transpose(3, 4, 0, 1, 2, 5), shape)


@cache
def _batch_grouped(stride: int) -> Callable[[Any, Any], Any]:
    """`native` with a rule of its own for a further axis of members."""
    alone = partial(native, stride=stride)
    grouped = custom_vmap(alone)

    @grouped.def_vmap
    def over_members(count: int, batched: list[bool], x: Any, kernel: Any) -> tuple[Any, bool]:
        x, kernel = (
            array if own else jnp.broadcast_to(array, (count, *array.shape))
            for array, own in zip((x, kernel), batched, strict=True)
        )
        images = x.reshape(-1, *x.shape[2:])
        kernels = jnp.moveaxis(kernel, 0, -2).reshape(*kernel.shape[1:4], -1)
        y = lax.conv_general_dilated(
            images, kernels, (stride, stride), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"),
            batch_group_count=count,
        )  # fmt: skip
        return jnp.moveaxis(y.reshape(*y.shape[:3], count, -1), 3, 0), True

    @jax.custom_vjp
    def convolve(x: Any, kernel: Any) -> Any:
        return grouped(x, kernel)

    convolve.defvjp(
        lambda x, kernel: (grouped(x, kernel), (x, kernel)),
        lambda inputs, change: jax.vjp(alone, *inputs)[1](change),
    )
    return convolve
