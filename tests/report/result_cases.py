"""Invented results of whole studies, in memory and as the folders that the report reads."""

import dataclasses
import json
import math
import zlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from reproduce.outcomes import TrainingCurve
from reproduce.report.results import StudyResults
from reproduce.results_layout import LEDGER_FILE
from reproduce.study.plan import Plan
from reproduce.study.protocol import OptimizerSettings, StudyProtocol
from reproduce.study.rows import SCHEMA, Job, Row
from reproduce.tasks.optimizers import Entrant
from tests.study.cases import TASK, TINY


def protocol_of(
    study: str, optimizers: Iterable[str], tasks: Iterable[str] = ("digits",), reference: str = "Adam"
) -> StudyProtocol:
    """A tiny study of these optimizers; those that Keras alone has go where they belong."""
    names = tuple(optimizers)
    keras = tuple(name for name in names if name.split("+")[0] in ("Adam", "AdamW", "SGD", "Nadam"))
    settings = OptimizerSettings(tuple(name for name in names if name not in keras), keras, reference)
    seeds = dataclasses.replace(TINY.seeds, final=(1, 2, 3))
    all_tasks = tuple(dataclasses.replace(TASK, name=task) for task in tasks)
    return dataclasses.replace(TINY, study=study, tasks=all_tasks, optimizers=settings, seeds=seeds)


def invented(
    protocol: StudyProtocol,
    skills: dict[str, float] | None = None,
    diverging: Iterable[str] = (),
    entrants: tuple[Entrant, ...] | None = None,
) -> StudyResults:
    """A study that is done, best at the rate 0.1.

    Args:
        protocol: Its settings.
        skills: What an optimizer's final runs get above 0.5; others get something that follows from their names.
        diverging: Optimizers all of whose final runs diverge.
        entrants: Its optimizers where they are not those of the catalog.
    """
    taking_part = protocol.optimizers.entrants if entrants is None else entrants
    by_name = {entrant.name: entrant for entrant in taking_part}
    plan = Plan(protocol, taking_part, [])
    rows: list[Row] = []
    while jobs := plan.jobs():
        for job in jobs:
            skill = (skills or {}).get(job.optimizer, zlib.crc32(job.optimizer.encode()) % 97 / 300)
            diverges = job.phase == "final" and job.optimizer in diverging
            rows.append(row_of(protocol, by_name[job.optimizer], job, skill, diverges=diverges))
            plan.add(rows[-1])
    return StudyResults(protocol, taking_part, tuple(rows))


def row_of(protocol: StudyProtocol, entrant: Entrant, job: Job, skill: float, *, diverges: bool) -> Row:
    """A run whose accuracy falls with the distance of its rate from 0.1; noise is the seed's and the task's."""
    noise = np.random.default_rng([job.seed, zlib.crc32(f"{job.task} {job.optimizer}".encode())]).normal(0, 1e-4)
    accuracy = min(0.99, max(0.11, 0.5 + skill - 0.1 * abs(math.log10(job.rate) + 1) + noise))
    length = 0 if diverges else 2
    return Row(
        schema=SCHEMA,
        profile=protocol.profile,
        study=protocol.study,
        protocol=protocol.hash(),
        task=job.task,
        data=f"{zlib.crc32(job.task.encode()):016x}",
        num_classes=10,
        optimizer=job.optimizer,
        kind=entrant.kind,
        fingerprint=entrant.fingerprint,
        schedule=entrant.schedule,
        decay=entrant.decay,
        phase=job.phase,
        rate=job.rate,
        seed=job.seed,
        weights="scratch",
        precision="float32",
        diverged_at=3 if diverges else None,
        steps=20,
        curve=TrainingCurve(*(values[:length] for values in ((2.0, 1.0), (0.2, 0.5), (2.0, 1.5), (0.3, accuracy)))),
        validation_accuracy=None if diverges else accuracy,
        test_accuracy=None if diverges or job.phase == "tune" else accuracy,
        seconds=1.5,
        device="a processor",
        backend="engine",
        versions={"python": "3"},
    )


def write_study(folder: Path, study: StudyResults) -> Path:
    """The study as ``FOLDER/PROFILE/STUDY`` holds it; returns that folder."""
    place = folder / study.protocol.profile / study.name
    place.mkdir(parents=True)
    lines = (json.dumps(row.to_dict()) for row in study.rows)
    (place / LEDGER_FILE).write_text("".join(f"{line}\n" for line in lines))
    document = {"hash": study.protocol.hash(), "protocol": study.protocol.to_dict(), "data": {}}
    (place / "protocol.json").write_text(json.dumps(document))
    return place
