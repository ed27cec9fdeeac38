"""How many seeds settle a comparison: the power of the paired t test, and of the test of equivalence."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray

from reproduce.study.looks import FIRST_LOOK, error_rate

#: The probability with which seeds that "settle" a comparison do so.
POWER = 0.8
#: At how many quantiles of the spread's distribution a power is averaged.
_QUANTILES = 400
_MOST = 100_000


def detecting_power(n: int, ratio: float, error: float) -> float:
    """The probability that a two-sided paired t test finds a difference of one margin.

    Args:
        n: Pairs, two or more.
        ratio: Standard deviation of the differences in margins.
        error: The test's level.
    """
    shift = math.sqrt(n) / ratio
    return _mean_over_spreads(n, error, lambda limits: _normal(shift - limits) + _normal(-shift - limits))


def equivalence_power(n: int, ratio: float, error: float) -> float:
    """The probability that the interval lies within one margin where there is no difference; arguments as above."""
    width = math.sqrt(n) / ratio
    return _mean_over_spreads(n, error, lambda limits: np.maximum(2 * _normal(width - limits) - 1, 0))


@cache
def settling_runs(ratio: float, comparisons: int = 1, run: int = 1) -> int:
    """The fewest seeds, more than were run, that find one margin and show equivalence, each with probability `POWER`.

    Args:
        ratio: Standard deviation of the differences in margins.
        comparisons: How many the family has.
        run: How many seeds there are; with as many as are planned at first no more is spent on the error rate.

    Returns:
        The number; at most 100,000.
    """

    def settles(n: int) -> bool:
        error = error_rate(n) / comparisons
        return min(detecting_power(n, ratio, error), equivalence_power(n, ratio, error)) >= POWER

    low = max(run + 1, 2)
    if low <= FIRST_LOOK and settles(FIRST_LOOK):
        return _first(settles, low, FIRST_LOOK)
    low = max(low, FIRST_LOOK + 1)
    high = low
    while high < _MOST and not settles(high):
        high *= 2
    return _first(settles, low, min(high, _MOST))


def _first(settles: Callable[[int], bool], low: int, high: int) -> int:
    """The first number from ``low`` that settles, where ``high`` does and more never does less."""
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if settles(middle) else (middle + 1, high)
    return low


def _mean_over_spreads(n: int, error: float, power: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> float:
    """A power given the estimated spread, averaged over that; SciPy's noncentral t gives NaN for few runs."""
    return float(np.mean(power(_limits(n, error))))


@cache
def _limits(n: int, error: float) -> NDArray[np.float64]:
    """Half the interval in true standard errors, at quantiles of the estimated spread."""
    from scipy import special

    shares = (np.arange(_QUANTILES) + 0.5) / _QUANTILES
    spreads = np.sqrt(2 * special.gammaincinv((n - 1) / 2, shares) / (n - 1))
    return np.asarray(-special.stdtrit(n - 1, error / 2) * spreads, np.float64)


def _normal(values: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy import special

    return np.asarray(special.ndtr(values), np.float64)
