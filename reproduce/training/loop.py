"""What a training loop does, and which one fits the backend."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from reproduce.data import Part


class Steps(NamedTuple):
    """What changes from step to step besides the samples; each has one entry for each step.

    Attributes:
        rates: The learning rates, float32.
        seeds: Seeds of the gradient noise, uint32.
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
    """What the steps gave, an entry for each.

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
        """What the model answers outside training, shape (n, ..., classes)."""


def make_loop(model: Any, optimizer: Any, part: Part, settings: GradientSettings) -> Loop:
    """The loop for Keras' backend over the samples of ``part``; ``optimizer`` is built for ``model``."""
    import keras

    backend = keras.backend.backend()
    if backend == "tensorflow":
        from reproduce.training.tensorflow_loop import TensorFlowLoop

        return TensorFlowLoop(model, optimizer, part, settings)
    if backend == "jax":
        from reproduce.training.jax_loop import JaxLoop

        return JaxLoop(model, optimizer, part, settings)
    from reproduce.training.torch_loop import TorchLoop

    return TorchLoop(model, optimizer, part, settings)
