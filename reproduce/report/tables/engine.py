"""How fast the population engine is, as ``bench-engine`` measured it."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import NamedTuple

from reproduce.report.speed import EngineSpeed, Form
from reproduce.report.table import NONE, Cell, Column, Table, count, missing, number, words

_MINUTES = {
    "steps": "minutes for the 43 million steps of the published search",
    "race": "the same at the speed of the candidates scored",
}


def engine_table(speed: EngineSpeed | None) -> Table:
    """Candidates a minute of the engine and of Keras, then the engine's other speeds."""
    columns: tuple[Column[_SpeedItem], ...] = (
        Column("Measured", "measured", lambda each: words(each.what)),
        Column("Median", "median", lambda each: each.median, numeric=True),
        Column("Lowest", "lowest", lambda each: each.lowest, numeric=True),
        Column("Highest", "highest", lambda each: each.highest, numeric=True),
        Column("n", "n", lambda each: count(each.n), numeric=True),
    )
    return Table.of(
        name="engine",
        title="Speed of the population engine",
        caption=_caption(speed),
        columns=columns,
        sections={} if speed is None else _items(speed),
        section_name="quantity",
    )


class _SpeedItem(NamedTuple):
    """A quantity, measured n times."""

    what: str
    median: Cell
    lowest: Cell = missing(NONE)
    highest: Cell = missing(NONE)
    n: int = 1


def _items(speed: EngineSpeed) -> dict[str, list[_SpeedItem]]:
    return {
        "candidates scored a minute": [_several(each.name, each.per_minute, 1) for each in speed.scorers],
        "engine alone": [
            _several("integrity checks a second", speed.integrity, 0),
            _SpeedItem("member-steps a second", number(speed.member_steps_per_second, 0)),
            _SpeedItem("share of the matrix rate, %", number(speed.matrix_share, 1, 100.0)),
            *(_SpeedItem(_MINUTES[name], number(each, 0)) for name, each in speed.search_minutes.items()),
        ],
        "microseconds of a step of one member": [_form(each) for each in speed.forms],
    }


def _several(what: str, values: Sequence[float], digits: int) -> _SpeedItem:
    if not values:
        return _SpeedItem(what, missing(), missing(), missing(), 0)
    low, middle, high = (number(each(values), digits) for each in (min, statistics.median, max))
    return _SpeedItem(what, middle, low, high, len(values))


def _form(form: Form) -> _SpeedItem:
    median = missing("refused") if form.seconds is None else number(form.seconds, 0, 1e6)
    return _SpeedItem(form.name, median, n=form.count)


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
