"""Tables of the cost of a training step in the engine and in other frameworks, as ``bench-engine`` measured it."""

from __future__ import annotations

from collections.abc import Sequence

from reproduce.report.results import number_of_runs
from reproduce.report.speed import FrameworkTime
from reproduce.report.table import Column, Table, number, words
from reproduce.report.tables.comparisons import listed

_MILLISECONDS = 1000.0
_TITLES = {
    "step": ("framework_times", "A training step in the engine and in other frameworks"),
    "evaluation": ("evaluation_times", "An evaluation of 10,000 examples in the engine, now and before"),
}
_CAPTIONS = {
    "step": (
        "milliseconds a training step of one network, whole steps with Adam, all cores busy: what they take together "
        "for each network's step. Where a network is without bias, the engine before has one nevertheless, to be "
        "compared with the engine with bias. Forms of PyTorch: eager or torch.compile, one process with all threads "
        "or as many with one, the C library's allocator as it is or keeping large pages; the fastest counts. JAX and "
        "Optax, with the library's convolutions: a jitted step, the steps of an epoch in one scan, or many networks "
        "in that by vmap. Keras: fit, without building and compiling"
    ),
    "evaluation": "milliseconds in which all cores together answer 10,000 examples by one network",
}


def framework_tables(times: Sequence[FrameworkTime]) -> list[Table]:
    """A table of steps and one of evaluations, each by size; none of what was not measured."""
    return [
        _table(*_TITLES[measured], _CAPTIONS[measured], chosen)
        for measured in _TITLES
        if (chosen := [each for each in times if each.measured == measured])
    ]


def _table(name: str, title: str, what: str, times: Sequence[FrameworkTime]) -> Table:
    return Table.of(
        name=name,
        title=title,
        caption=(
            f"{listed(each.device for each in times)}: {what}. Medians of "
            f"{number_of_runs(each.rounds for each in times)} rounds in turns, with quartiles. Times: by how much the "
            "engine with Adam is faster, round by round, by the clock and by the processor's time. MB: the most "
            "memory that all processes of a contestant took."
        ),
        columns=(
            Column("Framework", "framework", lambda each: words(each.framework)),
            Column("Form", "form", lambda each: words(each.form)),
            Column("ms", "seconds", lambda each: number(each.seconds, 2, _MILLISECONDS), numeric=True),
            Column("Q1", "low", lambda each: number(each.low, 2, _MILLISECONDS), numeric=True),
            Column("Q3", "high", lambda each: number(each.high, 2, _MILLISECONDS), numeric=True),
            Column("CPU ms", "cpu_seconds", lambda each: number(each.cpu_seconds, 2, _MILLISECONDS), numeric=True),
            Column("Times", "times", lambda each: number(each.times, 2), numeric=True),
            Column("Q1", "times_low", lambda each: number(each.times_low, 2), numeric=True),
            Column("Q3", "times_high", lambda each: number(each.times_high, 2), numeric=True),
            Column("CPU times", "cpu_times", lambda each: number(each.cpu_times, 2), numeric=True),
            Column("MB", "peak_bytes", lambda each: number(each.peak_bytes, 0, 1e-6), numeric=True),
        ),
        sections=_by_size(times),
        section_name="size",
    )


def _by_size(times: Sequence[FrameworkTime]) -> dict[str, list[FrameworkTime]]:
    sections: dict[str, list[FrameworkTime]] = {}
    for each in times:
        sections.setdefault(f"{each.size}: {each.network}", []).append(each)
    return sections
