"""Training steps of Keras' `fit`, on whichever back end this process has."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np

from reproduce.bench.step_sizes import StepSize
from reproduce.models.registry import image_model
from reproduce.models.settings import ConvNetSettings

#: Steps of a call of `fit`: enough for what an epoch costs beside its steps to be little of it.
_STEPS = 50


def make_loop(size: StepSize, form: str) -> Callable[[], int]:
    """Make a function that fits for an epoch and answers how many steps it took.

    Args:
        size: Of the surrogate.
        form: "fit".
    """
    del form
    settings = ConvNetSettings(
        network="surrogate",
        width=size.width,
        dropout=0.2,
        batch_norm_momentum=0.99,
        pixels="unit",
        conv_bias=False,
    )
    shape = (size.side, size.side, size.channels)
    model = image_model(settings, shape, size.classes)
    model.compile(keras.optimizers.Adam(size.rate), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    random, steps = np.random.default_rng(0), max(1, min(_STEPS, 10 * size.steps))
    images = random.random((steps * size.batch, *shape), np.float32)
    labels = random.integers(0, size.classes, len(images)).astype(np.int32)

    def fit() -> int:
        model.fit(images, labels, size.batch, verbose=0)
        return steps

    return fit
