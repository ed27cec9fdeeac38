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
from typing import Any

import jax
import numpy as np
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
        keras_candidates: How many of them Keras scores, on each back end.
        members: The largest number of members of the cost curve.
        steps: Steps of a timed epoch of the cost curve.
        repeats: Measurements of everything but Keras.
        integrity: Candidates of an integrity measurement.
    """

    candidates: int = 64
    keras_candidates: int = 12
    members: int = 64
    steps: int = 20
    repeats: int = 5
    integrity: int = 2000


#: Enough to see that everything runs.
QUICK = EngineBenchSettings(candidates=4, keras_candidates=2, members=2, steps=2, repeats=2, integrity=100)


@dataclass(frozen=True)
class EngineBench:
    """All measurements of one run.

    Attributes:
        contestants: The engine and Keras; see `reproduce.bench.race`.
        over_members: The cost of a member-step over M.
        over_forms: The same over layouts and forms of the convolution.
        work: The network of these two.
        integrity: Candidates checked a second, each measurement.
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
    matrix_rate: float
    matrix_dtype: str
    device: str
    load: tuple[float, float]

    def times_keras(self) -> float:
        """The engine's median speed as a multiple of the faster Keras'."""
        engine, *keras = self.contestants
        return engine.per_minute() / max(each.per_minute() for each in keras)

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
    console.print("Candidates scored by the engine, then by Keras on each back end", highlight=False)
    contestants = []
    for each in race(settings.candidates, settings.keras_candidates, settings.repeats, RaceSettings()):
        contestants.append(each)
        console.print(f"  {each.name}: {each.per_minute():.1f} a minute, n = {len(each.seconds)}", highlight=False)
    console.print("Integrity checks, then the cost of a member-step", highlight=False)
    integrity = integrity_rates(settings.integrity, settings.repeats)
    curve = over_members(work, counts, settings.steps, settings.repeats)
    forms = over_forms(work, min(settings.members, 16), settings.steps, settings.repeats)
    rate, dtype = matrix_rate(settings.repeats)
    loads = (round(load, 2), round(os.getloadavg()[0], 2))
    result = EngineBench(contestants, curve, forms, work, integrity, rate, dtype, engine_device_name(), loads)
    folder = output / "bench" / "engine"
    write_text(folder / "engine.json", to_json(result, settings))
    write_text(folder / "member_steps.csv", to_csv([*curve, *forms], result.device))
    for suffix, content in plot(result).items():
        write_bytes(folder / f"member_steps.{suffix}", content)
    for table in tables(result):
        console.print(table)
    console.print(f"Written:\n  {folder}", highlight=False, markup=False, soft_wrap=True)
    return result


def integrity_rates(count: int, repeats: int) -> list[float]:
    """Integrity checks a second, for genomes drawn anew for each measurement."""
    sampler, random, rates = Sampler(SPACES["full"]), np.random.default_rng(1), []
    for _ in range(repeats):
        specs = [sampler.genome(random).express() for _ in range(count)]
        start = time.perf_counter()
        check_integrity(specs)
        rates.append(count / (time.perf_counter() - start))
    return rates


def to_json(result: EngineBench, settings: EngineBenchSettings) -> str:
    """Everything measured, and the versions it was measured with."""
    document = asdict(result) | {
        "settings": asdict(settings),
        "times_keras": result.times_keras(),
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
        ("Scored by", "a minute", "quartiles", "n", "Mean score"), [False, True, True, True, True]
    )
    race_table.title = f"Candidates scored, {result.device}; the engine is {result.times_keras():.1f} times Keras' best"
    for each in result.contestants:
        quartiles = f"{each.per_minute(0.25):.1f} to {each.per_minute(0.75):.1f}"
        race_table.add_row(
            each.name, f"{each.per_minute():.1f}", quartiles, str(len(each.seconds)), f"{100 * each.mean_score:.1f}"
        )
    steps = screen_table(
        ("Layout", "Convolution", "Members", "us a step", "quartiles"), [False, False, True, True, True]
    )
    steps.title = f"A step of one member: base {result.work.base_filters}, batch {result.work.batch_size}"
    for time_ in (*result.over_members, *result.over_forms):
        quartiles = f"{1e6 * time_.low:.0f} to {1e6 * time_.high:.0f}"
        steps.add_row(time_.layout, time_.convolution, str(time_.members), f"{1e6 * time_.seconds:.0f}", quartiles)
    return [race_table, steps, _summary(result)]


def _summary(result: EngineBench) -> Table:
    table = screen_table(("Measured", "Value"), [False, True])
    rate = result.member_steps_per_second()
    table.add_row("integrity checks a second, median", f"{statistics.median(result.integrity):,.0f}")
    table.add_row("member-steps a second, best", f"{rate:,.0f}")
    table.add_row(f"matrix rate, {result.matrix_dtype}", f"{result.matrix_rate / 1e9:,.0f} GFLOP/s")
    table.add_row("share of it in the convolutions", f"{100 * result.matrix_share():.1f} %")
    if result.work == FULL:
        table.add_row("43 million member-steps", f"{PUBLISHED_MEMBER_STEPS / rate / 60:,.0f} minutes")
    return table


def plot(result: EngineBench) -> dict[str, bytes]:
    """Seconds a member-step over the number of members, as SVG, PDF and PNG."""
    from reproduce.report.style import new_figure, render, styled

    with styled():
        figure = new_figure(3.4, 2.4)
        axes: Any = figure.subplots()
        members = [each.members for each in result.over_members]
        middle, low, high = (
            np.array([getattr(each, name) for each in result.over_members]) * 1e6 for name in ("seconds", "low", "high")
        )
        axes.errorbar(members, middle, yerr=(middle - low, high - middle), marker="o", markersize=3, capsize=2)
        axes.set_xscale("log", base=2)
        axes.set_ylim(bottom=0)
        axes.set_xlabel("members trained together")
        axes.set_ylabel("microseconds a member-step")
        axes.set_title(f"n = {result.over_members[0].repeats} epochs each; bars: quartiles", fontsize=7)
        return render(figure)
