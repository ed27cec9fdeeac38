"""Training steps of JAX and Optax as one writes them, with the library's convolutions."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax import lax

from reproduce.bench.step_sizes import StepSize

_STRIDES = (1, 2, 2)
#: The most networks side by side, and the most steps of a scan, in which the library's convolutions are slow.
_NETWORKS, _STEPS = 4, 5


def make_loop(size: StepSize, form: str) -> Callable[[], int]:
    """Make a function that trains for an epoch and answers how many steps were taken, of all networks together.

    Args:
        size: Of the surrogate.
        form: "jitted step", called step by step; "scan", the steps of an epoch in one program; or "scan, vmapped", that
            of several networks side by side.
    """
    vmapped = form == "scan, vmapped"
    shape = (size.examples, size.side, size.side, size.channels)
    images = jax.random.uniform(jax.random.key(1), shape)
    labels = jax.random.randint(jax.random.key(2), (size.examples,), 0, size.classes)
    optimizer = optax.adam(size.rate)
    step = partial(_step, optimizer, size, (images, labels))
    count = min(_NETWORKS, size.members) if vmapped else 1
    steps = size.steps if form == "jitted step" else min(_STEPS, size.steps)
    seeds = jax.random.split(jax.random.key(0), count) if vmapped else jax.random.key(0)
    start = partial(_start, optimizer, size)
    current = [jax.vmap(start)(seeds) if vmapped else start(seeds)]

    def epoch(carry: Any, key: Any) -> Any:
        return lax.scan(step, carry, jax.random.split(key, steps))[0]

    one = jax.jit(step, donate_argnums=0)
    whole = jax.jit(jax.vmap(epoch) if vmapped else epoch, donate_argnums=0)

    def train() -> int:
        if form == "jitted step":
            for key in jax.random.split(seeds, steps):
                current[0], _ = one(current[0], key)
        else:
            current[0] = whole(current[0], seeds)
        jax.block_until_ready(current[0])
        return steps * count

    return train


def _start(optimizer: Any, size: StepSize, key: Any) -> tuple[Any, Any, Any]:
    """Parameters, running statistics and the optimizer's state."""
    kernel_of = jax.nn.initializers.glorot_uniform()
    blocks, statistics, width = [], [], size.channels
    for factor, block_key in zip((1, 2, 4), jax.random.split(key, 3), strict=True):
        filters = factor * size.width
        kernel = kernel_of(block_key, (3, 3, width, filters))
        blocks.append((kernel, jnp.ones(filters), jnp.zeros(filters)))
        statistics.append((jnp.zeros(filters), jnp.ones(filters)))
        width = filters
    params = (blocks, (kernel_of(key, (width, size.classes)), jnp.zeros(size.classes)))
    return params, statistics, optimizer.init(params)


def _step(optimizer: Any, size: StepSize, data: Any, carry: Any, key: Any) -> tuple[Any, Any]:
    params, statistics, state = carry
    batch_key, drop_key = jax.random.split(key)
    order = jax.random.randint(batch_key, (size.batch,), 0, size.examples)
    images, labels = (array[order] for array in data)
    loss_of = jax.value_and_grad(_loss, has_aux=True)
    (loss, statistics), gradients = loss_of(params, statistics, images, labels, drop_key)
    updates, state = optimizer.update(gradients, state, params)
    return (optax.apply_updates(params, updates), statistics, state), loss


def _loss(params: Any, statistics: Any, x: Any, labels: Any, key: Any) -> tuple[Any, Any]:
    blocks, (kernel, bias) = params
    updated = []
    for (filters, gamma, beta), running, stride in zip(blocks, statistics, _STRIDES, strict=True):
        axes = ("NHWC", "HWIO", "NHWC")
        x = lax.conv_general_dilated(x, filters, (stride, stride), "SAME", dimension_numbers=axes)
        mean, variance = x.mean((0, 1, 2)), x.var((0, 1, 2))
        updated.append(tuple(0.99 * old + 0.01 * new for old, new in zip(running, (mean, variance), strict=True)))
        x = jax.nn.swish((x - mean) * lax.rsqrt(variance + 1e-3) * gamma + beta)
    pooled = x.mean((1, 2))
    kept = jax.random.bernoulli(key, 0.8, pooled.shape)
    logits = jnp.where(kept, pooled / 0.8, 0.0) @ kernel + bias
    return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean(), lax.stop_gradient(updated)
