"""A tiny protocol, invented rows, and workers that do not train."""

import dataclasses
import os
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reproduce.data import Dataset, Part
from reproduce.study.optimizers import Entrant
from reproduce.study.protocol import (
    DigitsSettings,
    FolderSettings,
    ModelSettings,
    OptimizerSettings,
    Protocol,
    RateSettings,
    SeedSettings,
    TrainingSettings,
)
from reproduce.study.rows import SCHEMA, Curve, Diverged, Finished, Job, Row
from reproduce.study.workers import Run

TINY = Protocol(
    profile="tiny",
    description="For tests.",
    digits=DigitsSettings(test_fraction=0.4, validation_fraction=0.25),
    folder=FolderSettings(image_size=8, train_per_class=0, test_per_class=0, validation_fraction=0.25),
    model=ModelSettings(base_filters=2, dropout=0.2, batch_norm_momentum=0.9),
    training=TrainingSettings(batch_size=128, epochs=2, warmup_fraction=0.2, hold_fraction=0.0),
    rates=RateSettings(grid=(0.01, 0.1, 1.0), most_extra_rates=2),
    seeds=SeedSettings(tune=(0,), final=(1, 2)),
    optimizers=OptimizerSettings(catalog=("Opt1", "A1"), keras=("SGD", "Adam"), reference="Adam"),
)
ENTRANTS = (
    Entrant("Opt1", "catalog", "1" * 16),
    Entrant("A1", "catalog", "2" * 16),
    Entrant("SGD", "keras", None),
    Entrant("Adam", "keras", None),
)
#: Where each invented optimizer is best, as a power of ten; SGD's is far outside the grid.
BEST = {"Opt1": -1.0, "A1": 0.0, "SGD": 5.0, "Adam": -2.0}

TINY_TOML = """
profile = "tiny"
description = "For tests."
[digits]
test_fraction = 0.4
validation_fraction = 0.25
[folder]
image_size = 8
train_per_class = 0
test_per_class = 0
validation_fraction = 0.25
[model]
base_filters = 2
dropout = 0.2
batch_norm_momentum = 0.9
[training]
batch_size = 128
epochs = 2
warmup_fraction = 0.2
hold_fraction = 0.0
[rates]
grid = [0.01, 0.1, 1]
most_extra_rates = 2
[seeds]
tune = [0]
final = [1, 2]
[optimizers]
catalog = ["Opt1", "A1"]
keras = ["SGD", "Adam"]
reference = "Adam"
"""


def invented_row(job: Job, protocol: Protocol = TINY, **changes: object) -> Row:
    """A row whose accuracy falls with the distance of the rate from the optimizer's best."""
    entrant = next((each for each in ENTRANTS if each.name == job.optimizer), None)
    accuracy = max(0.1, 0.9 - 0.1 * abs(np.log10(job.rate) - BEST.get(job.optimizer, 0.0))) - (job.seed % 7) / 1000
    row = Row(
        schema=SCHEMA,
        profile=protocol.profile,
        protocol=protocol.hash(),
        task="digits",
        data=dataset().checksum(),
        num_classes=10,
        optimizer=job.optimizer,
        kind=entrant.kind if entrant else "keras",
        fingerprint=entrant.fingerprint if entrant else None,
        phase=job.phase,
        rate=job.rate,
        seed=job.seed,
        outcome=Finished(),
        steps=4,
        curve=Curve((2.0, 1.0), (0.2, 0.5), (2.0, 1.5), (0.3, float(accuracy))),
        validation_accuracy=float(accuracy),
        test_accuracy=float(accuracy) - 0.01 if job.phase == "final" else None,
        seconds=0.5,
        device="a processor",
        backend="tensorflow",
        versions={"python": "3"},
    )
    return dataclasses.replace(row, **changes)


def diverged_row(job: Job, **changes: object) -> Row:
    empty = Curve((), (), (), ())
    return invented_row(job, outcome=Diverged(3), curve=empty, validation_accuracy=None, test_accuracy=None, **changes)


def dataset() -> Dataset:
    """Eight invented images."""
    images = np.arange(8 * 4 * 4, dtype=np.uint8).reshape(8, 4, 4, 1)
    part = Part(images, np.arange(8, dtype=np.int32) % 2)
    return Dataset("digits", tuple("0123456789"), 255, part, part, part)


@dataclass(frozen=True)
class MakeInventedRun:
    """Workers that invent rows, note who ran what, and die where they are told to."""

    folder: Path
    seconds: float = 0.0
    dies_at: str = ""
    deaths: int = 0

    def __call__(self) -> Run:
        def run(job: Job) -> Row:
            with (self.folder / "ran.txt").open("a") as file:
                file.write(f"{os.getpid()} {job}\n")
            time.sleep(self.seconds)
            if self.dies_at and self.dies_at in str(job):
                died = self.folder / "deaths.txt"
                count = len(died.read_text()) if died.exists() else 0
                if count < self.deaths:
                    died.write_text("x" * (count + 1))
                    os._exit(7)
            return invented_row(job)

        return run
