"""Initial weights drawn from a NumPy generator: the same on every backend, and no global random state."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Variables that are drawn, each with its initializer's attribute; all others start as constants.
_DRAWN = {
    "kernel": ("kernel_initializer", "depthwise_initializer"),
    "recurrent_kernel": ("recurrent_initializer",),
    "embeddings": ("embeddings_initializer",),
}
#: A normal distribution cut at two deviations has this deviation.
_CUT_DEVIATION = 0.87962566103423978


def draw_weights(model: Any, random: np.random.Generator) -> None:
    """Set what ``model``'s initializers draw, layer by layer, and nothing else.

    Raises:
        TypeError: For an initializer that `drawn` does not know.
    """
    for variable, initializer in _drawn_variables(model):
        variable.assign(drawn(initializer, tuple(variable.shape), random))


def drawn(initializer: Any, shape: tuple[int, ...], random: np.random.Generator) -> NDArray[np.float32]:
    """One sample of a Keras initializer.

    Raises:
        TypeError: Unless it is a VarianceScaling (Glorot's and He's are), RandomUniform, RandomNormal or Orthogonal.
    """
    from keras import initializers

    if isinstance(initializer, initializers.VarianceScaling):
        values = _variance_scaled(initializer, shape, random)
    elif isinstance(initializer, initializers.Orthogonal):
        values = initializer.gain * _orthogonal(shape, random)
    elif isinstance(initializer, initializers.RandomUniform):
        values = random.uniform(initializer.minval, initializer.maxval, shape)
    elif isinstance(initializer, initializers.RandomNormal):
        values = random.normal(initializer.mean, initializer.stddev, shape)
    else:
        raise TypeError(f"no rule for the initializer {type(initializer).__name__}")
    return values.astype(np.float32)


def _drawn_variables(model: Any) -> Iterator[tuple[Any, Any]]:
    for layer in model.layers:
        owner = getattr(layer, "cell", layer)
        for name, initializers in _DRAWN.items():
            variable = getattr(owner, name, None)
            if variable is not None:
                found = [getattr(owner, each) for each in reversed(initializers) if getattr(owner, each, None)]
                yield variable, found[0]


def _variance_scaled(initializer: Any, shape: tuple[int, ...], random: np.random.Generator) -> NDArray[np.float64]:
    """Glorot & Bengio 2010, He et al. 2015."""
    receptive = math.prod(shape[:-2])
    fan_in, fan_out = receptive * shape[-2], receptive * shape[-1]
    fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[initializer.mode]
    variance = initializer.scale / max(1.0, fan)
    if initializer.distribution == "uniform":
        limit = math.sqrt(3 * variance)
        return random.uniform(-limit, limit, shape)
    if initializer.distribution == "truncated_normal":
        return math.sqrt(variance) / _CUT_DEVIATION * _cut_normal(shape, random)
    return math.sqrt(variance) * random.normal(size=shape)


def _cut_normal(shape: tuple[int, ...], random: np.random.Generator) -> NDArray[np.float64]:
    values = random.normal(size=shape)
    while (outside := np.abs(values) > 2).any():
        values[outside] = random.normal(size=int(outside.sum()))
    return values


def _orthogonal(shape: tuple[int, ...], random: np.random.Generator) -> NDArray[np.float64]:
    """A matrix with orthonormal rows or columns, whichever are fewer."""
    rows, columns = math.prod(shape[:-1]), shape[-1]
    q, r = np.linalg.qr(random.normal(size=(max(rows, columns), min(rows, columns))))
    q *= np.sign(np.diagonal(r))
    return (q if rows >= columns else q.T).reshape(shape)
