"""What the engine's measurements are written and shown as."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple, fields
from typing import TYPE_CHECKING

import numpy as np
from rich.table import Table

from reproduce.bench.member_steps import StepTime
from reproduce.bench.sizes import EngineBenchSettings
from reproduce.files import csv_text
from reproduce.report.figures.engine import draw, scaling
from reproduce.report.speed import MemberStep
from reproduce.report.style import render, styled
from reproduce.screen import screen_table

if TYPE_CHECKING:
    from reproduce.bench.engine import EngineBench


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


def to_csv(times: Sequence[StepTime], device: str) -> str:
    """One row for each number of members, layout and form."""
    columns = [*(field.name for field in fields(StepTime)), "device"]
    return csv_text(columns, ([*astuple(each), device] for each in times))


def plot(times: Sequence[StepTime], device: str) -> dict[str, bytes]:
    """Seconds a member-step over the number of members, as SVG, PDF and PNG."""
    found = [
        MemberStep(
            f"{each.layout}, {each.convolution}", each.members, each.repeats, each.seconds, each.low, each.high, device
        )
        for each in times
    ]
    with styled():
        return render(draw(scaling(found)))


def tables(result: EngineBench) -> list[Table]:
    """The measurements on screen."""
    return [_race(result), _steps(result), _summary(result)]


def _race(result: EngineBench) -> Table:
    table = screen_table(
        ("Scored by", "a minute", "quartiles", "a CPU minute", "n", "Mean score"), [False, True, True, True, True, True]
    )
    table.title = f"Candidates scored, {result.device}; the engine is {result.times_keras():.1f} times Keras' best"
    for each in result.contestants:
        quartiles = f"{each.per_minute(0.25):.1f} to {each.per_minute(0.75):.1f}"
        table.add_row(
            each.name, f"{each.per_minute():.1f}", quartiles, f"{each.per_minute(cpu=True):.1f}",
            str(len(each.seconds)), f"{100 * each.mean_score:.1f}",
        )  # fmt: skip
    return table


def _steps(result: EngineBench) -> Table:
    table = screen_table(
        ("Layout", "Convolution", "Members", "us a step", "quartiles", "us of CPU"),
        [False, False, True, True, True, True],
    )
    work = result.work
    table.title = f"A step of one member: base {work.base_filters}, batch {work.batch_size}, {work.dtype}"
    for each in (*result.over_members, *result.over_forms):
        quartiles = f"{1e6 * each.low:.0f} to {1e6 * each.high:.0f}"
        table.add_row(
            each.layout, each.convolution, str(each.members), f"{1e6 * each.seconds:.0f}", quartiles,
            f"{1e6 * each.cpu_seconds:.0f}",
        )  # fmt: skip
    for no in result.refused:
        table.add_row(no.layout, no.convolution, str(no.members), "memory full" if no.full else "refused", "", "")
    return table


def _summary(result: EngineBench) -> Table:
    table = screen_table(("Measured", "Value"), [False, True])
    low, high = np.quantile(result.ratios(), (0.25, 0.75))
    table.add_row("times Keras' best in the same round, quartiles", f"{low:.1f} to {high:.1f}")
    table.add_row("the same by the processor's time, median", f"{np.median(result.ratios(cpu=True)):.1f}")
    table.add_row("the same for one lot with its compilation", f"{result.times_keras_once():.1f}")
    table.add_row("seconds of that compilation", f"{result.contestants[0].compile_seconds:.1f}")
    table.add_row("integrity checks a second, median", f"{statistics.median(result.integrity):,.0f}")
    table.add_row("the same by the processor's time", f"{statistics.median(result.integrity_cpu):,.0f}")
    table.add_row("members that the engine would train at once", f"{result.expected:,}")
    table.add_row("member-steps a second, best", f"{result.member_steps_per_second():,.0f}")
    fastest = result.fastest()
    table.add_row("fastest form", f"{fastest.layout}, {fastest.convolution}, {fastest.members} members")
    table.add_row(f"matrix rate, {result.work.dtype}", f"{result.matrix_rate / 1e9:,.0f} GFLOP/s")
    table.add_row("share of it in the convolutions", f"{100 * result.matrix_share():.1f} %")
    minutes = result.search_minutes()
    if minutes is not None:
        table.add_row("43 million member-steps at that rate", f"{minutes['steps']:,.0f} minutes")
        table.add_row("the same at the rate of the race", f"{minutes['race']:,.0f} minutes")
    return table
