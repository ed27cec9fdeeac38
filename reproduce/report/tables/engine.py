"""How fast the population engine is, as ``bench-engine`` measured it."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from reproduce.report.speed import EngineSpeed, Form
from reproduce.report.table import NONE, Cell, Column, Section, Table, count, missing, number, words

_MINUTES = {
    "steps": "minutes for the 43 million steps of the published search",
    "race": "the same at the speed of the candidates scored",
}


def engine_table(speed: EngineSpeed | None) -> Table:
    """Candidates a minute of the engine and of Keras, then the engine's other speeds."""
    return Table(
        name="engine",
        title="Speed of the population engine",
        caption=_caption(speed),
        columns=(
            Column("Measured", "measured"),
            Column("Median", "median", numeric=True),
            Column("Lowest", "lowest", numeric=True),
            Column("Highest", "highest", numeric=True),
            Column("n", "n", numeric=True),
        ),
        sections=() if speed is None else _sections(speed),
        section_name="quantity",
    )


def _sections(speed: EngineSpeed) -> tuple[Section, ...]:
    return (
        Section("candidates scored a minute", tuple(_line(each.name, each.per_minute, 1) for each in speed.scorers)),
        Section(
            "engine alone",
            (
                _line("integrity checks a second", speed.integrity, 0),
                _single("member-steps a second", number(speed.member_steps_per_second, 0)),
                _single("share of the matrix rate, %", number(speed.matrix_share, 1, 100.0)),
                *(_single(_MINUTES[name], number(each, 0)) for name, each in speed.search_minutes.items()),
            ),
        ),
        Section("microseconds of a step of one member", tuple(_form_line(each) for each in speed.forms)),
    )


def _line(name: str, values: Sequence[float], digits: int) -> tuple[Cell, ...]:
    if not values:
        return (words(name), *(missing() for _ in range(3)), count(0))
    shown = (statistics.median(values), min(values), max(values))
    return (words(name), *(number(value, digits) for value in shown), count(len(values)))


def _single(name: str, cell: Cell) -> tuple[Cell, ...]:
    return (words(name), cell, missing(NONE), missing(NONE), count(1))


def _form_line(form: Form) -> tuple[Cell, ...]:
    value = missing("refused") if form.seconds is None else number(form.seconds, 0, 1e6)
    return (words(form.name), value, missing(NONE), missing(NONE), count(form.count))


def _caption(speed: EngineSpeed | None) -> str:
    if speed is None:
        return "The engine's speed was not measured; make bench-engine measures it."
    loads = " and ".join(f"{load:.1f}" for load in speed.load)
    return (
        f"{speed.device}; load {loads} at the beginning and the end. Random candidates of the search space, each "
        "trained by the same protocol on scikit-learn's digits: many side by side in one compiled program of the "
        "engine, one after another with model.fit in Keras. The engine is "
        f"{speed.times_keras:.1f} times as fast as the faster Keras."
    )
