"""The statistics of tables and figures: numbers in, numbers out, random draws from a generator that is an argument.

On one task: mean and spread, paired differences with Student's interval and the least difference that so many runs
detect. Across tasks: interquartile means with a stratified bootstrap, Wilcoxon's test with Holm's correction, score
distributions, and average ranks with Friedman's test and Nemenyi's critical difference.

Sources: Agarwal et al. 2021 (interquartile mean, stratified bootstrap, score distributions; arXiv 2108.13264), Demsar
2006 (ranks and their critical difference, JMLR 7), Holm 1979.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from reproduce.counts import Estimate

Verdict = Literal["better", "worse", "tie"]
_QUANTILES = 4000
#: Differences whose spread is below this share of the values differ by rounding alone.
_ROUNDING = 1e-12
#: Decimals to which scores of about one are told apart: means of equal sums in different orders differ beyond them.
_DECIMALS = 12
#: Coverage of intervals, and the probability with which a difference that is called detectable is found.
CONFIDENCE, POWER = 0.95, 0.8


@dataclass(frozen=True)
class Summary:
    """Mean and spread of a sample.

    Attributes:
        mean: The mean.
        sd: The sample's standard deviation (n - 1); None where it is not known, as where n is 1.
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
        low: Lower end of its interval; None where n is 1 or all differences are equal: no spread is known.
        high: Upper end.
        n: How many pairs.
        detectable: The least true difference that so many pairs of this spread find with probability `POWER`; None
            where there is no interval.
    """

    mean: float
    low: float | None
    high: float | None
    n: int
    detectable: float | None

    @property
    def half(self) -> float | None:
        """Half the interval; None where there is none."""
        return None if self.high is None else self.high - self.mean

    @property
    def verdict(self) -> Verdict:
        """A tie unless the interval leaves 0 out and the mean is at least the detectable difference."""
        if self.low is None or self.high is None or self.detectable is None or self.low <= 0 <= self.high:
            return "tie"
        if abs(self.mean) < self.detectable:
            return "tie"
        return "better" if self.low > 0 else "worse"


@dataclass(frozen=True)
class Ranks:
    """Average ranks of optimizers over tasks, 1 the best.

    Attributes:
        average: By optimizer.
        tasks: How many tasks.
        p_value: Of Friedman's test that all rank alike; None with fewer than three optimizers or two tasks.
        critical_difference: Nemenyi's: average ranks closer than this are not told apart at the level 0.05; None
            where there is no p-value.
        detectable: The difference of average ranks that so many tasks find with probability `POWER`; the normal
            approximation of the same test; None where there is no p-value. The largest possible is optimizers - 1.
    """

    average: Mapping[str, float]
    tasks: int
    p_value: float | None
    critical_difference: float | None
    detectable: float | None


def summarise(values: Sequence[float]) -> Summary | None:
    """Mean, standard deviation and count; None of nothing."""
    n = len(values)
    if n == 0:
        return None
    mean = math.fsum(values) / n
    if n == 1:
        return Summary(mean, None, 1)
    return Summary(mean, math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (n - 1)), n)


def same_mean(one: float, other: float) -> bool:
    """Whether two means differ by rounding alone, as those of equal sums in different orders do."""
    return math.isclose(one, other, rel_tol=_ROUNDING, abs_tol=0)


def paired_difference(
    values: Mapping[int, float], reference: Mapping[int, float], confidence: float = CONFIDENCE
) -> Difference | None:
    """Student's t interval of the mean difference ``values - reference`` over common keys.

    Args:
        values: A number for each seed.
        reference: The same of what is compared to.
        confidence: Coverage of the interval, in (0, 1).

    Returns:
        The difference, or None without a common key.
    """
    summary = _differences(values, reference)
    if summary is None:
        return None
    if summary.sd is None:
        return Difference(summary.mean, None, None, summary.n, None)
    half = _t_limit(summary.n - 1, confidence) * summary.sd / math.sqrt(summary.n)
    detectable = detectable_difference(summary.sd, summary.n, paired=True)
    return Difference(summary.mean, summary.mean - half, summary.mean + half, summary.n, detectable)


def paired_p_value(values: Mapping[int, float], reference: Mapping[int, float]) -> float | None:
    """The two-sided p-value of Student's paired t test over common keys; None of fewer than two.

    Pairs that all differ by the same have no spread to compare with, and show nothing: 1.
    """
    from scipy import stats

    summary = _differences(values, reference)
    if summary is None or summary.n < 2:
        return None
    if summary.sd is None:
        return 1.0
    return float(2 * stats.t.sf(abs(summary.mean) / summary.sd * math.sqrt(summary.n), summary.n - 1))


def detectable_difference(sd: float, n: int, *, paired: bool = False, power: float = POWER) -> float:
    """The least true difference of means that a two-sided t test at the level 0.05 finds with probability ``power``.

    Args:
        sd: Standard deviation of the runs of an arm, or of the differences where ``paired``.
        n: Runs in each of the two arms, or pairs; two or more.
        paired: Whether runs are compared in pairs.
        power: In (0.05, 1).

    Raises:
        ValueError: If n is below 2.
    """
    if n < 2:
        raise ValueError(f"received n = {n}; expected two runs or more, from which a spread can be known")
    error = sd * math.sqrt((1 if paired else 2) / n)
    return _detectable_shift(n - 1 if paired else 2 * n - 2, power) * error


def runs_needed(difference: float, sd: float, power: float = POWER) -> int:
    """The fewest runs of each of two arms that detect ``difference``; see `detectable_difference`.

    Raises:
        ValueError: Unless ``difference`` is positive.
    """
    if difference <= 0:
        raise ValueError(f"received difference = {difference}; expected a positive number")
    enough = 2
    while detectable_difference(sd, enough, power=power) > difference:
        enough *= 2
    # More runs never detect less, so the fewest lie between the last two tries.
    few = range(max(2, enough // 2), enough + 1)
    return few[bisect.bisect_left(few, True, key=lambda n: detectable_difference(sd, n, power=power) <= difference)]


def interquartile_mean(values: ArrayLike) -> NDArray[np.float64]:
    """The mean of what is left when the lowest and the highest quarter are taken away, along the last axis."""
    from scipy import stats

    return np.asarray(stats.trim_mean(np.asarray(values, np.float64), 0.25, axis=-1), np.float64)


def stratified_bootstrap(
    groups: Sequence[Sequence[float]],
    statistic: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    random: np.random.Generator,
    resamples: int = 2000,
    confidence: float = CONFIDENCE,
) -> Estimate:
    """Percentile interval of a statistic of all runs, with runs drawn again within each task.

    Args:
        groups: The runs of each task; none empty.
        statistic: Of the runs of all tasks, along the last axis.
        random: The source of the draws.
        resamples: How many times the runs are drawn.
        confidence: Coverage of the interval, in (0, 1).
    """
    arrays = [np.asarray(group, np.float64) for group in groups]
    drawn = np.concatenate([array[random.integers(0, len(array), (resamples, len(array)))] for array in arrays], axis=1)
    low, high = np.quantile(statistic(drawn), ((1 - confidence) / 2, (1 + confidence) / 2))
    return Estimate(float(statistic(np.concatenate(arrays))), float(low), float(high))


def wilcoxon(values: Sequence[float], reference: Sequence[float]) -> float:
    """The two-sided p-value of Wilcoxon's signed-rank test of pairs; 1 where no pair differs, but for rounding."""
    from scipy import stats

    differences = np.round(np.subtract(values, reference), _DECIMALS)
    if not np.any(differences):
        return 1.0
    return float(stats.wilcoxon(differences).pvalue)


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """P-values corrected for their number by Holm's step-down rule, by the same names."""
    adjusted, highest = {}, 0.0
    for position, name in enumerate(sorted(p_values, key=lambda key: p_values[key])):
        highest = max(highest, min(1.0, (len(p_values) - position) * p_values[name]))
        adjusted[name] = highest
    return {name: adjusted[name] for name in p_values}


def score_distribution(groups: Sequence[Sequence[float]], thresholds: ArrayLike) -> NDArray[np.float64]:
    """The performance profile: for each threshold the share of runs above it, each task weighing the same."""
    limits = np.asarray(thresholds, np.float64)
    shares = [(np.asarray(group, np.float64)[:, None] > limits).mean(axis=0) for group in groups]
    return np.asarray(np.mean(shares, axis=0), np.float64)


def average_ranks(scores: Mapping[str, Sequence[float]]) -> Ranks:
    """Ranks of optimizers on each task, averaged; scores that are equal but for rounding share the mean of their ranks.

    Args:
        scores: By optimizer, a score on each task (higher is better), in the same order of tasks.
    """
    from scipy import stats

    matrix = np.round(np.asarray([scores[name] for name in scores], np.float64), _DECIMALS)
    optimizers, tasks = matrix.shape
    ranks = stats.rankdata(-matrix, axis=0).mean(axis=1)
    average = dict(zip(scores, ranks.tolist(), strict=True))
    if optimizers < 3 or tasks < 2:
        return Ranks(average, tasks, None, None, None)
    same = bool(np.all(matrix == matrix[0]))
    p_value = 1.0 if same else float(stats.friedmanchisquare(*matrix).pvalue)
    error = math.sqrt(optimizers * (optimizers + 1) / (6 * tasks))
    critical = float(stats.studentized_range.ppf(CONFIDENCE, optimizers, np.inf)) / math.sqrt(2) * error
    return Ranks(average, tasks, p_value, critical, critical + float(stats.norm.ppf(POWER)) * error)


def _differences(values: Mapping[int, float], reference: Mapping[int, float]) -> Summary | None:
    """The differences over common keys; without a spread where they are equal up to rounding.

    Accuracies move in steps of one example, so a few runs may well differ by the same step: a spread of nothing would
    call that certain.
    """
    common = sorted(set(values) & set(reference))
    summary = summarise([values[key] - reference[key] for key in common])
    if summary is None or summary.sd is None:
        return summary
    rounding = _ROUNDING * max(abs(value) for key in common for value in (values[key], reference[key]))
    return summary if summary.sd > rounding else replace(summary, sd=None)


@cache
def _t_limit(freedom: int, confidence: float) -> float:
    """What Student's t with so many degrees of freedom stays below, in size, with this probability."""
    from scipy import stats

    return float(stats.t.ppf((1 + confidence) / 2, freedom))


@cache
def _detectable_shift(freedom: int, power: float) -> float:
    """The detectable difference in standard errors.

    The power is the mean over the estimated spread's distribution, taken at its quantiles; scipy's noncentral t gives
    NaN for few runs.
    """
    from scipy import optimize, special, stats

    shares = (np.arange(_QUANTILES) + 0.5) / _QUANTILES
    limits = _t_limit(freedom, CONFIDENCE) * np.sqrt(stats.chi2.ppf(shares, freedom) / freedom)

    def short_of_power(shift: float) -> float:
        return float(np.mean(special.ndtr(shift - limits) + special.ndtr(-shift - limits))) - power

    return float(optimize.brentq(short_of_power, 0.0, limits[-1] + 10))
