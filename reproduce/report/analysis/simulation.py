"""The simulation that chose the primary analysis: error rates and power of four analyses, and of the verdicts.

Runs are drawn with the correlations over seeds, and the spreads, that were seen in the first rows of profile `small`
(n = 3 or 4): the median correlation with Adam was -0.24 in the study main, -0.60 in schedules, 0.02 in decays, 0.45 in
transfer and 0.84 in finetune. ``python -m reproduce.report.analysis`` writes its tables into artifact/ANALYSIS.md.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from reproduce.report.analysis.levels import t_limit
from reproduce.report.analysis.verdicts import VERDICTS, Verdict, verdict_of
from reproduce.study.looks import FIRST_LOOK, MOST_SEEDS, error_rate

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]

#: Functions that are compared with the reference.
NUM_FUNCTIONS = 10
#: The difference that is to be found, and the margin of equivalence, in points.
POINT = 1.0
#: Functions that differ where power is counted.
DIFFERENT = (1, NUM_FUNCTIONS - 2)
REPEATS = 10_000
_SEED = 20240404
_CRITICAL_DRAWS = 200_000


@dataclass(frozen=True)
class Scenario:
    """How runs are drawn.

    Attributes:
        seen_in: Where such rows were seen.
        correlation: Of the reference with every other over seeds. The others are correlated with each other by its
            size; a negative one means that the reference goes the other way.
        unequal: Whether standard deviations go from 0.3 to 1.3 points, the reference's 0.6; else all are 0.8.
    """

    seen_in: str
    correlation: float
    unequal: bool

    @property
    def spreads(self) -> Numbers:
        """The standard deviations in points, the reference's first."""
        if not self.unequal:
            return np.full(NUM_FUNCTIONS + 1, 0.8)
        return np.concatenate([[0.6], np.linspace(0.3, 1.3, NUM_FUNCTIONS)])

    def draw(self, differences: Numbers, num_seeds: int, repeats: int, random: np.random.Generator) -> Numbers:
        """Accuracies in points, of shape [repeats, seeds, 1 + functions], the reference first.

        Args:
            differences: Of each function's mean to the reference's.
            num_seeds: Runs of each.
            repeats: How many families are drawn.
            random: The source of the draws.
        """
        loading = np.full(NUM_FUNCTIONS + 1, math.sqrt(abs(self.correlation)))
        loading[0] *= np.sign(self.correlation)
        common = random.standard_normal((repeats, num_seeds, 1))
        own = random.standard_normal((repeats, num_seeds, NUM_FUNCTIONS + 1))
        runs = (loading * common + math.sqrt(1 - abs(self.correlation)) * own) * self.spreads
        runs[:, :, 1:] += differences
        return np.asarray(runs, np.float64)


SCENARIOS = tuple(
    Scenario(seen_in, correlation, unequal)
    for seen_in, correlation in (
        ("schedules", -0.6),
        ("main", -0.24),
        ("decays", 0.02),
        ("transfer", 0.45),
        ("finetune", 0.84),
    )
    for unequal in (False, True)
)


def two_way(runs: Numbers, error: float) -> Flags:
    """Seed and optimizer as two factors, one pooled residual, Dunnett's limit."""
    count = runs.shape[2]
    residuals = runs - runs.mean(axis=1, keepdims=True) - runs.mean(axis=2, keepdims=True)
    residuals += runs.mean(axis=(1, 2), keepdims=True)
    freedom = (count - 1) * (runs.shape[1] - 1)
    return _pooled(runs, (residuals**2).sum(axis=(1, 2)) / freedom, freedom, error)


def dunnett(runs: Numbers, error: float) -> Flags:
    """Dunnett's test against the reference: independent arms, one pooled variance."""
    return _pooled(runs, runs.var(axis=1, ddof=1).mean(axis=1), runs.shape[2] * (runs.shape[1] - 1), error)


def welch_holm(runs: Numbers, error: float) -> Flags:
    """Welch's t test of every function against the reference, corrected by Holm."""
    from scipy import stats

    tested = stats.ttest_ind(runs[:, :, 1:], runs[:, :, :1], axis=1, equal_var=False)
    return _holm(np.asarray(tested.pvalue, np.float64), error)


def paired(runs: Numbers, error: float) -> Flags:
    """The primary analysis: paired t, corrected by Bonferroni, so that there are simultaneous intervals."""
    low, high = paired_intervals(runs, error)
    return np.asarray((low > 0) | (high < 0), np.bool_)


def paired_holm(runs: Numbers, error: float) -> Flags:
    """Paired t, corrected by Holm: what simultaneous intervals cost."""
    from scipy import stats

    differences = runs[:, :, 1:] - runs[:, :, :1]
    return _holm(np.asarray(stats.ttest_1samp(differences, 0.0, axis=1).pvalue, np.float64), error)


#: The analyses that were compared.
ANALYSES: Mapping[str, Callable[[Numbers, float], Flags]] = {
    "two-way": two_way,
    "Dunnett": dunnett,
    "Welch, Holm": welch_holm,
    "paired, Holm": paired_holm,
    "paired, Bonferroni": paired,
}


def paired_intervals(runs: Numbers, error: float) -> tuple[Numbers, Numbers]:
    """Lower and upper ends, of shape [repeats, functions], as `reproduce.report.analysis.families` computes them."""
    differences = runs[:, :, 1:] - runs[:, :, :1]
    n, count = differences.shape[1:]
    mean, spread = differences.mean(axis=1), differences.std(axis=1, ddof=1)
    half = t_limit(n - 1, error / count) * spread / math.sqrt(n)
    return mean - half, mean + half


@dataclass(frozen=True)
class AnalysisRates:
    """The rates that one analysis came to in one scenario.

    Attributes:
        family_error: The share of families without any difference in which one was found.
        power: The share of the functions that differ by one point, two in ten, that were found.
    """

    family_error: float
    power: float


def rates_of(scenario: Scenario, num_seeds: int = FIRST_LOOK, repeats: int = REPEATS) -> dict[str, AnalysisRates]:
    """The rates of every analysis, all on the same draws."""
    error, random = error_rate(num_seeds), np.random.default_rng(_SEED)
    same = scenario.draw(np.zeros(NUM_FUNCTIONS), num_seeds, repeats, random)
    differ = scenario.draw(_two_differ(), num_seeds, repeats, random)
    return {
        name: AnalysisRates(
            float(decide(same, error).any(axis=1).mean()), float(decide(differ, error)[:, list(DIFFERENT)].mean())
        )
        for name, decide in ANALYSES.items()
    }


def verdict_shares(difference: float, spread: float, num_seeds: int, repeats: int = REPEATS) -> dict[Verdict, float]:
    """How often each verdict is reached on one function of a family of `NUM_FUNCTIONS`.

    Args:
        difference: Its true difference, in points.
        spread: Standard deviation of the paired differences, in points.
        num_seeds: Seeds.
        repeats: Draws.
    """
    random = np.random.default_rng(_SEED)
    drawn = random.normal(difference, spread, (repeats, num_seeds))
    half = t_limit(num_seeds - 1, error_rate(num_seeds) / NUM_FUNCTIONS) * drawn.std(axis=1, ddof=1)
    half /= math.sqrt(num_seeds)
    low, high = drawn.mean(axis=1) - half, drawn.mean(axis=1) + half
    found: Counter[Verdict] = Counter(verdict_of(*ends, POINT) for ends in zip(low, high, strict=True))
    return {verdict: found[verdict] / repeats for verdict in VERDICTS}


def error_of_two_looks(scenario: Scenario, repeats: int = REPEATS) -> float:
    """The share of families without a difference in which one is found at the first look or at the last.

    What is UNDECIDED at the first look is run on to `MOST_SEEDS` seeds, the most there may be.
    """
    runs = scenario.draw(np.zeros(NUM_FUNCTIONS), MOST_SEEDS, repeats, np.random.default_rng(_SEED))
    low, high = paired_intervals(runs[:, :FIRST_LOOK], error_rate(FIRST_LOOK))
    found = (low > 0) | (high < 0)
    undecided = ~found & ~((low > -POINT) & (high < POINT))
    late_low, late_high = paired_intervals(runs, error_rate(MOST_SEEDS))
    return float((found | (undecided & ((late_low > 0) | (late_high < 0)))).any(axis=1).mean())


def error_of_equivalence(scenario: Scenario, num_seeds: int = FIRST_LOOK, repeats: int = REPEATS) -> float:
    """The share of families, all of whose functions differ by just the margin, in which one is called EQUIVALENT."""
    runs = scenario.draw(np.full(NUM_FUNCTIONS, POINT), num_seeds, repeats, np.random.default_rng(_SEED))
    low, high = paired_intervals(runs, error_rate(num_seeds))
    return float(((low <= 0) & (high < POINT) & (low > -POINT)).any(axis=1).mean())


def _two_differ() -> Numbers:
    differences = np.zeros(NUM_FUNCTIONS)
    differences[list(DIFFERENT)] = POINT
    return differences


def _pooled(runs: Numbers, variance: Numbers, freedom: int, error: float) -> Flags:
    """Which functions differ from the reference by a pooled variance and Dunnett's limit."""
    means = runs.mean(axis=1)
    statistic = np.abs(means[:, 1:] - means[:, :1]) / np.sqrt(2 * variance / runs.shape[1])[:, None]
    return np.asarray(statistic > _dunnett_limit(runs.shape[2] - 1, freedom, error), np.bool_)


@cache
def _dunnett_limit(count: int, freedom: int, error: float) -> float:
    """The quantile of the largest of Dunnett's statistics where there is no difference, simulated."""
    random = np.random.default_rng(_SEED)
    means = random.standard_normal((_CRITICAL_DRAWS, count + 1))
    spread = np.sqrt(random.chisquare(freedom, _CRITICAL_DRAWS) / freedom)
    largest = np.abs(means[:, 1:] - means[:, :1]).max(axis=1) / math.sqrt(2) / spread
    return float(np.quantile(largest, 1 - error))


def _holm(p_values: Numbers, error: float) -> Flags:
    """Which hypotheses of each line Holm's step-down procedure rejects."""
    order = np.argsort(p_values, axis=1)
    levels = error / np.arange(p_values.shape[1], 0, -1)
    rejected = np.cumprod(np.take_along_axis(p_values, order, axis=1) <= levels, axis=1).astype(np.bool_)
    found = np.zeros_like(rejected)
    np.put_along_axis(found, order, rejected, axis=1)
    return found
