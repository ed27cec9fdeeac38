"""How an optimizer's peak learning rate is chosen: a study's grid of rates, and a search's screening of them.

Neither knows who trains nor where: what was chosen once can be chosen again from stored rows. How a study goes over its
grid stands in `reproduce.study.tuning`.

Source of the screening: Morgan & Hougen (arXiv 2404.06679), the surrogate function. How long the schedule of its
trainings is was not published: here each is a short training of its own, with the whole one's shape of schedule.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from reproduce.outcomes import Training
from reproduce.plain_data import require, require_at_least


@dataclass(frozen=True)
class Choice:
    """Where a rule stands.

    Attributes:
        rates: All rates that are to be tried so far.
        rate: The one that is chosen; None while some are not tried, or where none is good enough.
        value: What the chosen one gave.
        at_edge: Whether the chosen one is at an edge of the rates, which may not grow any more.
        screened_out: The screening whose threshold no rate reached, or None.
    """

    rates: tuple[float, ...]
    rate: float | None = None
    value: Any = None
    at_edge: bool = False
    screened_out: Literal["first", "second"] | None = None


@dataclass(frozen=True)
class RateGrid:
    """The shared grid of rates that every optimizer of a study is tried at, and may grow.

    The highest validation accuracy at the end of training wins; then the lowest validation loss; then the lowest rate.
    `reproduce.study.tuning` goes over it.

    Attributes:
        grid: The shared grid, ascending, each rate the same factor above the one before.
        most_extra_rates: How many rates one optimizer's grid may grow by, one at a time, while its best is at an edge.
        finalists: How many of the rates that were best with the first tuning seed are tried with the others, whose
            mean decides; left out, every rate is tried with every seed.
    """

    grid: tuple[float, ...]
    most_extra_rates: int
    finalists: int | None = None

    def __post_init__(self) -> None:
        require(len(self.grid) >= 2, "grid", list(self.grid), "at least two rates")
        require(all(rate > 0 for rate in self.grid), "grid", list(self.grid), "positive rates")
        pairs = list(zip(self.grid, self.grid[1:], strict=False))
        require(all(low < high for low, high in pairs), "grid", list(self.grid), "ascending")
        even = all(abs(high / low / self.factor - 1) < 0.1 for low, high in pairs)
        require(even, "grid", list(self.grid), "evenly spaced in the logarithm (within 10 %)")
        require(0 <= self.most_extra_rates <= 20, "most_extra_rates", self.most_extra_rates, "between 0 and 20")
        require_at_least(1, self, "finalists")

    @property
    def factor(self) -> float:
        """The mean ratio of neighbours."""
        return float((self.grid[-1] / self.grid[0]) ** (1 / (len(self.grid) - 1)))

    def grown(self, below: int, above: int) -> tuple[float, ...]:
        """The grid with that many more rates at its ends, these rounded to three digits."""
        lower = (self.grid[0] / self.factor**step for step in range(below, 0, -1))
        upper = (self.grid[-1] * self.factor**step for step in range(1, above + 1))
        return (*(_three_digits(rate) for rate in lower), *self.grid, *(_three_digits(rate) for rate in upper))

    def value(self, training: Training) -> tuple[float, float]:
        """Validation accuracy at the end, and the loss there with its sign turned; below all others if it diverged."""
        if training.validation_accuracy is None:
            return -math.inf, -math.inf
        return training.validation_accuracy, -training.curve.validation_loss[-1]


@dataclass(frozen=True)
class RateScreening:
    """Two screenings by short trainings, each of which asks for some train accuracy: the rule of the published search.

    Attributes:
        screening_epochs: Epochs of a training that chooses the rate; it has a schedule of its own.
        first_rates: Rates every optimizer is tried at.
        first_threshold: Train accuracy that one of them must reach.
        second_rates: Rates the others are tried at.
        second_threshold: Train accuracy that one of all rates must reach.
        patience: The training that counts is cut short after so many epochs if its train accuracy is still under
            ``first_threshold``; None never cuts one short.
    """

    screening_epochs: int
    first_rates: tuple[float, ...]
    first_threshold: float
    second_rates: tuple[float, ...]
    second_threshold: float
    patience: int | None = None

    def __post_init__(self) -> None:
        require_at_least(1, self, "screening_epochs", "patience")
        for name in ("first_threshold", "second_threshold"):
            require(0 <= getattr(self, name) <= 1, name, getattr(self, name), "in [0, 1]")
        require(len(self.first_rates) > 0, "first_rates", list(self.first_rates), "at least one rate")
        both = (*self.first_rates, *self.second_rates)
        require(min(both) > 0, "first_rates", list(both), "positive rates")
        require(len(set(both)) == len(both), "second_rates", list(self.second_rates), "new rates, each once")

    def value(self, training: Training) -> float:
        """The best train accuracy of an epoch; 0 where it diverged in the first."""
        return max(training.curve.train_accuracy, default=0.0)

    def choose(self, tried: Mapping[float, float]) -> Choice:
        """Where the rule stands after trainings at some rates gave these values; of equal rates the smallest."""
        rates = self.first_rates
        if any(rate not in tried for rate in rates):
            return Choice(rates)
        if max(tried[rate] for rate in rates) < self.first_threshold:
            return Choice(rates, screened_out="first")
        rates = (*rates, *self.second_rates)
        if any(rate not in tried for rate in rates):
            return Choice(rates)
        if max(tried[rate] for rate in rates) < self.second_threshold:
            return Choice(rates, screened_out="second")
        best = min(rates, key=lambda rate: (-tried[rate], rate))
        return Choice(rates, best, tried[best])

    def goes_on(self, train_accuracy: Sequence[float]) -> bool:
        """Whether the training that counts goes on after epochs of these accuracies."""
        over = self.patience is not None and len(train_accuracy) >= self.patience
        return not over or max(train_accuracy) >= self.first_threshold


def _three_digits(value: float) -> float:
    return float(f"{value:.3g}")
