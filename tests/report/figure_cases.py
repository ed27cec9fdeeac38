"""Invented rows for figures, cards and the page: several tasks, several optimizers, some that diverge."""

import dataclasses
import math
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from reproduce.outcomes import TrainingCurve
from reproduce.report.collection import Collection
from reproduce.report.results import StudyResults
from reproduce.report.speed import DoorCost, FrameworkTime, OptimizerCost
from reproduce.study.rows import SCHEMA, Row
from reproduce.tasks.optimizers import Entrant
from tests.study.cases import TASK, TINY

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
        "data": f"{zlib.crc32(task.encode()):016x}",
        "num_classes": 10,
        "optimizer": optimizer,
        "kind": "catalog",
        "fingerprint": f"{zlib.crc32(optimizer.encode()):016x}",
        "schedule": None,
        "decay": True,
        "phase": phase,
        "rate": rate,
        "seed": seed,
        "weights": "scratch",
        "precision": "float32",
        "diverged_at": None,
        "steps": 10 * EPOCHS,
        "curve": TrainingCurve(losses, accuracies, losses, accuracies),
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
    short = TrainingCurve(
        *(tuple(getattr(row.curve, field.name)[:epochs]) for field in dataclasses.fields(TrainingCurve))
    )
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


def results_of(
    rows: Sequence[Row], name: str = "main", warmup_fraction: float = 0.1, hold_fraction: float = 0.0
) -> StudyResults:
    """These rows as a study: of the tasks and optimizers that they have, each as its last row has it."""
    shape = {"warmup_fraction": warmup_fraction, "hold_fraction": hold_fraction}
    task = dataclasses.replace(TASK, training=dataclasses.replace(TASK.training, **shape))
    names = dict.fromkeys(row.task for row in rows) or ("digits",)
    seeds = {row.seed for row in rows if row.phase == "final"}
    protocol = dataclasses.replace(
        TINY,
        study=name,
        tasks=tuple(dataclasses.replace(task, name=each) for each in names),
        rates=dataclasses.replace(TINY.rates, grid=RATES, most_extra_rates=0),
        seeds=dataclasses.replace(TINY.seeds, final=tuple(sorted(seeds)) or (1,)),
    )
    last = {row.optimizer: row for row in rows}
    entrants = tuple(Entrant(row.optimizer, row.kind, row.fingerprint) for row in last.values())
    return StudyResults(protocol, entrants, tuple(dataclasses.replace(row, study=name) for row in rows))


def measured(*studies: StudyResults, **more: object) -> Collection:
    """The measurements of a profile that has these studies."""
    return Collection("tiny", Path("nowhere"), studies, **{"step_costs": {}, **more})


def cost_of(optimizer: str, seconds: float, ratio: float, device: str = "a processor") -> dict[str, OptimizerCost]:
    """A step cost, by its optimizer."""
    return {optimizer: OptimizerCost(optimizer, 30, seconds, 0.1, ratio, ratio, ratio, 4096, 2048, 128, 32, device)}


def door_cost_of(door: str, network: str, optimizer: str, ratio: float, device: str = "a processor") -> DoorCost:
    """A step cost through a door; SGD's is half of Adam's, and a pass takes a hundredth of that."""
    return DoorCost(
        door, network, optimizer, 30, 0.1 * ratio, 0.1, 0.05, 0.001, ratio, ratio - 0.1, ratio + 0.1, 100, 800, device
    )


def framework_time(framework: str, form: str, times: float, size: str = "search", rounds: int = 9) -> FrameworkTime:
    return FrameworkTime(
        size, "a network", framework, form, "step", rounds, 2e-3, 1e-3, 3e-3, 4e-3,
        times, times - 0.1, times + 0.2, 2.0, 1000, "a processor",
    )  # fmt: skip
