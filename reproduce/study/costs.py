"""Measured cost of runs: seconds of a step and bytes of a row, from the rows that are there."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from reproduce.estimates import StepCost, stored_records
from reproduce.machine import cpu_name, without_kind
from reproduce.stored_settings import read_stored_settings
from reproduce.study.ledgers import read_rows
from reproduce.study.protocol import StudyProtocol, TaskSettings
from reproduce.study.rows import ENGINE, Row
from reproduce.tasks.trainer import TrainerName

#: All that decides what a step costs but for the optimizer; see `step_key`.
StepKey = tuple[Any, ...]


@dataclass(frozen=True)
class Costs:
    """The costs that rows tell.

    Attributes:
        steps: By `step_key`.
        bytes_per_row: Mean length of a row in its ledger; 0 without rows.
        num_rows: How many rows were read.
    """

    steps: Mapping[StepKey, StepCost]
    bytes_per_row: float
    num_rows: int


def step_key(task: TaskSettings, runner: TrainerName) -> StepKey:
    """Tasks of the same key have steps of the same cost."""
    data, training = task.data, task.training
    return (
        *(runner, *(getattr(task.model, name, None) for name in ("network", "width", "depth", "patch_size"))),
        *(getattr(data, name, None) for name in ("source", "image_size", "window")),
        *(training.batch_size, training.accumulation, training.precision, training.augmentations, training.frozen),
    )


def measured_costs(folders: Iterable[Path]) -> Costs:
    """Costs from every study's folder under ``folders``, as PROFILE/STUDY; what is no such folder is passed over.

    Where the same kind of step was measured on several devices, those of this machine's processor count, or else the
    device of most runs.
    """
    rows: dict[StepKey, dict[str, list[Row]]] = {}
    num_bytes = num_rows = 0
    for size, protocol, found in stored_records(
        folders, "*", partial(read_stored_settings, kind=StudyProtocol), read_rows
    ):
        num_bytes += size
        num_rows += len(found)
        tasks = {task.name: task for task in protocol.tasks}
        for row in (row for row in found if row.steps and row.task in tasks):
            key = step_key(tasks[row.task], "engine" if row.backend == ENGINE else "keras")
            rows.setdefault(key, {}).setdefault(row.device, []).append(row)
    steps = {key: _step_cost(by_device) for key, by_device in rows.items()}
    return Costs(steps, num_bytes / num_rows if num_rows else 0.0, num_rows)


def _step_cost(by_device: Mapping[str, list[Row]]) -> StepCost:
    here = cpu_name()

    def likeness(name: str) -> tuple[bool, bool, int, str]:
        # Rows that do not tell the processor's kind come after those that do.
        return name == here, name == without_kind(here), len(by_device[name]), name

    device = max(by_device, key=likeness)
    seconds: dict[str, list[float]] = {}
    for row in by_device[device]:
        seconds.setdefault(row.optimizer, []).append(row.seconds / row.steps)
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    return StepCost(statistics.median(medians.values()), medians, device, len(by_device[device]))
