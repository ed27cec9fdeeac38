"""The statistics of tables and figures: numbers in, numbers out, random draws from a generator that is an argument.

On one task: mean and spread. Across tasks: interquartile means with a stratified bootstrap, Wilcoxon's test with Holm's
correction, score distributions, and average ranks with Friedman's test and Nemenyi's critical difference. Comparisons
that decide claims are those of `reproduce.report.analysis`.

Sources: Agarwal et al. 2021 (interquartile mean, stratified bootstrap, score distributions; arXiv 2108.13264), Demsar
2006 (ranks and their critical difference, JMLR 7), Holm 1979.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from reproduce.counts import Estimate
from reproduce.report.analysis.levels import ROUNDING

#: Decimals to which scores of about one are told apart: means of equal sums in different orders differ beyond them.
_DECIMALS = 12
#: Coverage of intervals of the bootstrap, and the probability with which a difference of ranks is said to be found.
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
    return math.isclose(one, other, rel_tol=ROUNDING, abs_tol=0)


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
