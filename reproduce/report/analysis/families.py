"""Families of comparisons: paired differences with simultaneous intervals, one verdict for each.

The primary comparison of artifact/ANALYSIS.md: Student's t of differences paired by seed, with intervals that hold
together for the whole family (Bonferroni), which hold for any correlation and any variances of the arms.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reproduce.report.analysis.levels import ROUNDING, t_limit
from reproduce.report.analysis.power import settling_runs
from reproduce.report.analysis.verdicts import Verdict, verdict_of
from reproduce.study.looks import error_rate

#: A number for each place in which runs are comparable: a seed, or a seed on a device.
ByPlace = Mapping[Any, float]


class PairedRuns(NamedTuple):
    """Runs to compare, and those to compare them with.

    Attributes:
        values: A number for each place, the higher the better.
        reference: The same of what they are compared with.
        margin: What difference is too small to matter; see `reproduce.report.analysis.levels.margin_of`.
        planned: How many common places are planned; with fewer the verdict is NOT RUN. The error that may be spent is
            that of so many from the start.
    """

    values: ByPlace
    reference: ByPlace
    margin: float
    planned: int


@dataclass(frozen=True)
class Difference:
    """A mean difference over common places, with an interval that is simultaneous for its family.

    Attributes:
        mean: The mean.
        low: Lower end of the interval; None where n is 1 or all differences are equal: no spread is known.
        high: Upper end, likewise.
        sd: Standard deviation of the differences, likewise.
        n: How many common places.
        planned: See `PairedRuns`.
        margin: See `PairedRuns`.
        comparisons: How many comparisons the family has.
    """

    mean: float
    low: float | None
    high: float | None
    sd: float | None
    n: int
    planned: int
    margin: float
    comparisons: int

    @property
    def verdict(self) -> Verdict:
        """The verdict on "better than the reference"; UNDECIDED where no spread is known."""
        if self.n < self.planned:
            return "NOT RUN"
        if self.low is None or self.high is None:
            return "UNDECIDED"
        return verdict_of(self.low, self.high, self.margin)

    @property
    def seeds_judged(self) -> int:
        """How many seeds its look has, of which its interval has the level: those planned, before all are run."""
        return max(self.n, self.planned)

    @property
    def seeds_to_settle(self) -> int | None:
        """How many seeds would settle an UNDECIDED verdict; None for others, and where no spread is known.

        See `settling_runs`: enough to find a difference of the margin, and to show equivalence where there is none.
        """
        if self.verdict != "UNDECIDED" or self.sd is None:
            return None
        return settling_runs(self.sd / self.margin, self.comparisons, self.n)


def compare_family(pairs: Mapping[str, PairedRuns]) -> dict[str, Difference]:
    """All comparisons of a family, by the same names; one without a common place is left out, and counts."""
    found = {name: _compare(pair, len(pairs)) for name, pair in pairs.items()}
    return {name: each for name, each in found.items() if each is not None}


def compare_at_looks(first: Mapping[str, PairedRuns], second: Mapping[str, PairedRuns]) -> dict[str, Difference]:
    """All comparisons of a family that was run on: the first look's, or where that is UNDECIDED the second's.

    Args:
        first: See `compare_family`; the runs of the first look alone.
        second: The same comparisons with all runs.
    """
    again = compare_family(second)
    return {name: again[name] if each.verdict == "UNDECIDED" else each for name, each in compare_family(first).items()}


def common_differences(values: ByPlace, reference: ByPlace) -> NDArray[np.float64]:
    """``values - reference`` in common places, in the order of these."""
    common = sorted(values.keys() & reference.keys(), key=repr)
    return np.array([values[place] - reference[place] for place in common], np.float64)


def _compare(pair: PairedRuns, comparisons: int) -> Difference | None:
    differences = common_differences(pair.values, pair.reference)
    n = len(differences)
    if n == 0:
        return None
    mean = math.fsum(differences) / n
    low, high, sd = None, None, None
    largest = max(abs(value) for by_place in (pair.values, pair.reference) for value in by_place.values())
    # Accuracies move in steps of one example, so a few runs may differ by the same step: no spread would be certainty.
    if n > 1 and (spread := float(np.std(differences, ddof=1))) > ROUNDING * largest:
        sd, half = spread, t_limit(n - 1, error_rate(max(n, pair.planned)) / comparisons) * spread / math.sqrt(n)
        low, high = mean - half, mean + half
    return Difference(mean, low, high, sd, n, pair.planned, pair.margin, comparisons)
