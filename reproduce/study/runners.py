"""What trains a run: the population engine for what it has, Keras for everything."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from reproduce.errors import ProtocolError
from reproduce.study.optimizers import Entrant, entrant_spec
from reproduce.study.protocol import Protocol, TaskSettings

Runner = Literal["engine", "keras"]

#: What rows name as the backend of runs that the engine trained.
ENGINE = "engine"
#: The type that the engine computes in, by precision.
ENGINE_TYPES = {"float32": "float32", "mixed_bfloat16": "bfloat16"}
#: The networks that the engine has; `reproduce.study.engine_networks` makes them.
ENGINE_NETWORKS = ("surrogate", "vision_transformer", "char_lstm", "char_transformer")
#: What the engine's own augmentation does, together or not at all.
CROP_FLIP_CUTOUT = ("crop", "flip", "cutout")


def runner_of(task: TaskSettings, entrant: Entrant) -> Runner:
    """What trains this optimizer on this task.

    Raises:
        ProtocolError: If the task asks for the engine and the engine lacks its network or a setting.
    """
    if task.runner == "keras":
        return "keras"
    lacking = _lacking(task)
    if lacking is not None and task.runner == "engine":
        raise ProtocolError(f"task {task.name}: the engine has no {lacking}; set runner to 'auto' or 'keras'")
    return "engine" if lacking is None and entrant_spec(entrant) is not None else "keras"


def runners(protocol: Protocol, entrants: Sequence[Entrant]) -> dict[tuple[str, str], Runner]:
    """What trains each optimizer on each task, by their names; errors as of `runner_of`."""
    return {(task.name, entrant.name): runner_of(task, entrant) for task in protocol.tasks for entrant in entrants}


def _lacking(task: TaskSettings) -> str | None:
    """The first setting of ``task`` that the engine does not have."""
    model, training = task.model, task.training
    own = () if model.is_text else CROP_FLIP_CUTOUT
    there = {
        f"model.network = {model.network!r}": model.network in ENGINE_NETWORKS,
        f"model.start = {model.start!r}": model.start == "scratch",
        f"training.augmentations = {list(training.augmentations)}": training.augmentations in ((), own),
        f"training.accumulation = {training.accumulation}": training.accumulation == 1,
        f"training.precision = {training.precision!r}": training.precision in ENGINE_TYPES,
        f"training.frozen = {training.frozen!r}": training.frozen == "nothing",
    }
    return next((name for name, has in there.items() if not has), None)
