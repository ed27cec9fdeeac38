"""The statistics of the tables: means, spreads, and paired differences with their intervals."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Verdict = Literal["better", "worse", "tie"]


@dataclass(frozen=True)
class Summary:
    """Mean and spread of a sample.

    Attributes:
        mean: The mean.
        sd: The sample's standard deviation (n - 1); None where n is 1.
        n: How many.
    """

    mean: float
    sd: float | None
    n: int


@dataclass(frozen=True)
class Difference:
    """A mean paired difference.

    Attributes:
        mean: Of the differences.
        low: Lower end of its interval; None where n is 1.
        high: Upper end.
        n: How many pairs.
    """

    mean: float
    low: float | None
    high: float | None
    n: int

    @property
    def verdict(self) -> Verdict:
        """Whether the interval is above, below, or over 0; one pair decides nothing."""
        if self.low is None or self.high is None or self.low <= 0 <= self.high:
            return "tie"
        return "better" if self.low > 0 else "worse"


def summarise(values: Sequence[float]) -> Summary | None:
    """Mean, standard deviation and count; None of nothing."""
    n = len(values)
    if n == 0:
        return None
    mean = math.fsum(values) / n
    if n == 1:
        return Summary(mean, None, 1)
    return Summary(mean, math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (n - 1)), n)


def paired_difference(
    values: Mapping[int, float], reference: Mapping[int, float], confidence: float = 0.95
) -> Difference | None:
    """Student's t interval of the mean difference ``values - reference`` over common keys.

    Args:
        values: A number for each seed.
        reference: The same of what is compared to.
        confidence: Coverage of the interval, in (0, 1).

    Returns:
        The difference, or None without a common key. Where all differences are equal the interval is that point.
    """
    from scipy import stats

    common = sorted(set(values) & set(reference))
    summary = summarise([values[key] - reference[key] for key in common])
    if summary is None:
        return None
    if summary.sd is None:
        return Difference(summary.mean, None, None, 1)
    half = float(stats.t.ppf((1 + confidence) / 2, summary.n - 1)) * summary.sd / math.sqrt(summary.n)
    return Difference(summary.mean, summary.mean - half, summary.mean + half, summary.n)
