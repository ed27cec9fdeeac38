"""The runs that figures and cards are made of: of one task, those that count now, grouped where nothing differs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from paper_optimizers import names
from reproduce.study.rows import Row


@dataclass(frozen=True)
class Alike:
    """Optimizers whose final runs gave the same rate and curves at every seed; most groups have one member.

    Attributes:
        names: Their names, in the order of the rows.
        runs: The final runs of the first.
    """

    names: tuple[str, ...]
    runs: tuple[Row, ...]

    @property
    def label(self) -> str:
        """The names, joined by commas."""
        return ", ".join(self.names)


def tasks(rows: Iterable[Row]) -> tuple[str, ...]:
    """The tasks of these rows, in the order of their first rows."""
    return tuple(dict.fromkeys(row.task for row in rows))


def with_profile(study: str, rows: Iterable[Row]) -> str:
    """The study with the profile that its rows were made in, for titles: ``"main, profile smoke"``."""
    return ", ".join((study, *dict.fromkeys(f"profile {row.profile}" for row in rows)))


def current(rows: Iterable[Row]) -> list[Row]:
    """The rows whose optimizer had the same fingerprint when its last row was written: a changed spec starts anew."""
    listed = list(rows)
    newest = {(row.task, row.optimizer): row.fingerprint for row in listed}
    return [row for row in listed if newest[row.task, row.optimizer] == row.fingerprint]


def tuning_runs(rows: Iterable[Row], task: str) -> dict[str, list[Row]]:
    """The runs that chose the rate on one task, by optimizer."""
    return _by_optimizer(row for row in current(rows) if row.task == task and row.phase == "tune")


def final_runs(rows: Iterable[Row], task: str) -> dict[str, list[Row]]:
    """The reported runs on one task by optimizer, each at the rate that was chosen last, one for each seed."""
    final = _by_optimizer(row for row in current(rows) if row.task == task and row.phase == "final")
    return {name: _one_each_seed(runs) for name, runs in final.items()}


def alike(final: Mapping[str, Sequence[Row]]) -> list[Alike]:
    """The optimizers of `final_runs`, those that coincide as one."""
    groups: dict[object, list[str]] = {}
    for name, runs in final.items():
        key = tuple((row.rate, row.seed, row.curve.validation_accuracy, row.test_accuracy) for row in runs)
        groups.setdefault(key, []).append(name)
    return [Alike(tuple(names), tuple(final[names[0]])) for names in groups.values()]


def number_of_runs(counts: Iterable[int]) -> str:
    """``"n = 3"``, ``"n = 1 to 3"`` or ``"n = 0"``, for titles."""
    listed = sorted(set(counts)) or [0]
    return f"n = {listed[0]}" if len(listed) == 1 else f"n = {listed[0]} to {listed[-1]}"


def number_diverged(rows: Iterable[Row]) -> int:
    """How many of these runs diverged."""
    return sum(row.diverged_at is not None for row in rows)


def _by_optimizer(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """The catalog's optimizers in its order, then others by name; rows are written in whatever order runs end."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.optimizer, []).append(row)
    return {name: found[name] for name in sorted(found, key=_place)}


def _place(name: str) -> tuple[int, str]:
    catalog = _catalog()
    base = name.partition("+")[0].removesuffix("-nodecay")
    return catalog.get(base, len(catalog)), name


@cache
def _catalog() -> dict[str, int]:
    return {name: place for place, name in enumerate(names())}


def _one_each_seed(runs: Sequence[Row]) -> list[Row]:
    by_seed = {row.seed: row for row in runs if row.rate == runs[-1].rate}
    return [by_seed[seed] for seed in sorted(by_seed)]
