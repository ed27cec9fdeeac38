"""The cost of a training step: each optimizer beside Keras Adam, both on the same network and batch.

Steps of the two alternate, so that whatever else the machine does falls on both alike; the ratio is taken pair by
pair. A step is what `model.fit` runs for a batch: Keras' own train function, compiled as Keras chooses.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import astuple, fields
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from reproduce.files import csv_text, write_text
from reproduce.libraries import enter_known_keras
from reproduce.machine import device_name
from reproduce.models.registry import image_model
from reproduce.models.settings import ConvNetSettings
from reproduce.report.output import show
from reproduce.report.speed import OptimizerCost
from reproduce.report.tables.costs import step_cost_table
from reproduce.screen import say
from reproduce.tasks.optimizers import KERAS, Entrant, make_entrant, make_optimizer
from reproduce.training.settings import RunLength

#: The surrogate of the paper's initial stage.
_MODEL = ConvNetSettings(network="surrogate", width=32, dropout=0.2, batch_norm_momentum=0.99, pixels="unit")
_IMAGE_SHAPE = (32, 32, 3)
_NUM_CLASSES = 10
_BATCH = 128
_LENGTH = RunLength(total_steps=8000, warmup_steps=800, hold_steps=0)
#: The optimizers of a main study. Adam is among them: beside itself, its ratio shows the noise of the measurement.
_DEFAULT = (
    *(f"Opt{number}" for number in range(1, 11)),
    *(f"A{number}" for number in range(1, 6)),
    "PowerSign",
    "AddSign",
    *KERAS,
)
#: Steps of each before the clock starts: the first compiles.
_WARMUP_PAIRS = 3


def bench_optimizers(names: Sequence[str] | None, pairs: int, output: Path, console: Console) -> list[OptimizerCost]:
    """Time each optimizer, show the table and write it to ``output``/bench/optimizers.csv.

    Args:
        names: Names as protocols give them, Keras' own optimizer where Keras has it; None for those of a main study.
        pairs: Pairs of steps of each.
        output: The folder.
        console: Where the table is shown.

    Raises:
        ProtocolError: For an unknown name.
        ReproduceError: If the file cannot be written.
    """
    entrants = [make_entrant(name, "--optimizers") for name in names or _DEFAULT]
    random = np.random.default_rng(0)
    images = random.random((_BATCH, *_IMAGE_SHAPE), np.float32)
    labels = random.integers(0, _NUM_CLASSES, _BATCH).astype(np.int32)
    costs = []
    for entrant in entrants:
        costs.append(step_cost(entrant, pairs, images, labels))
        cost = costs[-1]
        console.print(
            f"{entrant.name}: {cost.ratio:.3f} of Keras Adam's {1000 * cost.adam_seconds:.0f} ms", highlight=False
        )
    path = output / "bench" / "optimizers.csv"
    write_text(path, to_csv(costs))
    show(step_cost_table({cost.optimizer: cost for cost in costs}, ()), console)
    say(console, f"Written:\n  {path}")
    return costs


def step_cost(entrant: Entrant, pairs: int, images: Any, labels: Any) -> OptimizerCost:
    """Time one optimizer beside Keras Adam."""
    import keras

    keras.utils.clear_session()
    enter_known_keras()
    ours = make_optimizer(entrant, _LENGTH)
    adam = make_optimizer(Entrant("Adam", "keras", None), _LENGTH)
    steps = [_step(optimizer, images, labels) for optimizer in (ours, adam)]
    times: list[tuple[float, float]] = []
    for number in range(_WARMUP_PAIRS + pairs):
        first = number % 2  # Neither always goes first.
        seconds = {index: _seconds(steps[index]) for index in (first, 1 - first)}
        times.append((seconds[0], seconds[1]))
    timed = times[_WARMUP_PAIRS:]
    ratios = [mine / its for mine, its in timed]
    low, middle, high = np.quantile(ratios, (0.25, 0.5, 0.75)).tolist()
    return OptimizerCost(
        optimizer=entrant.name,
        pairs=pairs,
        seconds=statistics.median(mine for mine, _ in timed),
        adam_seconds=statistics.median(its for _, its in timed),
        ratio=middle,
        ratio_low=low,
        ratio_high=high,
        state_bytes=state_bytes(ours),
        adam_state_bytes=state_bytes(adam),
        batch=_BATCH,
        base_filters=_MODEL.width,
        device=device_name(),
    )


def state_bytes(optimizer: Any) -> int:
    """Bytes of an optimizer's variables, without those that every Keras optimizer has."""
    shared = {id(optimizer.iterations), id(optimizer.learning_rate)}
    own = [variable for variable in optimizer.variables if id(variable) not in shared]
    return int(sum(np.asarray(variable.numpy()).nbytes for variable in own))


def to_csv(costs: Sequence[OptimizerCost]) -> str:
    """The costs as a file that `reproduce.report.speed` reads, unrounded."""
    return csv_text([field.name for field in fields(OptimizerCost)], map(astuple, costs))


def _step(optimizer: Any, images: Any, labels: Any) -> Callable[[], Any]:
    """A function that runs one training step as `fit` does."""
    import keras

    model = image_model(_MODEL, _IMAGE_SHAPE, _NUM_CLASSES)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, jit_compile="auto")
    return lambda: model.train_on_batch(images, labels)


def _seconds(step: Callable[[], Any]) -> float:
    start = time.perf_counter()
    step()
    return time.perf_counter() - start
