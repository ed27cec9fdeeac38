"""The cost of a training step in the engine and in other frameworks, whole steps on all cores, side by side.

Contestants take turns, so that whatever else the machine does falls on all alike. Each takes steps for about as long
in every round; the ratio is taken round by round. A size can be measured by itself, and an interrupted run goes on
with the next.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, astuple, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from reproduce.bench.asked import AskedProcess
from reproduce.bench.framework_forms import EARLIER, ENGINE, FrameworkForm, earlier_version, framework_forms
from reproduce.bench.step_sizes import SIZES
from reproduce.bench.unfinished import Unfinished
from reproduce.errors import ReproduceError
from reproduce.files import csv_text, write_text
from reproduce.libraries import recorded_settings
from reproduce.machine import cpu_name, usable_cores, versions
from reproduce.report.output import show
from reproduce.report.speed import FRAMEWORK_TIMES, FrameworkTime, read_framework_times
from reproduce.report.tables.frameworks import framework_tables
from reproduce.screen import say

#: How long a contestant takes steps in a round, seconds.
_ROUND = 0.6
#: Images of an evaluation whose time is told.
_EVALUATION = 10_000


@dataclass(frozen=True)
class FrameworkBenchSettings:
    """The settings of the measurement.

    Attributes:
        sizes: See `reproduce.bench.step_sizes.SIZES`.
        rounds: Of each size.
        seconds: How long a contestant takes steps in a round.
    """

    sizes: tuple[str, ...] = tuple(SIZES)
    rounds: int = 9
    seconds: float = _ROUND


def bench_frameworks(settings: FrameworkBenchSettings, output: Path, console: Console) -> list[FrameworkTime]:
    """Time the steps of all contestants, show the tables and write the times to ``output``/bench/frameworks.csv.

    What that file has of other sizes stays.

    Args:
        settings: What is measured.
        output: The folder.
        console: Where the tables are shown.

    Raises:
        ReproduceError: If the engine fails, or a file cannot be read or written.
    """
    conditions = {
        "settings": asdict(settings),
        "device": cpu_name(),
        "user": recorded_settings(),
        "versions": versions("tensorflow", "jax", "optax", "torch"),
    }
    unfinished = Unfinished(
        output / FRAMEWORK_TIMES.parent, conditions, lambda name: say(console, f"Measuring size {name} ...")
    )
    if earlier_version() is None:
        say(console, f"Not measured: the engine at {EARLIER}, which the repository's history does not have here")
    times: list[FrameworkTime] = []
    for name in settings.sizes:
        measured = unfinished.once(name, lambda name=name: _measure(name, settings, console))  # type: ignore[misc]
        times += [FrameworkTime(**each) for each in measured]
    path = output / FRAMEWORK_TIMES
    before = read_framework_times(path) if path.exists() else ()
    kept = [each for each in before if each.size not in settings.sizes]
    write_text(path, csv_text([column.name for column in fields(FrameworkTime)], map(astuple, [*kept, *times])))
    unfinished.finish()
    for table in framework_tables(times):
        show(table, console)
    say(console, f"Written:\n  {path}")
    return times


def _measure(name: str, settings: FrameworkBenchSettings, console: Console) -> list[dict[str, Any]]:
    with ExitStack() as stack:
        running = [Running(form, stack) for form in framework_forms(SIZES[name], usable_cores())]
        able = [each for each in running if each.begins(settings.seconds, lambda text: say(console, text))]
        for _ in range(settings.rounds):
            for each in able:
                each.measure()
            able = [*able[1:], able[0]]  # None always goes first.
    (engine,) = (each for each in able if each.form.name == ENGINE)
    return [asdict(time) for each in running if each in able for time in each.times(name, engine)]


class Running:
    """A contestant's processes.

    Args:
        form: The contestant.
        stack: Ends them.
    """

    def __init__(self, form: FrameworkForm, stack: ExitStack) -> None:
        self.form, self._stack = form, stack
        self._processes: list[AskedProcess] = []
        self._times: dict[str, int] = {}
        self._measured: dict[str, list[tuple[float, float]]] = {}
        self._peak = 0

    def begins(self, seconds: float, told: Callable[[str], None]) -> bool:
        """Start it, take the first steps, which compile, and find out how many take ``seconds``; whether it can.

        Raises:
            ReproduceError: If the engine cannot.
        """
        try:
            for number in range(self.form.processes):
                process = AskedProcess(f"{self.form.name} {number}", self.form.command, self.form.variables())
                self._processes.append(self._stack.enter_context(process))
            for what in ("step", "evaluation") if self.form.evaluates else ("step",):
                self._ask(what, 1)
                self._ask(what, 1)
                taken = min(self._clock(what, 1) for _ in range(2))
                self._times[what], self._measured[what] = max(1, round(seconds / taken)), []
        except ReproduceError as error:
            if self.form.name == ENGINE:
                raise
            told(f"Not measured: {', '.join(self.form.name)}: {error}")
            return False
        return True

    def measure(self) -> None:
        """Time a round."""
        for what, times in self._times.items():
            start = time.perf_counter()
            answers = self._ask(what, times)
            taken = time.perf_counter() - start
            done = sum(answer["done"] for answer in answers)
            cpu_seconds = sum(answer["cpu_seconds"] for answer in answers)
            self._measured[what].append((taken / done, cpu_seconds / done))
            self._peak = sum(answer["peak_bytes"] for answer in answers)

    def times(self, size: str, engine: Running) -> list[FrameworkTime]:
        """Return the measured times, beside the engine in the same rounds."""
        return [self._time(size, what, engine) for what in self._measured]

    def _time(self, size: str, what: str, engine: Running) -> FrameworkTime:
        own, others = (np.asarray(each._measured[what]) for each in (self, engine))
        own, others = (each * (_EVALUATION if what == "evaluation" else 1) for each in (own, others))
        low, middle, high = np.quantile(own[:, 0], (0.25, 0.5, 0.75)).tolist()
        times = np.quantile(own[:, 0] / others[:, 0], (0.25, 0.5, 0.75)).tolist()
        return FrameworkTime(
            size=size,
            network=SIZES[size].described,
            framework=self.form.framework,
            form=self.form.form,
            measured=what,
            rounds=len(own),
            seconds=middle,
            low=low,
            high=high,
            cpu_seconds=float(np.median(own[:, 1])),
            times=times[1],
            times_low=times[0],
            times_high=times[2],
            cpu_times=float(np.median(own[:, 1] / others[:, 1])),
            peak_bytes=self._peak,
            device=cpu_name(),
        )

    def _clock(self, what: str, times: int) -> float:
        start = time.perf_counter()
        self._ask(what, times)
        return time.perf_counter() - start

    def _ask(self, what: str, times: int) -> list[Mapping[str, Any]]:
        """The answers of all processes, which work at the same time."""
        for process in self._processes:
            process.tell({"what": what, "times": times})
        answers: Sequence[Mapping[str, Any]] = [process.answer() for process in self._processes]
        for process, answer in zip(self._processes, answers, strict=True):
            if "raised" in answer:
                raise ReproduceError(f"{process.name}: {answer['raised']}")
        return list(answers)
