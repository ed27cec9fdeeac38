"""A tiny protocol, invented rows, and workers that do not train."""

import dataclasses
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reproduce.data import Dataset, Part
from reproduce.outcomes import TrainingCurve
from reproduce.study.plan import Plan
from reproduce.study.protocol import OptimizerSettings, SeedSettings, StudyProtocol, TaskSettings
from reproduce.study.rows import SCHEMA, Job, Row
from reproduce.tasks.optimizers import Entrant
from reproduce.tasks.pretraining import PRETRAINING_SCHEMA, PretrainingRow
from reproduce.tasks.rates import RateGrid
from tests.settings import DIGITS, MODEL, TRAINING

TASK = TaskSettings(name="digits", runner="auto", data=DIGITS, model=MODEL, training=TRAINING, pretraining=None)
TINY = StudyProtocol(
    profile="tiny",
    study="main",
    description="For tests.",
    tasks=(TASK,),
    folder=None,
    rates=RateGrid(grid=(0.01, 0.1, 1.0), most_extra_rates=2),
    seeds=SeedSettings(tune=(0,), final=(1, 2)),
    optimizers=OptimizerSettings(catalog=("Opt1", "A1"), keras=("SGD", "Adam"), reference="Adam"),
)
#: The same with a second task.
TWO_TASKS = dataclasses.replace(TINY, study="two", tasks=(TASK, dataclasses.replace(TASK, name="again")))
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
study = "main"
description = "For tests."
runner = "auto"
[data]
source = "digits"
validation_fraction = 0.25
test_fraction = 0.4
[model]
network = "surrogate"
width = 2
dropout = 0.2
batch_norm_momentum = 0.9
pixels = "unit"
start = "scratch"
[training]
batch_size = 128
epochs = 2
warmup_fraction = 0.2
hold_fraction = 0.0
augmentations = []
[[tasks]]
name = "digits"
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


PRETRAINING_ROW = PretrainingRow(
    schema=PRETRAINING_SCHEMA,
    made="digits100 12ab34cd",
    sha256="0" * 64,
    data="1" * 64,
    num_classes=100,
    num_samples=900,
    optimizer="Adam",
    rate=0.1,
    seed=7,
    precision="float32",
    steps=28,
    curve=TrainingCurve((2.0,), (0.2,), (2.0,), (0.3,)),
    validation_accuracy=0.3,
    seconds=1.5,
    device="a processor",
    backend="engine",
    versions={"python": "3"},
    deterministic=False,
)


def invented_row(job: Job, protocol: StudyProtocol = TINY, **changes: object) -> Row:
    """A row whose accuracy falls with the distance of the rate from the optimizer's best."""
    entrant = next((each for each in ENTRANTS if each.name == job.optimizer), None)
    accuracy = max(0.1, 0.9 - 0.1 * abs(np.log10(job.rate) - BEST.get(job.optimizer, 0.0))) - (job.seed % 7) / 1000
    row = Row(
        schema=SCHEMA,
        profile=protocol.profile,
        study=protocol.study,
        protocol=protocol.hash(),
        task=job.task,
        data=dataset().checksum(),
        num_classes=10,
        optimizer=job.optimizer,
        kind=entrant.kind if entrant else "keras",
        fingerprint=entrant.fingerprint if entrant else None,
        schedule=None,
        decay=True,
        phase=job.phase,
        rate=job.rate,
        seed=job.seed,
        weight_decay=job.weight_decay,
        weights="scratch",
        precision="float32",
        diverged_at=None,
        steps=4,
        curve=TrainingCurve((2.0, 1.0), (0.2, 0.5), (2.0, 1.5), (0.3, float(accuracy))),
        validation_accuracy=float(accuracy),
        test_accuracy=float(accuracy) - 0.01 if job.phase == "final" else None,
        seconds=0.5,
        device="a processor",
        backend="tensorflow",
        versions={"python": "3"},
    )
    if "validation_accuracy" in changes and "curve" not in changes:
        changes["curve"] = dataclasses.replace(row.curve, validation_accuracy=(0.3, changes["validation_accuracy"]))
    return dataclasses.replace(row, **changes)


def diverged_row(job: Job, **changes: object) -> Row:
    return invented_row(
        job, diverged_at=3, curve=TrainingCurve(), validation_accuracy=None, test_accuracy=None, **changes
    )


def all_rows(protocol: StudyProtocol = TINY) -> list[Row]:
    """The rows of a study that is done."""
    plan = Plan(protocol, ENTRANTS, [])
    rows: list[Row] = []
    while jobs := plan.jobs():
        for job in jobs:
            rows.append(invented_row(job, protocol))
            plan.add(rows[-1])
    return rows


def dataset() -> Dataset:
    """Eight invented images."""
    images = np.arange(8 * 4 * 4, dtype=np.uint8).reshape(8, 4, 4, 1)
    part = Part(images, np.arange(8, dtype=np.int32) % 2)
    return Dataset("digits", tuple("0123456789"), 255, part, part, part)


@dataclass(frozen=True)
class InventedWork:
    """A work whose rows are invented: it notes who ran what, and dies or raises an exception where it is told to."""

    folder: Path
    seconds: float = 0.0
    dies_at: str = ""
    deaths: int = 0
    batch: int = 1
    raises: Exception | None = None
    raises_at: str = ""

    def group(self, job: Job) -> str:
        return f"{job.optimizer} on {job.task}"

    def task_of(self, job: Job) -> str:
        return job.task

    def largest_batch(self, job: Job) -> int:
        return self.batch

    def make(self) -> Callable[[Sequence[Job]], list[Row]]:
        return lambda jobs: [self.run(job) for job in jobs]

    def run(self, job: Job) -> Row:
        with (self.folder / "ran.txt").open("a") as file:
            file.write(f"{os.getpid()} {job}\n")
        time.sleep(self.seconds)
        if self.raises is not None and self.raises_at in str(job):
            raise self.raises
        if self.dies_at and self.dies_at in str(job):
            died = self.folder / "deaths.txt"
            count = len(died.read_text()) if died.exists() else 0
            if count < self.deaths:
                died.write_text("x" * (count + 1))
                os._exit(7)
        return invented_row(job)
