"""What a step of one member costs: over the number of members, over layouts and forms of the convolution."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from reproduce.bench.race import random_candidates
from reproduce.population.assembly import Member
from reproduce.population.engine import Layout, Population
from reproduce.population.networks.convnet import ConvNet, Convolution
from reproduce.population.problems import classification

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
        seconds: Median.
        low: First quartile.
        high: Third quartile.
    """

    layout: Layout
    convolution: Convolution
    members: int
    repeats: int
    seconds: float
    low: float
    high: float


def over_members(work: Work, counts: Sequence[int], steps: int, repeats: int) -> list[StepTime]:
    """The cost of a member-step for each number of members, in the layout that the engine picks."""
    layout: Layout = "map" if jax.default_backend() == "cpu" else "vectorise"
    return [step_time(work, layout, "patches", count, steps, repeats) for count in counts]


def over_forms(work: Work, count: int, steps: int, repeats: int) -> list[StepTime]:
    """The cost of a member-step for each layout and each form of the convolution."""
    return [step_time(work, layout, form, count, steps, repeats) for layout, form in _POSSIBLE]


def step_time(work: Work, layout: Layout, convolution: Convolution, count: int, steps: int, repeats: int) -> StepTime:
    """Time epochs of ``steps`` steps of ``count`` members; the first, which compiles, does not count."""
    network = ConvNet(work.base_filters, work.channels, 10, dtype=work.dtype, convolution=convolution)
    population = Population(classification(network.initial, network.apply), layout=layout)
    random = np.random.default_rng(0)
    shape = (512, work.image_size, work.image_size, work.channels)
    data = (jnp.asarray(random.random(shape, np.float32)), jnp.asarray(random.integers(0, 10, 512), jnp.int32))
    orders = random.integers(0, 512, (count, steps, work.batch_size)).astype(np.int32)
    total = steps * (repeats + 1)
    # A tiny rate: nothing diverges, so that every member takes every step.
    members = [Member(spec, 1e-6, total, seed=seed) for seed, spec in enumerate(random_candidates(count))]
    programs, state = population.start(members)
    times = []
    for repeat in range(repeats + 1):
        tables = population.tables(members, range(repeat * steps, (repeat + 1) * steps))
        start = time.perf_counter()
        state, _ = population.epoch(programs, state, tables, data, orders)
        times.append((time.perf_counter() - start) / (steps * count))
    low, middle, high = np.quantile(times[1:], (0.25, 0.5, 0.75)).tolist()
    return StepTime(layout, convolution, count, repeats, middle, low, high)


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
