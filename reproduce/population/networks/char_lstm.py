"""A recurrent network that predicts the next character (Hochreiter & Schmidhuber 1997)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from reproduce.population.device import arithmetic_type
from reproduce.population.networks.layers import (
    Dropout,
    Weights,
    dense,
    dense_weights,
    embedding_weights,
    glorot_uniform,
    logits,
    orthogonal,
)
from reproduce.population.problems import Arrays


@dataclass(frozen=True)
class CharLSTM:
    """Characters to features, layers of LSTM, each dropped, the last layer at every place.

    Attributes:
        num_classes: How many different characters there are.
        width: Features of a character and units of a layer.
        depth: Layers of LSTM.
        dropout: Rate after each of them.
        dtype: Of the products; a cell's memory is float32. See `reproduce.population.device`.
        embeddings: Places of its embeddings among the parameters; see `reproduce.population.problems.Problem`.
    """

    num_classes: int
    width: int
    depth: int
    dropout: float = 0.0
    dtype: str | None = None
    embeddings: ClassVar[tuple[int, ...]] = (0,)

    def initial(self, generator: np.random.Generator) -> tuple[Arrays, Arrays]:
        """Parameters as Keras draws them by default, the forget gates' bias 1; there are no running statistics."""
        width = self.width
        parameters = [embedding_weights(self.num_classes, width, generator)]
        for _ in range(self.depth):
            kernel = glorot_uniform((width, 4 * width), generator)
            bias = np.repeat(np.array([0, 1, 0, 0], np.float32), width)
            parameters += [kernel, orthogonal(width, 4 * width, generator), bias]
        parameters += dense_weights(width, self.num_classes, generator)
        return tuple(parameters), ()

    def apply(self, parameters: Arrays, statistics: Arrays, text: Any, key: jax.Array | None) -> tuple[Any, Arrays]:
        """Logits [B, L, classes] of indices [B, L]; ``key`` is given in training."""
        dtype, drop = arithmetic_type(self.dtype), Dropout(self.dropout, key)
        weights = iter(parameters)
        x = next(weights)[text].astype(dtype)
        for _ in range(self.depth):
            x = drop(_lstm(x, weights, dtype))
        return logits(x, weights, dtype), statistics


def _lstm(x: Any, weights: Weights, dtype: str) -> Any:
    """The output of the units at each place, [B, L, width]; gates in the order input, forget, cell, output."""
    kernel, recurrent, bias = (next(weights) for _ in range(3))
    # What does not depend on the place before is one product for all places.
    driven = dense(x, iter((kernel, bias)), dtype).swapaxes(0, 1)
    recurrent = recurrent.astype(dtype)

    def step(carry: tuple[Any, Any], now: Any) -> Any:
        output, memory = carry
        gates = (now + output @ recurrent).astype(jnp.float32)
        enter, forget, cell, leave = jnp.split(gates, 4, axis=-1)
        memory = jax.nn.sigmoid(forget) * memory + jax.nn.sigmoid(enter) * jnp.tanh(cell)
        output = (jax.nn.sigmoid(leave) * jnp.tanh(memory)).astype(dtype)
        return (output, memory), output

    start = jnp.zeros((x.shape[0], recurrent.shape[0]))
    _, outputs = lax.scan(step, (start.astype(dtype), start), driven)
    return outputs.swapaxes(0, 1)
