"""What a training loop does, and which one fits the backend."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from reproduce.data import Part


class Loop(Protocol):
    """Trains a Keras model with a Keras optimizer on one set of images; all state is in their variables."""

    def epoch(
        self, order: NDArray[np.int32], rates: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
        """Take one step for each row of ``order``.

        Args:
            order: Shape (steps, batch): the images of each batch.
            rates: Shape (steps,): the learning rate of each step.

        Returns:
            The mean cross-entropy of each batch and how many of its images were classified rightly, as trained on.
        """

    def logits(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """What the model answers outside training, shape (n, classes)."""


def make_loop(model: Any, optimizer: Any, part: Part) -> Loop:
    """The loop for Keras' backend over the images of ``part``; builds ``optimizer``."""
    import keras

    optimizer.build(model.trainable_variables)
    backend = keras.backend.backend()
    if backend == "tensorflow":
        from reproduce.training.tensorflow_loop import TensorFlowLoop

        return TensorFlowLoop(model, optimizer, part)
    if backend == "jax":
        from reproduce.training.jax_loop import JaxLoop

        return JaxLoop(model, optimizer, part)
    from reproduce.training.torch_loop import TorchLoop

    return TorchLoop(model, optimizer, part)
