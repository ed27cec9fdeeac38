"""The cost of a training step: each optimizer beside Keras Adam, both on the same network and batch.

Steps of the two alternate, so that whatever else the machine does falls on both alike; the ratio is taken pair by
pair. A step is what `model.fit` runs for a batch: Keras' own train function, compiled as Keras chooses.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from reproduce.files import csv_text, write_text
from reproduce.libraries import enter_known_keras
from reproduce.machine import device_name
from reproduce.models.registry import image_model
from reproduce.models.settings import ConvNetSettings
from reproduce.screen import say, screen_table, show_table
from reproduce.study.optimizers import KERAS, Entrant, make_entrant, make_optimizer
from reproduce.training.length import RunLength

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
#: What a step may cost, as a multiple of Keras Adam's.
LIMIT = 1.10


@dataclass(frozen=True)
class StepCost:
    """The cost of one optimizer's step.

    Attributes:
        optimizer: Its name.
        pairs: How many pairs of steps were timed.
        seconds: Median time of its step.
        adam_seconds: Median time of Keras Adam's step in the same pairs.
        ratio: Median over pairs of its time over Adam's.
        ratio_low: First quartile of that ratio.
        ratio_high: Third quartile.
        state_bytes: Bytes of its state, without iteration counter and learning rate.
        adam_state_bytes: The same of Keras Adam.
    """

    optimizer: str
    pairs: int
    seconds: float
    adam_seconds: float
    ratio: float
    ratio_low: float
    ratio_high: float
    state_bytes: int
    adam_state_bytes: int


def bench_optimizers(names: Sequence[str] | None, pairs: int, output: Path, console: Console) -> list[StepCost]:
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
    show_table(console, _on_screen(costs))
    say(console, f"Written:\n  {path}")
    return costs


def step_cost(entrant: Entrant, pairs: int, images: Any, labels: Any) -> StepCost:
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
    return StepCost(
        optimizer=entrant.name,
        pairs=pairs,
        seconds=statistics.median(mine for mine, _ in timed),
        adam_seconds=statistics.median(its for _, its in timed),
        ratio=middle,
        ratio_low=low,
        ratio_high=high,
        state_bytes=state_bytes(ours),
        adam_state_bytes=state_bytes(adam),
    )


def state_bytes(optimizer: Any) -> int:
    """Bytes of an optimizer's variables, without those that every Keras optimizer has."""
    shared = {id(optimizer.iterations), id(optimizer.learning_rate)}
    own = [variable for variable in optimizer.variables if id(variable) not in shared]
    return int(sum(np.asarray(variable.numpy()).nbytes for variable in own))


def to_csv(costs: Sequence[StepCost]) -> str:
    """The costs with the device and the way they were taken, unrounded."""
    columns = [*(field.name for field in fields(StepCost)), "batch", "base_filters", "device"]
    device = device_name()
    return csv_text(columns, ([*astuple(cost), _BATCH, _MODEL.width, device] for cost in costs))


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


def _on_screen(costs: Sequence[StepCost]) -> Table:
    header = ("Optimizer", "ms", "Adam", "Ratio", "Quartiles", "n", "State KiB", "Adam KiB", f"<= {LIMIT:.2f}")
    table = screen_table(header, [False, *[True] * (len(header) - 1)])
    table.title = (
        f"A training step beside Keras Adam's: surrogate, base {_MODEL.width}, batch {_BATCH}, "
        f"{'x'.join(map(str, _IMAGE_SHAPE))}, {device_name()}"
    )
    table.title_justify = "left"
    for cost in costs:
        table.add_row(
            cost.optimizer,
            f"{1000 * cost.seconds:.1f}",
            f"{1000 * cost.adam_seconds:.1f}",
            f"{cost.ratio:.3f}",
            f"{cost.ratio_low:.3f}-{cost.ratio_high:.3f}",
            str(cost.pairs),
            f"{cost.state_bytes / 1024:.0f}",
            f"{cost.adam_state_bytes / 1024:.0f}",
            "yes" if cost.ratio <= LIMIT else "no",
        )
    return table
