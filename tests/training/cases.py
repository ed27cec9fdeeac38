"""A tiny task, and trainers for it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reproduce.data import Dataset, Part, load_dataset
from reproduce.models.settings import ModelSettings
from reproduce.outcomes import Training
from reproduce.tasks.optimizers import Entrant, make_optimizer
from reproduce.tasks.schedules import learning_rates
from reproduce.training.fit import Fit
from tests.settings import DIGITS, MODEL, TRAINING

ADAM = Entrant("Adam", "keras", None)
SGD = Entrant("SGD", "keras", None)
OPT7 = Entrant("Opt7", "catalog", None)


def digits() -> Dataset:
    return load_dataset(DIGITS, None)


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
    model: ModelSettings | dict[str, Any] | None = None,
    training: dict[str, Any] | None = None,
    **arguments: Any,
) -> Fit:
    """For `MODEL` or another, and `TRAINING`, with these changes."""
    network = replace(MODEL, **(model or {})) if model is None or isinstance(model, dict) else model
    return Fit(network, replace(TRAINING, **(training or {})), dataset, partial(make_optimizer, entrant), **arguments)


def run(made: Fit, rate: float, seed: int, entrant: Entrant = ADAM, **arguments: Any) -> Training:
    return made.run(learning_rates(entrant, rate, made.length), seed, **{"test": True, **arguments})


def untimed(measured: Training) -> Training:
    return replace(measured, seconds=0.0)


def losses(measured: Training) -> NDArray[np.float64]:
    return np.array(measured.curve.train_loss)
