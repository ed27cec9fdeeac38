"""Invented rows for figures, cards and the page: several tasks, several optimizers, some that diverge."""

import dataclasses
import math
import zlib
from collections.abc import Iterable, Sequence

import numpy as np

from reproduce.outcomes import Curve
from reproduce.study.rows import SCHEMA, Row

RATES = (0.001, 0.01, 0.1, 1.0)
EPOCHS = 6


def run(task: str, optimizer: str, phase: str, rate: float, seed: int, **changes: object) -> Row:
    """A run whose accuracies follow from the task's, optimizer's and rate's names alone."""
    source = np.random.default_rng([zlib.crc32(f"{task} {optimizer}".encode()), seed, int(1e6 * rate)])
    skill = zlib.crc32(optimizer.encode()) % 100 / 500
    distance = abs(math.log10(rate) + 1 + zlib.crc32(optimizer.encode()) % 2)
    end = max(0.1, 0.7 + skill - 0.15 * distance + source.normal(0, 0.01))
    curve = np.clip(end * (1 - np.exp(-0.8 * np.arange(1, EPOCHS + 1))) + source.normal(0, 0.01, EPOCHS), 0, 1)
    accuracies = tuple(float(value) for value in curve)
    losses = tuple(2 - value for value in accuracies)
    fields = {
        "schema": SCHEMA,
        "profile": "tiny",
        "study": "main",
        "protocol": "0" * 16,
        "task": task,
        "data": "1" * 16,
        "num_classes": 10,
        "optimizer": optimizer,
        "kind": "catalog",
        "fingerprint": "f" * 16,
        "schedule": None,
        "decay": True,
        "phase": phase,
        "rate": rate,
        "seed": seed,
        "weights": "scratch",
        "precision": "float32",
        "diverged_at": None,
        "steps": 10 * EPOCHS,
        "curve": Curve(losses, accuracies, losses, accuracies),
        "validation_accuracy": accuracies[-1],
        "test_accuracy": accuracies[-1] if phase == "final" else None,
        "seconds": 2.0 + skill,
        "device": "a processor",
        "backend": "tensorflow",
        "versions": {"python": "3"},
    }
    return Row(**{**fields, **changes})


def diverged(row: Row, epochs: int = 0) -> Row:
    """The run, diverged after so many epochs."""
    short = Curve(*(tuple(getattr(row.curve, field.name)[:epochs]) for field in dataclasses.fields(Curve)))
    return dataclasses.replace(
        row,
        diverged_at=10 * epochs + 3,
        steps=10 * epochs + 4,
        curve=short,
        validation_accuracy=None,
        test_accuracy=None,
    )


def study(
    optimizers: Iterable[str], task_names: Sequence[str] = ("digits",), seeds: Sequence[int] = (1, 2, 3)
) -> list[Row]:
    """Tuning and final runs of these optimizers on these tasks."""
    rows = []
    for task in task_names:
        for name in optimizers:
            tuning = [run(task, name, "tune", rate, 0) for rate in RATES]
            best = max(tuning, key=lambda row: row.validation_accuracy)
            rows += [*tuning, *(run(task, name, "final", best.rate, seed) for seed in seeds)]
    return rows
