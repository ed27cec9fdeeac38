"""A tiny task, and trainers for it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reproduce.data import Dataset, Part, load_dataset
from reproduce.data.settings import DataSettings
from reproduce.models.settings import ModelSettings
from reproduce.study.optimizers import Entrant, learning_rates, make_optimizer
from reproduce.training.outcome import Measured
from reproduce.training.settings import TrainingSettings
from reproduce.training.trainer import Trainer

DATA = DataSettings(
    source="digits",
    image_size=0,
    train_per_class=0,
    test_per_class=0,
    validation_fraction=0.25,
    test_fraction=0.4,
    leave_out=(),
    window=0,
    label_noise=0.0,
    imbalance=1.0,
)
MODEL = ModelSettings(
    kind="surrogate",
    width=2,
    depth=3,
    heads=0,
    patch_size=0,
    dropout=0.2,
    batch_norm_momentum=0.9,
    pixels="unit",
    start="scratch",
    weights_file="",
)
TRAINING = TrainingSettings(
    batch_size=128,
    epochs=2,
    steps_per_epoch=0,
    warmup_fraction=0.2,
    hold_fraction=0.0,
    gradient_noise=0.0,
    augmentations=(),
    accumulation=1,
    precision="float32",
    frozen="nothing",
)
ADAM = Entrant("Adam", "keras", None)
SGD = Entrant("SGD", "keras", None)
OPT7 = Entrant("Opt7", "catalog", None)


def digits() -> Dataset:
    return load_dataset(DATA, None)


def invented(channels: int = 1, count: int = 24, size: int = 8, seed: int = 0) -> Dataset:
    """Random images of two classes, the second brighter."""
    random = np.random.default_rng(seed)
    labels = (np.arange(count) % 2).astype(np.int32)
    images = random.integers(0, 128, (count, size, size, channels)) + 100 * labels[:, None, None, None]
    part = Part(images.astype(np.uint8), labels)
    return Dataset("invented", ("dark", "bright"), 255, part, part, part)


def text(count: int = 24, length: int = 8) -> Dataset:
    """Characters that go round in a circle of five."""
    starts = np.arange(count)[:, None]
    codes = ((starts + np.arange(length + 1)) % 5).astype(np.int32)
    part = Part(codes[:, :-1].copy(), codes[:, 1:].copy())
    return Dataset("circle", tuple("abcde"), 1, part, part, part)


def trainer(
    dataset: Dataset,
    entrant: Entrant = ADAM,
    model: dict[str, Any] | None = None,
    training: dict[str, Any] | None = None,
    **arguments: Any,
) -> Trainer:
    """For `MODEL` and `TRAINING` with these changes."""
    settings = replace(MODEL, **(model or {})), replace(TRAINING, **(training or {}))
    return Trainer(*settings, dataset, partial(make_optimizer, entrant), **arguments)


def run(made: Trainer, rate: float, seed: int, entrant: Entrant = ADAM, **arguments: Any) -> Measured:
    return made.run(learning_rates(entrant, rate, made.length), seed, **{"test": True, **arguments})


def untimed(measured: Measured) -> Measured:
    return replace(measured, seconds=0.0)


def losses(measured: Measured) -> NDArray[np.float64]:
    return np.array(measured.curve.train_loss)
