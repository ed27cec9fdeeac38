"""Training steps of Keras, as `fit` runs them, on whichever back end this process has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers

from reproduce.bench.step_parts import CHANNELS, CLASSES, RATE, TOTAL_STEPS, WARMUP_STEPS, StepNetwork
from reproduce.models.registry import image_model
from reproduce.models.settings import ConvNetSettings
from reproduce.tasks.optimizers import make_entrant, make_optimizer
from reproduce.training.settings import RunLength


def make_step(network: StepNetwork, name: str) -> tuple[Callable[[], Any], Callable[[], int], int]:
    """A step, the bytes of the optimizer's state once it has run, and how many weights are trained."""
    random = np.random.default_rng(0)
    model, inputs, targets, loss = _MODELS[network.name](network, random)
    optimizer = make_optimizer(make_entrant(name, "--optimizers"), RunLength(TOTAL_STEPS, WARMUP_STEPS, 0), RATE)
    model.compile(optimizer, loss, jit_compile="auto")

    def step() -> None:
        model.train_on_batch(inputs, targets)

    weights = sum(int(np.prod(variable.shape)) for variable in model.trainable_variables)
    return step, lambda: state_bytes(optimizer), weights


def state_bytes(optimizer: Any) -> int:
    """Bytes of an optimizer's variables, without those that every Keras optimizer has."""
    shared = {id(optimizer.iterations), id(optimizer.learning_rate)}
    own = [variable for variable in optimizer.variables if id(variable) not in shared]
    return int(sum(int(np.prod(variable.shape)) * np.dtype(variable.dtype).itemsize for variable in own))


def _convolutional(network: StepNetwork, random: Any) -> tuple[Any, ...]:
    settings = ConvNetSettings(
        network="surrogate", width=network.width, dropout=0.2, batch_norm_momentum=0.99, pixels="unit"
    )
    shape = (network.size, network.size, CHANNELS)
    images = random.random((network.batch, *shape), np.float32)
    labels = random.integers(0, CLASSES, network.batch).astype(np.int32)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return image_model(settings, shape, CLASSES), images, labels, loss


def _dense(network: StepNetwork, random: Any) -> tuple[Any, ...]:
    hidden = [layers.Dense(network.width, activation="relu") for _ in range(network.size - 1)]
    model = keras.Sequential([layers.Input((network.width,)), *hidden, layers.Dense(network.width)])
    inputs, targets = random.random((2, network.batch, network.width), np.float32)
    return model, inputs, targets, "mse"


def _embedding(network: StepNetwork, random: Any) -> tuple[Any, ...]:
    words = random.integers(0, network.size, (network.batch, network.length)).astype(np.int32)
    model = keras.Sequential(
        [
            layers.Input((network.length,), dtype="int32"),
            layers.Embedding(network.size, network.width),
            layers.GlobalAveragePooling1D(),
            layers.Dense(1),
        ]
    )
    return model, words, random.random((network.batch, 1), np.float32), "mse"


_MODELS: dict[str, Callable[[StepNetwork, Any], tuple[Any, ...]]] = {
    "convolutional": _convolutional,
    "dense": _dense,
    "embedding": _embedding,
}
