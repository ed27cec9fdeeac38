"""The interface of training loops, and the loss and accuracy of the network that one trains."""

from __future__ import annotations

import math
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from reproduce.data import Part

_MAX_SAMPLES = 512
_MAX_NUMBERS = 2**21


class Steps(NamedTuple):
    """The things that change from step to step besides the samples; each has one entry for each step.

    Attributes:
        rates: The learning rates, float32.
        seeds: Seeds of the gradient noise and, on PyTorch, of dropout's masks; uint32.
    """

    rates: NDArray[np.float32]
    seeds: NDArray[np.uint32]


class GradientSettings(NamedTuple):
    """How gradients become a step.

    Attributes:
        accumulation: Parts of a batch whose gradients are averaged.
        noise: Deviation of the noise on each tensor's gradient, as a share of its root mean square.
    """

    accumulation: int
    noise: float


class Answers(NamedTuple):
    """The results of the steps, an entry for each.

    Attributes:
        losses: The mean cross-entropy of the batch, float32.
        right: How many of its answers were right, as trained on, int32.
    """

    losses: NDArray[np.float32]
    right: NDArray[np.int32]


class Loop(Protocol):
    """Trains a Keras model with a Keras optimizer; all state is in their variables."""

    def epoch(self, order: NDArray[np.int32], steps: Steps) -> Answers:
        """Take one step for each row of ``order``, shape (steps, batch): the training samples of each batch."""

    def given(self, inputs: NDArray[Any], labels: NDArray[Any], steps: Steps) -> Answers:
        """Take one step for each batch of ``inputs``, shape (steps, batch, ...).

        Labels are indices, int32, or shares of the classes, float32 with one more axis.
        """

    def logits(self, inputs: NDArray[Any]) -> NDArray[np.float32]:
        """Compute the model's answers outside training, shape (n, ..., classes)."""


def evaluate(loop: Loop, part: Part) -> tuple[float, float, NDArray[np.bool_]]:
    """Mean cross-entropy and share of right answers over all labels of ``part``; and which answers were right."""
    size = max(1, min(_MAX_SAMPLES, _MAX_NUMBERS // math.prod(part.inputs.shape[1:])))
    losses, right = 0.0, np.zeros(part.labels.shape, bool)
    for start in range(0, len(part), size):
        labels = part.labels[start : start + size]
        inputs = _padded(part.inputs[start : start + size], size)
        logits = loop.logits(inputs)[: len(labels)].astype(np.float64)
        losses += float(cross_entropies(logits, labels).sum())
        right[start : start + size] = logits.argmax(-1) == labels
    return losses / part.labels.size, int(right.sum()) / part.labels.size, right


def cross_entropies(logits: NDArray[np.float64], labels: NDArray[np.int32]) -> NDArray[np.float64]:
    """The cross-entropy of each label; NaN where a logit is not finite."""
    with np.errstate(invalid="ignore", over="ignore"):
        shifted = logits - logits.max(axis=-1, keepdims=True)
        chosen = np.take_along_axis(shifted, labels[..., None], axis=-1)[..., 0]
        result: NDArray[np.float64] = np.log(np.exp(shifted).sum(axis=-1)) - chosen
    return result


def _padded(inputs: NDArray[Any], size: int) -> NDArray[Any]:
    """A full evaluation batch, so that one compiled function serves them all."""
    missing = size - len(inputs)
    return np.pad(inputs, ((0, missing), *[(0, 0)] * (inputs.ndim - 1))) if missing else inputs
