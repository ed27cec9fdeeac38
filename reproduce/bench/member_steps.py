"""Cost of a step of one member: over the number of members, over layouts and forms of the convolution."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from paper_optimizers import get
from reproduce.bench.sizes import EngineBenchSettings, Form, Workload
from reproduce.machine import engine_device_name
from reproduce.population.assembly import Member
from reproduce.population.device import Layout, available_bytes, default_layout, is_out_of_memory, members_that_fit
from reproduce.population.engine import Population
from reproduce.population.networks.convnet import ConvNet
from reproduce.population.networks.convolutions import Convolution, convolution_of
from reproduce.population.problems import classification
from reproduce.report.speed import StepTime

#: T of the members: more steps than are ever timed.
_LONG = 1_000_000
#: Images that batches are drawn from.
_IMAGES = 512


@dataclass(frozen=True)
class Refused:
    """A number of members, in some form, that the device refused.

    Attributes:
        layout: As in `StepTime`.
        convolution: As in `StepTime`.
        members: M.
        full: Whether its memory did not hold them; else it has no such convolution.
        reason: The first line of what it said.
    """

    layout: Layout
    convolution: Convolution
    members: int
    full: bool
    reason: str


@dataclass(frozen=True)
class StepTimes:
    """The times that could be measured, and the populations that the device refused."""

    times: list[StepTime]
    refused: list[Refused]


def over_members(settings: EngineBenchSettings) -> StepTimes:
    """The cost of a member-step for 1, 2, 4, ... members, in the engine's own form, until the device is full."""
    counts = [2**power for power in range(settings.members.bit_length())]
    timed = [_timed(settings, _own_form(settings), count) for count in counts]
    return step_times(timed, settings.repeats, until_full=True)


def over_forms(settings: EngineBenchSettings) -> StepTimes:
    """The cost of a member-step for each layout and each form of the convolution."""
    timed = [_timed(settings, form, settings.form_members) for form in settings.forms]
    return step_times(timed, settings.repeats)


def members_expected(settings: EngineBenchSettings) -> int:
    """How many members the engine would train at once by what the compiler says one takes."""
    population = _population(settings.race.work, *_own_form(settings))
    bytes_each = population.bytes_per_member(_data(settings.race.work), settings.race.work.batch_size)
    return members_that_fit(bytes_each, available_bytes())


def step_times(timed: Sequence[TimedPopulation], repeats: int, *, until_full: bool = False) -> StepTimes:
    """Time an epoch of each, then of each again: what else the machine does falls on all alike.

    Args:
        timed: Ascending in members where ``until_full``.
        repeats: Rounds; the one before them, which compiles, does not count.
        until_full: Leave out what is larger than one that the device's memory did not hold.
    """
    able, refused = list(timed), []
    for _ in range(repeats + 1):
        for each in tuple(able):
            if each not in able:
                continue
            try:
                each.epoch()
            except jax.errors.JaxRuntimeError as error:
                refused.append(each.refusal(error))
                fits = each.members if until_full and refused[-1].full else np.inf
                able = [one for one in able if one is not each and one.members < fits]
    return StepTimes([each.summary() for each in able], refused)


class TimedPopulation:
    """A population that trains epoch after epoch, all of its members with Adam at a tiny rate.

    One optimizer for every number of members, since optimizers cost differently; and nothing diverges, so that every
    member takes every step.

    Args:
        population: The engine, shared by all numbers of members.
        data: Images and labels on the device.
        form: What the population's layout and convolutions are.
        count: Members.
        steps: Of an epoch.
        batch_size: Images of a step.

    Attributes:
        members: How many there are.
    """

    def __init__(self, population: Population, data: Any, form: Form, count: int, steps: int, batch_size: int) -> None:
        self.members = count
        self._population, self._data, self._form = population, data, form
        self._steps, self._taken = steps, 0
        self._orders = np.random.default_rng(0).integers(0, _IMAGES, (count, steps, batch_size)).astype(np.int32)
        self._list = [Member(get("Adam"), 1e-6, _LONG, seed=seed) for seed in range(count)]
        self._running: Any = None
        self._times: list[tuple[float, float]] = []

    def epoch(self) -> None:
        """Train for an epoch; the times of all but the first count.

        Raises:
            JaxRuntimeError: If the device refuses; what the population held there is given back.
        """
        tables = self._population.tables(self._list, range(self._taken, self._taken + self._steps))
        running, self._running = self._running, None
        programs, state = running or self._population.start(self._list)
        start = time.perf_counter(), time.process_time()
        state, _ = self._population.epoch(programs, state, tables, self._data, self._orders)
        self._times.append((time.perf_counter() - start[0], time.process_time() - start[1]))
        self._running = programs, state
        self._taken += self._steps

    def refusal(self, error: jax.errors.JaxRuntimeError) -> Refused:
        """Record the device's message about `epoch`."""
        reason = (str(error).splitlines() or [""])[0][:200]
        return Refused(*self._form, self.members, is_out_of_memory(error), reason)

    def summary(self) -> StepTime:
        """Quantiles over epochs of the time of a member-step."""
        times = np.asarray(self._times[1:]) / (self._steps * self.members)
        low, middle, high = np.quantile(times[:, 0], (0.25, 0.5, 0.75)).tolist()
        cpu_seconds = float(np.median(times[:, 1]))
        return StepTime(*self._form, self.members, len(times), middle, low, high, cpu_seconds, engine_device_name())


def matrix_rate(size: int, dtype: str, repeats: int) -> float:
    """Operations a second of products of two square matrices of ``size`` rows, the best of ``repeats``.

    A measurement is a chain of products of random numbers that keep their size: neither the start of a program nor an
    easy number flatters it or spoils it.
    """
    chain = 10
    matrix = jnp.asarray(np.random.default_rng(0).normal(0, size**-0.5, (size, size)), dtype)
    multiply: Any = jax.jit(lambda x: jax.lax.fori_loop(0, chain, lambda _, y: y @ x, x))
    multiply(matrix).block_until_ready()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        multiply(matrix).block_until_ready()
        times.append(time.perf_counter() - start)
    return chain * 2.0 * size**3 / min(times)


def _own_form(settings: EngineBenchSettings) -> Form:
    """The form that the engine picks."""
    layout = settings.layout or default_layout()
    return layout, convolution_of(layout)


def _timed(settings: EngineBenchSettings, form: Form, count: int) -> TimedPopulation:
    work = settings.race.work
    return TimedPopulation(_population(work, *form), _data(work), form, count, settings.steps, work.batch_size)


@cache
def _population(work: Workload, layout: Layout, convolution: Convolution) -> Population:
    network = ConvNet(work.base_filters, work.channels, 10, dtype=work.dtype, convolution=convolution)
    return Population(classification(network.initial, network.apply), layout=layout)


@cache
def _data(work: Workload) -> tuple[Any, Any]:
    random = np.random.default_rng(0)
    images = random.random((_IMAGES, work.image_size, work.image_size, work.channels), np.float32)
    placed: tuple[Any, Any] = jax.device_put((images, random.integers(0, 10, _IMAGES).astype(np.int32)))
    return placed
