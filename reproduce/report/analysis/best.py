"""All compared with the best: for each, how far its mean may lie above or below the best of the others.

Source: Hsu 1984 (constrained multiple comparisons with the best, Annals of Statistics 12), each one in turn being the
control of a family of one-sided comparisons; these are paired and corrected by Bonferroni as in
`reproduce.report.analysis.families`.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from reproduce.counts import Estimate
from reproduce.report.analysis.families import ByPlace
from reproduce.report.analysis.levels import ROUNDING, t_limit
from reproduce.study.looks import error_rate


def compare_with_best(values: Mapping[str, ByPlace]) -> dict[str, Estimate]:
    """Compute, by name, the mean minus the best of the other means, with an interval that holds 0; all hold together.

    An upper end of 0 says that another is better; a lower end of 0 that no other is.

    Args:
        values: By name, a number for each place, the higher the better; places that not all have do not count.

    Returns:
        The estimates; nothing of fewer than two names or two common places.
    """
    common = sorted(set.intersection(*(set(each) for each in values.values())), key=repr) if values else []
    n, count = len(common), len(values)
    if n < 2 or count < 2:
        return {}
    table = np.array([[each[place] for place in common] for each in values.values()], np.float64)
    differences, widths = _differences(table)
    apart = ~np.eye(count, dtype=bool)
    ahead = np.where(apart, differences, np.inf).min(axis=1)
    high = np.maximum(np.where(apart, differences + widths, np.inf).min(axis=1), 0)
    may_be_best = high > 0
    behind = np.where(apart & may_be_best, differences - widths, np.inf).min(axis=1)
    low = np.where(np.isinf(behind) & (behind > 0), 0, np.minimum(behind, 0))
    return {
        name: Estimate(float(ahead[place]), float(low[place]), float(high[place])) for place, name in enumerate(values)
    }


def _differences(table: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean differences of every pair of lines, and the widths of their intervals to one side."""
    count, n = table.shape
    paired = table[:, None, :] - table[None, :, :]
    spreads = paired.std(axis=2, ddof=1)
    # Where all differences are equal no spread is known, so that neither is told apart from the other.
    spreads[spreads <= ROUNDING * np.abs(table).max()] = np.inf
    return paired.mean(axis=2), t_limit(n - 1, 2 * error_rate(n) / (count - 1)) * spreads / np.sqrt(n)
