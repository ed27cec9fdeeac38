"""Candidates scored one at a time by Keras: each builds, compiles and fits a network of its own.

Run as ``python -m reproduce.bench.keras_candidates JOB ANSWER`` with KERAS_BACKEND set: a process has one back end.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from reproduce.bench.race import RaceSettings, digits
from reproduce.files import write_text


def score_with_keras(document: dict[str, Any], settings: RaceSettings, seed: int) -> tuple[float, float]:
    """Seconds it took to score one candidate, and its best validation accuracy."""
    import keras

    from paper_optimizers import GraphOptimizer, OptimizerSpec

    start = time.perf_counter()
    keras.utils.clear_session()
    model = _network(settings)
    optimizer = GraphOptimizer(
        OptimizerSpec.from_dict(document), settings.rate, total_steps=settings.steps, warmup_steps=settings.warmup_steps
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, metrics=["accuracy"])
    train, validation = digits()
    # As many examples an epoch as the engine's members see: whole batches of a fresh shuffle.
    count = settings.steps_per_epoch * settings.batch_size
    order = np.random.default_rng(seed).permutation(len(train[0]))[:count]
    images, labels = (array[order] for array in train)
    history = model.fit(
        images, labels, settings.batch_size, settings.epochs, verbose=0, shuffle=True, validation_data=validation,
        validation_batch_size=len(validation[0]),
    )  # fmt: skip
    return time.perf_counter() - start, float(max(history.history["val_accuracy"]))


def _network(settings: RaceSettings) -> Any:
    from keras import Input, Model, layers

    x = image = Input((8, 8, 1))
    x = layers.Rescaling(1 / 16)(x)
    for factor, stride in ((1, 1), (2, 2), (4, 2)):
        x = layers.Conv2D(factor * settings.base_filters, 3, stride, padding="same")(x)
        x = layers.BatchNormalization(momentum=0.9)(x)
        x = layers.Activation("swish")(x)
    x = layers.Dropout(0.2)(layers.GlobalAveragePooling2D()(x))
    return Model(image, layers.Dense(10)(x))


def main(job: Path, answer: Path) -> None:
    """Score the candidates of the file ``job`` and write seconds and scores to ``answer``.

    The first one is scored twice and its first time left out, which holds what a process does once.
    """
    task = json.loads(job.read_text(encoding="utf-8"))
    settings = RaceSettings(**task["settings"])
    specs = task["specs"]
    score_with_keras(specs[0], settings, 0)
    results = [score_with_keras(spec, settings, seed) for seed, spec in enumerate(specs)]
    seconds, scores = zip(*results, strict=True)
    write_text(answer, json.dumps({"seconds": seconds, "scores": scores}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
