"""How a study tunes an optimizer on a task: what is to be trained next, and what tuning has come to.

Each of the optimizer's weight decays, where it has several, gets a grid of rates, which grows where its best is at an
edge. With `RateGrid.finalists` the first tuning seed alone goes over the grids; the other seeds are spent on the best
few of all, and their mean decides. If that comes out at an edge, the grid grows there too. Since all is a function of
rows, what was interrupted goes on as if it had not been.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from reproduce.study.protocol import StudyProtocol
from reproduce.study.rows import Row
from reproduce.tasks.rates import Choice, RateGrid


class Setting(NamedTuple):
    """The setting that tuning chooses.

    Attributes:
        rate: Peak learning rate.
        weight_decay: See `reproduce.tasks.trainer.Run`.
    """

    rate: float
    weight_decay: float | None = None


#: Validation accuracy, and loss with its sign turned: of two, the greater is better.
_Value = tuple[float, float]


@dataclass(frozen=True)
class Tuning:
    """Where the tuning of an optimizer on a task stands.

    Attributes:
        choice: The rate, or that there is none yet. Its rates are those of the chosen weight decay's grid; before
            anything is chosen, those of all grids.
        weight_decay: The chosen one; None before, and of an optimizer with none to choose.
        wanted: The settings to be trained so far, each with a tuning seed.
        later: How many trainings at least come after these, before something is chosen.
    """

    choice: Choice
    weight_decay: float | None
    wanted: tuple[tuple[Setting, int], ...]
    later: int = 0

    @property
    def setting(self) -> Setting | None:
        """The chosen setting; None before."""
        return None if self.choice.rate is None else Setting(self.choice.rate, self.weight_decay)


def tune(protocol: StudyProtocol, optimizer: str, rows: Iterable[Row]) -> Tuning:
    """Where tuning stands after ``rows``, all of one optimizer on one task.

    A setting at which any run diverged ranks below every setting at which none did. Of equal settings that of the
    lower rate is chosen, and then that of the lower weight decay.
    """
    grid, (first, *others) = protocol.rates, protocol.seeds.tune
    everywhere = protocol.seeds.tune if grid.finalists is None else (first,)
    finals = () if grid.finalists is None else tuple(others)
    runs = _values(protocol, rows)
    first_values = _means(runs, everywhere)
    columns = [_GrownGrid(grid, decay) for decay in protocol.optimizers.decays_of(optimizer)]
    while True:
        settled = [column.grow(first_values) for column in columns]
        wanted = [(setting, seed) for column in columns for setting in column.settings() for seed in everywhere]
        if not all(settled):
            return Tuning(Choice(_rates(columns)), None, tuple(wanted), (grid.finalists or 0) * len(finals))
        best = _ranked([setting for column in columns for setting in column.settings()], first_values)
        if finals:
            best = best[: grid.finalists]
            wanted += [(setting, seed) for setting in best for seed in finals]
            if any(seed not in runs[setting] for setting in best for seed in finals):
                return Tuning(Choice(_rates(columns)), None, tuple(wanted))
        means = _means({setting: runs[setting] for setting in best}, (*everywhere, *finals))
        chosen = _ranked(best, means)[0]
        column = next(column for column in columns if column.weight_decay == chosen.weight_decay)
        if column.at_edge(chosen.rate) and column.may_grow:
            column.extend(chosen.rate)
            continue
        choice = Choice(column.rates, chosen.rate, means[chosen], column.at_edge(chosen.rate))
        return Tuning(choice, chosen.weight_decay, tuple(wanted))


class _GrownGrid:
    """The grid of rates of one weight decay, as far as it has grown.

    Args:
        grid: The shared grid.
        weight_decay: Of all its settings.
    """

    def __init__(self, grid: RateGrid, weight_decay: float | None) -> None:
        self._grid, self.weight_decay = grid, weight_decay
        self._below = self._above = 0

    @property
    def rates(self) -> tuple[float, ...]:
        return self._grid.grown(self._below, self._above)

    @property
    def may_grow(self) -> bool:
        return self._below + self._above < self._grid.most_extra_rates

    def settings(self) -> list[Setting]:
        return [Setting(rate, self.weight_decay) for rate in self.rates]

    def at_edge(self, rate: float) -> bool:
        return rate in (self.rates[0], self.rates[-1])

    def extend(self, rate: float) -> None:
        """Extend the grid by one rate, at the edge where ``rate`` is."""
        if rate == self.rates[0]:
            self._below += 1
        else:
            self._above += 1

    def grow(self, values: Mapping[Setting, _Value]) -> bool:
        """Grow while the best is at an edge; whether all values that this takes are there."""
        while all(setting in values for setting in self.settings()):
            best = _ranked(self.settings(), values)[0].rate
            if not (self.at_edge(best) and self.may_grow):
                return True
            self.extend(best)
        return False


def _rates(columns: Sequence[_GrownGrid]) -> tuple[float, ...]:
    """Collect the rates of all grids, each once, ascending."""
    return tuple(sorted({rate for column in columns for rate in column.rates}))


def _ranked(settings: Sequence[Setting], values: Mapping[Setting, _Value]) -> list[Setting]:
    return sorted(settings, key=lambda each: (*(-part for part in values[each]), each.rate, each.weight_decay or 0.0))


def _values(protocol: StudyProtocol, rows: Iterable[Row]) -> dict[Setting, dict[int, _Value]]:
    """The value of each tuning seed at each setting."""
    runs: dict[Setting, dict[int, _Value]] = {}
    for row in rows:
        if row.phase == "tune" and row.seed in protocol.seeds.tune:
            setting = Setting(row.rate, row.weight_decay)
            runs.setdefault(setting, {})[row.seed] = protocol.rates.value(row.training)
    return runs


def _means(runs: Mapping[Setting, Mapping[int, _Value]], seeds: Sequence[int]) -> dict[Setting, _Value]:
    """Means over ``seeds`` of the settings that have them all."""
    return {
        setting: (_mean(values[seed][0] for seed in seeds), _mean(values[seed][1] for seed in seeds))
        for setting, values in runs.items()
        if all(seed in values for seed in seeds)
    }


def _mean(values: Iterable[float]) -> float:
    listed = list(values)
    return math.fsum(listed) / len(listed) if -math.inf not in listed else -math.inf
