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
        evaluate: ``(parameters, statistics, batch) -> Measures`` outside training, of a batch as ``prepare`` gives it;
            each of shape [batch], per example.
        prepare: ``batch -> batch``: what of an evaluation is the same for all members, computed once for them.
        embeddings: Places, among the parameters, of vectors for characters or for places of a sequence. Some
            optimizers move these as they move no other matrix.
    """

    initial: Callable[[np.random.Generator], tuple[Arrays, Arrays]]
    train: Callable[[Arrays, Arrays, Arrays, jax.Array], tuple[Any, tuple[Arrays, Any]]]
    evaluate: Callable[[Arrays, Arrays, Arrays], Measures]
    prepare: Callable[[Arrays], Arrays] = lambda batch: batch
    embeddings: tuple[int, ...] = ()


#: ``(parameters, statistics, inputs, key or None outside training) -> (logits, statistics)``.
Network = Callable[[Arrays, Arrays, Any, jax.Array | None], tuple[Any, Arrays]]
#: ``(key, inputs) -> inputs``: augmentation of a batch.
Augment = Callable[[jax.Array, Any], Any]


class Answers(NamedTuple):
    """A network outside training, in two parts.

    Attributes:
        prepare: ``inputs -> prepared``: the part without parameters, computed once for all members.
        answer: ``(parameters, statistics, prepared) -> logits``.
    """

    prepare: Callable[[Any], Any]
    answer: Callable[[Arrays, Arrays, Any], Any]


def classification(
    initial: Callable[[np.random.Generator], tuple[Arrays, Arrays]],
    network: Network,
    augment: Augment | None = None,
    embeddings: tuple[int, ...] = (),
    answers: Answers | None = None,
) -> Problem:
    """A network trained by cross-entropy on batches ``(inputs, integer labels)``.

    Labels are [B], or [B, L] where logits are [B, L, classes] as in a language model; a right answer then counts
    ``1/L``. For ``embeddings`` see `Problem`. ``answers`` are the network's outside training, where a part of them is
    the same for all members; left out, ``network`` gives them.
    """
    if answers is None:
        answers = Answers(lambda inputs: inputs, lambda weights, running, x: network(weights, running, x, None)[0])
    prepare, answer = answers

    def train(parameters: Arrays, statistics: Arrays, batch: Arrays, key: jax.Array) -> Any:
        inputs, labels = batch
        network_key, augment_key = jax.random.split(key)
        if augment is not None:
            inputs = augment(augment_key, inputs)
        logits, statistics = network(parameters, statistics, inputs, network_key)
        measures = _measures(logits, labels)
        return measures.loss.mean(), (statistics, measures.correct.sum())

    def evaluate(parameters: Arrays, statistics: Arrays, batch: Arrays) -> Measures:
        return _measures(answer(parameters, statistics, batch[0]), batch[1])

    return Problem(initial, train, evaluate, lambda batch: (prepare(batch[0]), *batch[1:]), embeddings)


def _measures(logits: Any, labels: Any) -> Measures:
    logits = logits.astype(jnp.float32)
    losses = -jnp.take_along_axis(jax.nn.log_softmax(logits), labels[..., None], axis=-1)[..., 0]
    correct = (logits.argmax(-1) == labels).astype(jnp.float32)
    others = tuple(range(1, labels.ndim))
    return Measures(losses.mean(others), correct.mean(others))
