"""The engine's measurements: one run, whose rows, table and plot lie in OUTPUT/bench/engine."""

from __future__ import annotations

import csv
import io
import json
import os
import statistics
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import jax
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from reproduce.bench.member_steps import FULL, SMOKE, StepTime, Work, matrix_rate, over_forms, over_members
from reproduce.bench.race import Contestant, RaceSettings, race
from reproduce.files import write_bytes, write_text
from reproduce.machine import engine_device_name, versions
from reproduce.population.integrity import check_integrity
from reproduce.screen import screen_table
from reproduce.search.sampling import Sampler
from reproduce.search.spaces import SPACES

#: Member-steps of the published search (its log: 1,720 children and the samples, screening included).
PUBLISHED_MEMBER_STEPS = 43e6


@dataclass(frozen=True)
class EngineBenchSettings:
    """How much is measured.

    Attributes:
        candidates: Candidates of one engine measurement.
        rounds: Measurements of the engine and of Keras on each back end, in turns.
        members: The largest number of members of the cost curve.
        steps: Steps of a timed epoch of the cost curve.
        repeats: Measurements of everything else.
        integrity: Candidates of an integrity measurement.
    """

    candidates: int = 32
    rounds: int = 10
    members: int = 32
    steps: int = 20
    repeats: int = 5
    integrity: int = 2000


#: Enough to see that everything runs.
QUICK = EngineBenchSettings(candidates=4, rounds=2, members=2, steps=2, repeats=2, integrity=100)


@dataclass(frozen=True)
class EngineBench:
    """All measurements of one run.

    Attributes:
        contestants: The engine and Keras; see `reproduce.bench.race`.
        over_members: The cost of a member-step over M.
        over_forms: The same over layouts and forms of the convolution.
        work: The network of these two.
        integrity: Candidates checked a second by the clock, each measurement.
        integrity_cpu: The same by the processor's time.
        matrix_rate: Operations a second of a large matrix product.
        matrix_dtype: Its type.
        device: What all ran on.
        load: Processes that waited for a core when the run began and when it ended, the mean of a minute.
    """

    contestants: list[Contestant]
    over_members: list[StepTime]
    over_forms: list[StepTime]
    work: Work
    integrity: list[float]
    integrity_cpu: list[float]
    matrix_rate: float
    matrix_dtype: str
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

    def member_steps_per_second(self) -> float:
        """The best of all numbers of members."""
        return 1 / min(each.seconds for each in self.over_members)

    def matrix_share(self) -> float:
        """What the networks' convolutions make of the measured matrix rate."""
        return self.work.flops() * self.member_steps_per_second() / self.matrix_rate


def bench_engine(settings: EngineBenchSettings, output: Path, console: Console) -> EngineBench:
    """Measure, show and write; see `EngineBenchSettings` for how much.

    Raises:
        ReproduceError: If Keras fails, or a file cannot be written.
    """
    load = os.getloadavg()[0]
    work = SMOKE if jax.default_backend() == "cpu" else FULL
    counts = [2**power for power in range(settings.members.bit_length())]
    console.print("Candidates scored by the engine and by Keras on each back end, in turns", highlight=False)
    contestants = race(settings.candidates, settings.rounds, RaceSettings())
    console.print("Integrity checks, then the cost of a member-step", highlight=False)
    integrity, integrity_cpu = integrity_rates(settings.integrity, settings.repeats)
    curve = over_members(work, counts, settings.steps, settings.repeats)
    forms = over_forms(work, min(settings.members, 16), settings.steps, settings.repeats)
    rate, dtype = matrix_rate(settings.repeats)
    loads = (round(load, 2), round(os.getloadavg()[0], 2))
    result = EngineBench(
        contestants, curve, forms, work, integrity, integrity_cpu, rate, dtype, engine_device_name(), loads
    )
    folder = output / "bench" / "engine"
    write_text(folder / "engine.json", to_json(result, settings))
    write_text(folder / "member_steps.csv", to_csv([*curve, *forms], result.device))
    for suffix, content in plot(result).items():
        write_bytes(folder / f"member_steps.{suffix}", content)
    for table in tables(result):
        console.print(table)
    console.print(f"Written:\n  {folder}", highlight=False, markup=False, soft_wrap=True)
    return result


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


def to_json(result: EngineBench, settings: EngineBenchSettings) -> str:
    """Everything measured, and the versions it was measured with."""
    document = asdict(result) | {
        "settings": asdict(settings),
        "times_keras": result.times_keras(),
        "times_keras_quartiles": np.quantile(result.ratios(), (0.25, 0.75)).tolist(),
        "times_keras_cpu": float(np.median(result.ratios(cpu=True))),
        "times_keras_once": result.times_keras_once(),
        "member_steps_per_second": result.member_steps_per_second(),
        "matrix_share": result.matrix_share(),
        "versions": versions("jax") | versions("tensorflow"),
    }
    return json.dumps(document, indent=2) + "\n"


def to_csv(times: Sequence[StepTime], device: str) -> str:
    """One row for each number of members, layout and form."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [*asdict(times[0]), "device"], lineterminator="\n")
    writer.writeheader()
    writer.writerows({**asdict(each), "device": device} for each in times)
    return text.getvalue()


def tables(result: EngineBench) -> list[Table]:
    """The measurements on screen."""
    race_table = screen_table(
        ("Scored by", "a minute", "quartiles", "a CPU minute", "n", "Mean score"), [False, True, True, True, True, True]
    )
    race_table.title = f"Candidates scored, {result.device}; the engine is {result.times_keras():.1f} times Keras' best"
    for each in result.contestants:
        quartiles = f"{each.per_minute(0.25):.1f} to {each.per_minute(0.75):.1f}"
        race_table.add_row(
            each.name, f"{each.per_minute():.1f}", quartiles, f"{each.per_minute(cpu=True):.1f}",
            str(len(each.seconds)), f"{100 * each.mean_score:.1f}",
        )  # fmt: skip
    steps = screen_table(
        ("Layout", "Convolution", "Members", "us a step", "quartiles", "us of CPU"),
        [False, False, True, True, True, True],
    )
    steps.title = f"A step of one member: base {result.work.base_filters}, batch {result.work.batch_size}"
    for time_ in (*result.over_members, *result.over_forms):
        quartiles = f"{1e6 * time_.low:.0f} to {1e6 * time_.high:.0f}"
        steps.add_row(
            time_.layout, time_.convolution, str(time_.members), f"{1e6 * time_.seconds:.0f}", quartiles,
            f"{1e6 * time_.cpu_seconds:.0f}",
        )  # fmt: skip
    return [race_table, steps, _summary(result)]


def _summary(result: EngineBench) -> Table:
    table = screen_table(("Measured", "Value"), [False, True])
    rate = result.member_steps_per_second()
    low, high = np.quantile(result.ratios(), (0.25, 0.75))
    table.add_row("times Keras' best in the same round, quartiles", f"{low:.1f} to {high:.1f}")
    table.add_row("the same by the processor's time, median", f"{np.median(result.ratios(cpu=True)):.1f}")
    table.add_row("the same for one lot with its compilation", f"{result.times_keras_once():.1f}")
    table.add_row("seconds of that compilation", f"{result.contestants[0].compile_seconds:.1f}")
    table.add_row("integrity checks a second, median", f"{statistics.median(result.integrity):,.0f}")
    table.add_row("the same by the processor's time", f"{statistics.median(result.integrity_cpu):,.0f}")
    table.add_row("member-steps a second, best", f"{rate:,.0f}")
    table.add_row(f"matrix rate, {result.matrix_dtype}", f"{result.matrix_rate / 1e9:,.0f} GFLOP/s")
    table.add_row("share of it in the convolutions", f"{100 * result.matrix_share():.1f} %")
    if result.work == FULL:
        table.add_row("43 million member-steps", f"{PUBLISHED_MEMBER_STEPS / rate / 60:,.0f} minutes")
    return table


def plot(result: EngineBench) -> dict[str, bytes]:
    """Seconds a member-step over the number of members, as SVG, PDF and PNG."""
    from reproduce.report.figures.engine import MemberStep, draw, scaling
    from reproduce.report.style import render, styled

    times = [
        MemberStep(
            f"{each.layout}, {each.convolution}",
            each.members,
            each.repeats,
            each.seconds,
            each.low,
            each.high,
            result.device,
        )
        for each in result.over_members
    ]
    with styled():
        return render(draw(scaling(times)))
