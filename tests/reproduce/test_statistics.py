import math

import numpy as np
import pytest
from scipy import stats

from reproduce.report.statistics import Difference, Summary, paired_difference, summarise


def test_known_summary() -> None:
    summary = summarise([2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0])
    assert summary is not None
    assert (summary.mean, summary.n) == (5.0, 8)
    assert summary.sd == pytest.approx(math.sqrt(32 / 7))


def test_small_samples() -> None:
    assert summarise([]) is None
    assert summarise([0.5]) == Summary(0.5, None, 1)


def test_known_interval() -> None:
    # Differences 1, 2, 3: mean 2, standard error 1/sqrt(3), t(0.975, 2) = 4.30265 in any table.
    difference = paired_difference({1: 2.0, 2: 4.0, 3: 6.0}, {1: 1.0, 2: 2.0, 3: 3.0})
    assert difference is not None
    half = 4.3026527 / math.sqrt(3)
    assert (difference.mean, difference.n) == (2.0, 3)
    assert difference.low == pytest.approx(2 - half, abs=1e-6)
    assert difference.high == pytest.approx(2 + half, abs=1e-6)
    assert difference.verdict == "tie"


def test_agrees_with_scipys_paired_test() -> None:
    random = np.random.default_rng(0)
    a, b = random.normal(size=(2, 9))
    difference = paired_difference(dict(enumerate(a)), dict(enumerate(b)), confidence=0.9)
    interval = stats.ttest_rel(a, b).confidence_interval(0.9)
    assert difference is not None
    assert (difference.low, difference.high) == pytest.approx((interval.low, interval.high))


def test_the_interval_covers_as_often_as_it_says() -> None:
    random = np.random.default_rng(1)
    draws = random.normal(0.3, 1.0, (2000, 5))
    zero = dict.fromkeys(range(5), 0.0)
    intervals = [paired_difference(dict(enumerate(draw)), zero) for draw in draws]
    covered = np.mean([each is not None and each.low <= 0.3 <= each.high for each in intervals])
    assert covered == pytest.approx(0.95, abs=0.015)


def test_only_common_seeds_count() -> None:
    assert paired_difference({1: 1.0, 2: 5.0}, {2: 4.0, 3: 9.0}) == Difference(1.0, None, None, 1)
    assert paired_difference({1: 1.0}, {2: 1.0}) is None


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(0.1, 0.2, "better"), (-0.2, -0.1, "worse"), (-0.1, 0.1, "tie"), (0.0, 0.1, "tie"), (None, None, "tie")],
)
def test_verdicts(low: float | None, high: float | None, verdict: str) -> None:
    assert Difference(0.0, low, high, 3).verdict == verdict
