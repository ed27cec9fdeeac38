"""Training steps of a loop in JAX with a transformation of Optax, compiled as one function."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from paper_optimizers.optax import graph_optimizer
from reproduce.bench.step_parts import CHANNELS, CLASSES, RATE, TOTAL_STEPS, WARMUP_STEPS, StepNetwork
from reproduce.population.networks.convnet import ConvNet
from reproduce.population.problems import classification

_OWN: dict[str, Callable[[float], Any]] = {"Adam": optax.adam, "SGD": optax.sgd}


def make_step(network: StepNetwork, name: str) -> tuple[Callable[[], Any], Callable[[], int], int]:
    """A step, the bytes of the optimizer's state, and how many weights are trained."""
    random = np.random.default_rng(0)
    params, batch, loss = _LOSSES[network.name](network, random)
    params, batch = jax.tree.map(jnp.asarray, (params, batch))
    transformation = _transformation(name)
    state = transformation.init(params)

    @partial(jax.jit, donate_argnums=(0, 1))
    def update(params: Any, state: Any, batch: Any, key: Any) -> tuple[Any, Any]:
        gradients = jax.grad(loss)(params, batch, key)
        updates, state = transformation.update(gradients, state, params)
        return optax.apply_updates(params, updates), state

    current, key = [params, state], jax.random.key(0)

    def step() -> None:
        current[:] = jax.block_until_ready(update(*current, batch, key))

    size = int(sum(each.nbytes for each in jax.tree.leaves(state) if each.ndim))
    return step, lambda: size, int(sum(each.size for each in jax.tree.leaves(params)))


def _transformation(name: str) -> Any:
    if name in _OWN:
        return _OWN[name](RATE)
    return graph_optimizer(name, RATE, total_steps=TOTAL_STEPS, warmup_steps=WARMUP_STEPS)


def _convolutional(network: StepNetwork, random: Any) -> tuple[Any, Any, Any]:
    surrogate = ConvNet(network.width, CHANNELS, CLASSES, scale=1.0)
    images = random.random((network.batch, network.size, network.size, CHANNELS), np.float32)
    labels = random.integers(0, CLASSES, network.batch).astype(np.int32)
    params, statistics = surrogate.initial(random)
    problem = classification(surrogate.initial, surrogate.apply)
    return params, (images, labels), lambda params, batch, key: problem.train(params, statistics, batch, key)[0]


def _dense(network: StepNetwork, random: Any) -> tuple[Any, Any, Any]:
    limit = (3 / network.width) ** 0.5

    def loss(params: Any, batch: Any, key: Any) -> Any:
        del key
        x, targets = batch
        for number, (kernel, bias) in enumerate(params):
            x = x @ kernel + bias
            x = jax.nn.relu(x) if number + 1 < len(params) else x
        return jnp.mean(jnp.square(x - targets))

    square = (network.width, network.width)
    params = [
        (random.uniform(-limit, limit, square).astype(np.float32), np.zeros(network.width, np.float32))
        for _ in range(network.size)
    ]
    return params, tuple(random.random((2, network.batch, network.width), np.float32)), loss


def _embedding(network: StepNetwork, random: Any) -> tuple[Any, Any, Any]:
    words = random.integers(0, network.size, (network.batch, network.length)).astype(np.int32)

    def loss(params: Any, batch: Any, key: Any) -> Any:
        del key
        (words, targets), (table, kernel, bias) = batch, params
        return jnp.mean(jnp.square(table[words].mean(1) @ kernel + bias - targets))

    table = 0.05 * random.standard_normal((network.size, network.width), np.float32)
    params = (table, np.ones(network.width, np.float32), np.zeros(1, np.float32))
    return params, (words, random.random(network.batch, np.float32)), loss


_LOSSES: dict[str, Callable[[StepNetwork, Any], tuple[Any, Any, Any]]] = {
    "convolutional": _convolutional,
    "dense": _dense,
    "embedding": _embedding,
}
