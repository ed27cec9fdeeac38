"""The engine's measurements: one run, whose numbers and plot lie in OUTPUT/bench/engine."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from reproduce.bench.member_steps import (
    Refused,
    StepTimes,
    matrix_rate,
    members_expected,
    over_forms,
    over_members,
)
from reproduce.bench.race import Contestant, race
from reproduce.bench.sizes import FULL, SMOKE, SURROGATE, EngineBenchSettings, Workload
from reproduce.bench.unfinished import Unfinished
from reproduce.errors import ReproduceError
from reproduce.files import csv_text, write_bytes, write_text
from reproduce.libraries import recorded_settings
from reproduce.machine import engine_device, engine_device_name, versions
from reproduce.plain_data import from_plain
from reproduce.population.integrity import check_integrity
from reproduce.report.figures.engine import draw, scaling
from reproduce.report.output import show
from reproduce.report.speed import StepTime, read_engine_speed
from reproduce.report.style import render, styled
from reproduce.report.tables.engine import engine_table
from reproduce.screen import say
from reproduce.search.sampling import Sampler
from reproduce.search.spaces import SPACES

#: Member-steps of the published search (its log: 1,720 children and the samples, screening included).
PUBLISHED_MEMBER_STEPS = 43e6


@dataclass(frozen=True)
class EngineBench:
    """All measurements of one run.

    Attributes:
        contestants: The engine and Keras; see `reproduce.bench.race`.
        over_members: The cost of a member-step over M.
        over_forms: The same over layouts and forms of the convolution.
        refused: What the device did not do of these two.
        expected: How many members the engine would train at once by its own rule.
        work: The network of these.
        integrity: Candidates checked a second by the clock, each measurement.
        integrity_cpu: The same by the processor's time.
        matrix_rate: Operations a second of large matrix products of the network's type.
        device: What all ran on.
        load: Processes that waited for a core when the run began and when it ended, the mean of a minute.
    """

    contestants: list[Contestant]
    over_members: list[StepTime]
    over_forms: list[StepTime]
    refused: list[Refused]
    expected: int
    work: Workload
    integrity: list[float]
    integrity_cpu: list[float]
    matrix_rate: float
    device: str
    load: tuple[float, float]

    def times_keras(self) -> float:
        """The median over rounds of the engine's speed as a multiple of the faster Keras', its compilation left out."""
        return float(np.median(self.ratios()))

    def ratios(self, *, cpu: bool = False) -> NDArray[np.float64]:
        """The engine's speed as a multiple of the faster Keras' in each round, its compilation left out."""
        engine, *keras = (each.speeds(cpu=cpu) for each in self.contestants)
        ratios: NDArray[np.float64] = engine / np.max(keras, axis=0)
        return ratios

    def times_keras_once(self) -> float:
        """The same for a single lot of the engine that compiles first."""
        engine, *keras = self.contestants
        return engine.per_minute_once() / max(each.per_minute() for each in keras)

    def fastest(self) -> StepTime:
        """The layout, form and number of members with the cheapest member-step."""
        return min((*self.over_members, *self.over_forms), key=lambda each: each.seconds)

    def member_steps_per_second(self) -> float:
        """The best of all numbers of members in the engine's own form."""
        return 1 / min(each.seconds for each in self.over_members)

    def matrix_share(self) -> float:
        """Compute the share of the measured matrix rate that the networks' convolutions reach."""
        return self.work.flops() * self.member_steps_per_second() / self.matrix_rate

    def search_minutes(self) -> dict[str, float] | None:
        """How long the published search's member-steps would take; None where the network is not its surrogate.

        "steps" by the best time of a member-step, all members with Adam and no validation; "race" by the time of the
        race, which has random candidates and validations but no augmentation.
        """
        if self.work != SURROGATE:
            return None
        seconds = {"steps": 1 / self.member_steps_per_second(), "race": self.contestants[0].seconds_per_step()}
        return {name: PUBLISHED_MEMBER_STEPS * each / 60 for name, each in seconds.items()}


def default_settings(platform: str | None = None) -> EngineBenchSettings:
    """The size that suits ``platform``, as JAX names it; None for what JAX computes on by default."""
    return SMOKE if (platform or engine_device().platform) == "cpu" else FULL


def bench_engine(settings: EngineBenchSettings, output: Path, console: Console) -> EngineBench:
    """Measure, show and write; see `EngineBenchSettings` for how much.

    What takes long comes last. Each measurement is kept as it is made: after an interruption the same command, on the
    same device and with the same versions, goes on with the next.

    Raises:
        ReproduceError: If the device holds not even one member, if Keras fails, or a file cannot be written.
    """
    work, device, folder = settings.race.work, engine_device_name(), output / "bench" / "engine"
    conditions = {
        "settings": asdict(settings),
        "device": device,
        "versions": _versions(),
        "environment": recorded_settings(),
    }
    kept = Unfinished(folder, conditions, lambda name: say(console, f"Measuring: {name}"))
    load = kept.once("load", _load)
    integrity, integrity_cpu = kept.once(
        "integrity checks", lambda: integrity_rates(settings.integrity, settings.repeats)
    )
    rate = kept.once("matrix product", lambda: matrix_rate(settings.matrix, work.dtype, settings.repeats))
    forms = from_plain(StepTimes, kept.once("forms of the convolution", lambda: asdict(over_forms(settings))))
    curve = from_plain(StepTimes, kept.once("numbers of members", lambda: asdict(_curve(settings, device))))
    expected = kept.once("members that the memory holds", lambda: members_expected(settings))
    write_text(folder / "member_steps.csv", to_csv([*curve.times, *forms.times]))
    for suffix, content in plot(curve.times).items():
        write_bytes(folder / f"member_steps.{suffix}", content)
    contestants, loads = race(settings, kept), (load, _load())
    refused = [*curve.refused, *forms.refused]
    result = EngineBench(
        contestants, curve.times, forms.times, refused, expected, work, integrity, integrity_cpu, rate, device, loads
    )
    write_text(folder / "engine.json", to_json(result, settings, _versions()))
    kept.finish()
    show(engine_table(read_engine_speed(folder / "engine.json")), console)
    say(console, f"Written:\n  {folder}")
    return result


def to_json(result: EngineBench, settings: EngineBenchSettings, versions: Mapping[str, str]) -> str:
    """Everything measured, and the versions it was measured with."""
    document = asdict(result) | {
        "settings": asdict(settings),
        "times_keras": result.times_keras(),
        "times_keras_quartiles": np.quantile(result.ratios(), (0.25, 0.75)).tolist(),
        "times_keras_cpu": float(np.median(result.ratios(cpu=True))),
        "times_keras_once": result.times_keras_once(),
        "member_steps_per_second": result.member_steps_per_second(),
        "matrix_share": result.matrix_share(),
        "fastest": asdict(result.fastest()),
        "search_minutes": result.search_minutes(),
        "versions": dict(versions),
    }
    return json.dumps(document, indent=2) + "\n"


def to_csv(times: Sequence[StepTime]) -> str:
    """One row for each number of members, layout and form."""
    return csv_text([field.name for field in fields(StepTime)], map(astuple, times))


def plot(times: Sequence[StepTime]) -> dict[str, bytes]:
    """Seconds a member-step over the number of members, as SVG, PDF and PNG."""
    with styled():
        return render(draw(scaling(times)))


def _versions() -> dict[str, str]:
    return versions("jax") | versions("tensorflow")


def _load() -> float:
    return round(os.getloadavg()[0], 2)


def _curve(settings: EngineBenchSettings, device: str) -> StepTimes:
    """The cost over members; a device that is full already is no measurement to keep."""
    curve = over_members(settings)
    if not curve.times:
        raise ReproduceError(f"{device} does not train even one member: {curve.refused[0].reason}")
    return curve


def integrity_rates(count: int, repeats: int) -> tuple[list[float], list[float]]:
    """Integrity checks a second by the clock and by the processor's time, for genomes drawn anew each time."""
    sampler, random, rates, cpu_rates = Sampler(SPACES["full"]), np.random.default_rng(1), [], []
    for _ in range(repeats):
        specs = [sampler.genome(random).express() for _ in range(count)]
        start = time.perf_counter(), time.process_time()
        check_integrity(specs)
        taken = time.perf_counter() - start[0], time.process_time() - start[1]
        rates.append(count / taken[0])
        cpu_rates.append(count / taken[1])
    return rates, cpu_rates
