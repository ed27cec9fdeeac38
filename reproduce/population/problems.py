"""Problems: what a population trains, as pure functions of parameters and a batch.

The engine knows a problem only by these functions, written for one member; it maps or vectorises them over members.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

#: A sequence of arrays: the parameters or the running statistics of one network.
Arrays = tuple[Any, ...]


class Measures(NamedTuple):
    """The results of one batch: the mean loss, and how many of its examples were answered rightly."""

    loss: Any
    correct: Any


@dataclass(frozen=True)
class Problem:
    """A network and its loss.

    Attributes:
        initial: ``generator -> (parameters, statistics)``, NumPy arrays.
        train: ``(parameters, statistics, batch, key) -> (loss, (statistics, correct))``; differentiated by its first
            argument.
        evaluate: ``(parameters, statistics, batch) -> Measures`` outside training; each of shape [batch], per example.
        embeddings: Places, among the parameters, of vectors for characters or for places of a sequence. Some
            optimizers move these as they move no other matrix.
    """

    initial: Callable[[np.random.Generator], tuple[Arrays, Arrays]]
    train: Callable[[Arrays, Arrays, Arrays, jax.Array], tuple[Any, tuple[Arrays, Any]]]
    evaluate: Callable[[Arrays, Arrays, Arrays], Measures]
    embeddings: tuple[int, ...] = ()


#: ``(parameters, statistics, inputs, key or None outside training) -> (logits, statistics)``.
Network = Callable[[Arrays, Arrays, Any, jax.Array | None], tuple[Any, Arrays]]
#: ``(key, inputs) -> inputs``: augmentation of a batch.
Augment = Callable[[jax.Array, Any], Any]


def classification(
    initial: Callable[[np.random.Generator], tuple[Arrays, Arrays]],
    network: Network,
    augment: Augment | None = None,
    embeddings: tuple[int, ...] = (),
) -> Problem:
    """A network trained by cross-entropy on batches ``(inputs, integer labels)``.

    Labels are [B], or [B, L] where logits are [B, L, classes] as in a language model; a right answer then counts
    ``1/L``. For ``embeddings`` see `Problem`.
    """

    def train(parameters: Arrays, statistics: Arrays, batch: Arrays, key: jax.Array) -> Any:
        inputs, labels = batch
        network_key, augment_key = jax.random.split(key)
        if augment is not None:
            inputs = augment(augment_key, inputs)
        logits, statistics = network(parameters, statistics, inputs, network_key)
        measures = _measures(logits, labels)
        return measures.loss.mean(), (statistics, measures.correct.sum())

    def evaluate(parameters: Arrays, statistics: Arrays, batch: Arrays) -> Measures:
        logits, _ = network(parameters, statistics, batch[0], None)
        return _measures(logits, batch[1])

    return Problem(initial, train, evaluate, embeddings)


def _measures(logits: Any, labels: Any) -> Measures:
    logits = logits.astype(jnp.float32)
    losses = -jnp.take_along_axis(jax.nn.log_softmax(logits), labels[..., None], axis=-1)[..., 0]
    correct = (logits.argmax(-1) == labels).astype(jnp.float32)
    others = tuple(range(1, labels.ndim))
    return Measures(losses.mean(others), correct.mean(others))
