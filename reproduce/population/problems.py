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
    """The results of a batch, each of shape [batch]: the loss of an example, and the share of it answered rightly."""

    loss: Any
    correct: Any


@dataclass(frozen=True)
class Problem:
    """A network and its loss.

    Attributes:
        initial: ``generator -> (parameters, statistics)``, NumPy arrays.
        train: ``(parameters, statistics, batch, key) -> (loss, (statistics, correct))``; differentiated by its first
            argument.
        measure: ``(parameters, statistics, prepared) -> Measures`` outside training, of what ``prepare`` gives.
        embeddings: Places, among the parameters, of vectors for characters or for places of a sequence. Some
            optimizers move these as they move no other matrix.
        prepare: ``batch -> prepared``: computes what of an evaluation needs no parameters, once for all members; None
            where there is nothing, and ``measure`` takes the batch itself.
    """

    initial: Callable[[np.random.Generator], tuple[Arrays, Arrays]]
    train: Callable[[Arrays, Arrays, Arrays, jax.Array], tuple[Any, tuple[Arrays, Any]]]
    measure: Callable[[Arrays, Arrays, Arrays], Measures]
    embeddings: tuple[int, ...] = ()
    prepare: Callable[[Arrays], Arrays] | None = None

    def evaluate(self, parameters: Arrays, statistics: Arrays, batch: Arrays) -> Measures:
        """Measure one member on a batch."""
        return self.measure(parameters, statistics, self.prepared(batch))

    def prepared(self, batch: Arrays) -> Arrays:
        """A batch as ``measure`` takes it."""
        return batch if self.prepare is None else self.prepare(batch)


#: ``(parameters, statistics, inputs, key or None outside training) -> (logits, statistics)``.
Network = Callable[[Arrays, Arrays, Any, jax.Array | None], tuple[Any, Arrays]]
#: ``(key, inputs) -> inputs``: augmentation of a batch.
Augment = Callable[[jax.Array, Any], Any]


class Inference(NamedTuple):
    """A network outside training, in two parts.

    Attributes:
        prepare: ``inputs -> prepared``: the part that needs no parameters, computed once for all members.
        logits: ``(parameters, statistics, prepared) -> logits``.
    """

    prepare: Callable[[Any], Any]
    logits: Callable[[Arrays, Arrays, Any], Any]


def classification(
    initial: Callable[[np.random.Generator], tuple[Arrays, Arrays]],
    network: Network,
    augment: Augment | None = None,
    embeddings: tuple[int, ...] = (),
    inference: Inference | None = None,
) -> Problem:
    """A network trained by cross-entropy on batches ``(inputs, integer labels)``.

    Labels are [B], or [B, L] where logits are [B, L, classes] as in a language model; a right answer then counts
    ``1/L``. For ``embeddings`` see `Problem`. ``inference`` is the network outside training, where members share a part
    of it; left out, that is ``network`` without a key.
    """

    def train(parameters: Arrays, statistics: Arrays, batch: Arrays, key: jax.Array) -> Any:
        inputs, labels = batch
        network_key, augment_key = jax.random.split(key)
        if augment is not None:
            inputs = augment(augment_key, inputs)
        logits, statistics = network(parameters, statistics, inputs, network_key)
        measures = _measures(logits, labels)
        return measures.loss.mean(), (statistics, measures.correct.sum())

    def logits(parameters: Arrays, statistics: Arrays, inputs: Any) -> Any:
        if inference is None:
            return network(parameters, statistics, inputs, None)[0]
        return inference.logits(parameters, statistics, inputs)

    def measure(parameters: Arrays, statistics: Arrays, prepared: Arrays) -> Measures:
        return _measures(logits(parameters, statistics, prepared[0]), prepared[1])

    prepare = None if inference is None else lambda batch: (inference.prepare(batch[0]), *batch[1:])
    return Problem(initial, train, measure, embeddings, prepare)


def _measures(logits: Any, labels: Any) -> Measures:
    logits = logits.astype(jnp.float32)
    losses = -jnp.take_along_axis(jax.nn.log_softmax(logits), labels[..., None], axis=-1)[..., 0]
    correct = (logits.argmax(-1) == labels).astype(jnp.float32)
    others = tuple(range(1, labels.ndim))
    return Measures(losses.mean(others), correct.mean(others))
