"""What a step of one member costs: over the number of members, over layouts and forms of the convolution."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from paper_optimizers import get
from reproduce.population.assembly import Member
from reproduce.population.engine import Layout, Population
from reproduce.population.networks.convnet import ConvNet, Convolution
from reproduce.population.problems import classification

#: T of the members: more steps than are ever timed.
_LONG = 1_000_000
_POSSIBLE: tuple[tuple[Layout, Convolution], ...] = (
    ("map", "patches"),
    ("map", "native"),
    ("vectorise", "patches"),
    ("vectorise", "native"),
)


@dataclass(frozen=True)
class Work:
    """The network and the batch of a step.

    Attributes:
        base_filters: Filters of the first convolution.
        image_size: Pixels on a side.
        channels: Of the images.
        batch_size: Images of a step.
        dtype: Type of the convolutions.
    """

    base_filters: int
    image_size: int
    channels: int
    batch_size: int
    dtype: str

    def flops(self) -> float:
        """Multiplications and additions of the convolutions of one step, forward and twice as many backward."""
        width, size, total = self.channels, self.image_size, 0
        for factor, stride in ((1, 1), (2, 2), (4, 2)):
            size = -(-size // stride)
            total += 2 * 9 * width * factor * self.base_filters * size * size
            width = factor * self.base_filters
        return 3.0 * total * self.batch_size


#: The smoke profile's surrogate, for CPUs; and that of the paper's evolution stage, for GPUs.
SMOKE = Work(base_filters=4, image_size=8, channels=1, batch_size=64, dtype="float32")
FULL = Work(base_filters=48, image_size=32, channels=3, batch_size=128, dtype="bfloat16")


@dataclass(frozen=True)
class StepTime:
    """Seconds a member-step, quantiles over repeats.

    Attributes:
        layout: See `reproduce.population.engine`.
        convolution: See `reproduce.population.networks.convnet`.
        members: M.
        repeats: Epochs timed.
        seconds: Median on the clock.
        low: First quartile.
        high: Third quartile.
        cpu_seconds: Median of the processor's time, which other processes lengthen less.
    """

    layout: Layout
    convolution: Convolution
    members: int
    repeats: int
    seconds: float
    low: float
    high: float
    cpu_seconds: float


def over_members(work: Work, counts: Sequence[int], steps: int, repeats: int) -> list[StepTime]:
    """The cost of a member-step for each number of members, in the layout that the engine picks."""
    layout: Layout = "map" if jax.default_backend() == "cpu" else "vectorise"
    return step_times([_Timed(work, layout, "patches", count, steps) for count in counts], repeats)


def over_forms(work: Work, count: int, steps: int, repeats: int) -> list[StepTime]:
    """The cost of a member-step for each layout and each form of the convolution."""
    return step_times([_Timed(work, layout, form, count, steps) for layout, form in _POSSIBLE], repeats)


def step_times(timed: Sequence[_Timed], repeats: int) -> list[StepTime]:
    """Time an epoch of each, then of each again: what else the machine does falls on all alike.

    The first round, which compiles, does not count.
    """
    rounds = [[each.epoch() for each in timed] for _ in range(repeats + 1)][1:]
    return [each.summary(times) for each, times in zip(timed, zip(*rounds, strict=True), strict=True)]


class _Timed:
    """A population that trains epoch after epoch, all of its members with Adam at a tiny rate.

    One optimizer for every number of members, since optimizers cost differently; and nothing diverges, so that every
    member takes every step.
    """

    def __init__(self, work: Work, layout: Layout, convolution: Convolution, count: int, steps: int) -> None:
        self._form = layout, convolution, count
        self._steps, self._number = steps, 0
        network = ConvNet(work.base_filters, work.channels, 10, dtype=work.dtype, convolution=convolution)
        self._population = Population(classification(network.initial, network.apply), layout=layout)
        random = np.random.default_rng(0)
        shape = (512, work.image_size, work.image_size, work.channels)
        self._data = (
            jnp.asarray(random.random(shape, np.float32)),
            jnp.asarray(random.integers(0, 10, 512), jnp.int32),
        )
        self._orders = random.integers(0, 512, (count, steps, work.batch_size)).astype(np.int32)
        self._members = [Member(get("Adam"), 1e-6, _LONG, seed=seed) for seed in range(count)]
        self._programs, self._state = self._population.start(self._members)

    def epoch(self) -> tuple[float, float]:
        """Seconds and processor seconds of a member-step."""
        tables = self._population.tables(self._members, range(self._number, self._number + self._steps))
        self._number += self._steps
        start = time.perf_counter(), time.process_time()
        self._state, _ = self._population.epoch(self._programs, self._state, tables, self._data, self._orders)
        taken = time.perf_counter() - start[0], time.process_time() - start[1]
        number = self._steps * len(self._members)
        return taken[0] / number, taken[1] / number

    def summary(self, times: Sequence[tuple[float, float]]) -> StepTime:
        """Quantiles of what `epoch` answered."""
        seconds, processor = zip(*times, strict=True)
        low, middle, high = np.quantile(seconds, (0.25, 0.5, 0.75)).tolist()
        return StepTime(*self._form, len(times), middle, low, high, float(np.median(processor)))


def matrix_rate(repeats: int) -> tuple[float, str]:
    """Operations a second of a large matrix product, the best of ``repeats``, and its type."""
    on_cpu = jax.default_backend() == "cpu"
    size, dtype = (1024, "float32") if on_cpu else (8192, "bfloat16")
    matrix = jnp.ones((size, size), dtype)
    multiply: Any = jax.jit(jnp.matmul)
    multiply(matrix, matrix).block_until_ready()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        multiply(matrix, matrix).block_until_ready()
        times.append(time.perf_counter() - start)
    return 2.0 * size**3 / min(times), dtype
