import math

import numpy as np
import pytest
from scipy import stats

from reproduce.report.statistics import (
    Summary,
    average_ranks,
    holm,
    interquartile_mean,
    stratified_bootstrap,
    summarise,
    wilcoxon,
)


def test_known_summary() -> None:
    summary = summarise([2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0])
    assert summary is not None
    assert (summary.mean, summary.n) == (5.0, 8)
    assert summary.sd == pytest.approx(math.sqrt(32 / 7))


def test_small_samples() -> None:
    assert summarise([]) is None
    assert summarise([0.5]) == Summary(0.5, None, 1)


def test_known_interquartile_mean() -> None:
    assert interquartile_mean([1, 2, 3, 4, 5, 6, 7, 100]) == 4.5
    assert interquartile_mean([[0, 1, 2, 9], [9, 3, 0, 5]]).tolist() == [1.5, 4.0]


def test_the_bootstrap_draws_within_tasks_and_from_its_seed() -> None:
    def mean(values: np.ndarray) -> np.ndarray:
        return values.mean(axis=-1)

    # Within a task nothing varies, so neither does the mean over tasks.
    still = stratified_bootstrap([[1.0, 1.0], [5.0, 5.0, 5.0]], mean, np.random.default_rng(0))
    assert (still.low, still.value, still.high) == pytest.approx((3.4, 3.4, 3.4))
    random = np.random.default_rng(2)
    groups = random.normal([[0.0], [10.0]], 1.0, (2, 50)).tolist()
    once, again = (stratified_bootstrap(groups, mean, np.random.default_rng(3)) for _ in range(2))
    assert once == again
    # Of 100 draws with spread 1 the mean's standard error is 0.1.
    assert once.high - once.low == pytest.approx(2 * 1.96 * 0.1, rel=0.15)
    assert once.low < once.value < once.high


def test_wilcoxon_of_five_wins_is_a_sixteenth() -> None:
    assert wilcoxon([1, 2, 3, 4, 5], [0, 0, 0, 0, 0]) == 2 / 2**5
    assert wilcoxon([1.0, 2.0], [1.0, 2.0]) == 1.0


def test_rounding_breaks_no_ties() -> None:
    """Equal sums in different orders differ in the last bit; ranks and signed ranks take them for equal."""
    one, other = 0.1 + 0.2 + 0.3, 0.3 + 0.2 + 0.1
    assert one != other
    assert average_ranks({"a": [one, 0.5], "b": [other, 0.5], "c": [0.0, 0.0]}).average == {"a": 1.5, "b": 1.5, "c": 3}
    assert wilcoxon([one] * 6, [other] * 6) == 1.0
    # Of the absolute differences 0.1, 0.1 and 0.3 the first two share the rank 1.5, however they are rounded.
    assert wilcoxon([0.3, 0.1, 0.4], [0.2, 0.2, 0.1]) == wilcoxon([0.1, 0.2, 0.3], [0.0, 0.3, 0.0])


def test_known_holm_correction() -> None:
    adjusted = holm({"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005})
    assert adjusted == pytest.approx({"a": 0.03, "b": 0.06, "c": 0.06, "d": 0.02})
    assert holm({"a": 0.9, "b": 0.8}) == {"a": 1.0, "b": 1.0}
    assert holm({}) == {}


def test_known_critical_difference() -> None:
    # Demsar 2006, section 3.2.2: 4 classifiers on 14 data sets, critical value 2.569, critical difference 1.25.
    random = np.random.default_rng(0)
    ranks = average_ranks({name: random.random(14).tolist() for name in "abcd"})
    assert ranks.critical_difference == pytest.approx(1.25, abs=0.005)
    assert ranks.detectable is not None
    assert ranks.detectable > 1.25
    assert sum(ranks.average.values()) == pytest.approx(10.0)


def test_ranks_of_clear_winners_ties_and_too_little() -> None:
    clear = average_ranks({"a": [3, 3, 3, 3], "b": [2, 2, 2, 2], "c": [1, 1, 1, 1]})
    assert clear.average == {"a": 1.0, "b": 2.0, "c": 3.0}
    assert clear.p_value == pytest.approx(stats.chi2.sf(8.0, 2))
    same = average_ranks({"a": [1, 1], "b": [1, 1], "c": [1, 1]})
    assert (same.average, same.p_value) == ({"a": 2.0, "b": 2.0, "c": 2.0}, 1.0)
    assert average_ranks({"a": [1.0], "b": [0.0]}).critical_difference is None
