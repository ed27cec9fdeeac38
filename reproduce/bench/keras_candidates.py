"""Candidates scored one at a time by Keras: each builds, compiles and fits a network of its own.

Run as ``python -m reproduce.bench.keras_candidates SETTINGS`` with KERAS_BACKEND set, since a process has one back
end. Each line that comes in names a candidate; a line with what it took and its score goes out.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import numpy as np

from reproduce.bench.asked import answer_lines
from reproduce.bench.digits import LARGEST, digits
from reproduce.bench.sizes import RaceSettings
from reproduce.libraries import enter_known_keras
from reproduce.plain_data import from_plain


def score_with_keras(document: dict[str, Any], settings: RaceSettings, seed: int, epochs: int) -> dict[str, float]:
    """Seconds and processor seconds it took to score one candidate, and its best validation accuracy.

    Args:
        document: The candidate's spec.
        settings: How it is trained.
        seed: Of the order of examples.
        epochs: Those that are trained of the settings' run.
    """
    import keras

    from paper_optimizers import GraphOptimizer, OptimizerSpec

    start = time.perf_counter(), time.process_time()
    keras.utils.clear_session()
    model = _network(settings)
    optimizer = GraphOptimizer(
        OptimizerSpec.from_dict(document), settings.rate, total_steps=settings.steps, warmup_steps=settings.warmup_steps
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, metrics=["accuracy"])
    train, validation = digits(settings)
    # As many examples an epoch as the engine's members see; where they are more than there are, some twice.
    count = settings.steps_per_epoch * settings.work.batch_size
    order = np.resize(np.random.default_rng(seed).permutation(len(train[0])), count)
    images, labels = (array[order] for array in train)
    history = model.fit(
        images, labels, settings.work.batch_size, epochs, verbose=0, shuffle=True, validation_data=validation,
        validation_batch_size=min(512, len(validation[0])),
    )  # fmt: skip
    return {
        "seconds": time.perf_counter() - start[0],
        "cpu_seconds": time.process_time() - start[1],
        "score": float(max(history.history["val_accuracy"])),
    }


def _network(settings: RaceSettings) -> Any:
    from keras import Input, Model, config, layers

    work = settings.work
    config.set_dtype_policy("mixed_bfloat16" if work.dtype == "bfloat16" else work.dtype)
    x = image = Input((work.image_size, work.image_size, work.channels))
    x = layers.Rescaling(1 / LARGEST)(x)
    for factor, stride in ((1, 1), (2, 2), (4, 2)):
        x = layers.Conv2D(factor * work.base_filters, 3, stride, padding="same")(x)
        x = layers.BatchNormalization(momentum=0.9)(x)
        x = layers.Activation("swish")(x)
    x = layers.Dropout(0.2)(layers.GlobalAveragePooling2D()(x))
    return Model(image, layers.Dense(10, dtype="float32")(x))


def main(settings: RaceSettings) -> None:
    """Score whatever candidate comes, until none can come any more."""

    def answer(asked: dict[str, Any]) -> dict[str, Any]:
        enter_known_keras()
        return score_with_keras(asked["spec"], settings, asked["seed"], asked["epochs"])

    answer_lines(answer)


if __name__ == "__main__":
    main(from_plain(RaceSettings, json.loads(sys.argv[1])))
