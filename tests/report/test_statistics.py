import math

import numpy as np
import pytest
from scipy import stats

from reproduce.report.statistics import (
    Difference,
    Summary,
    average_ranks,
    detectable_difference,
    holm,
    interquartile_mean,
    paired_difference,
    paired_p_value,
    runs_needed,
    score_distribution,
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


def test_the_paired_p_value_is_scipys() -> None:
    a, b = np.random.default_rng(0).normal(size=(2, 9))
    assert paired_p_value(dict(enumerate(a)), dict(enumerate(b))) == pytest.approx(stats.ttest_rel(a, b).pvalue)
    assert paired_p_value({1: 1.0}, {1: 2.0}) is None
    assert paired_p_value({1: 1.0}, {2: 1.0}) is None


@pytest.mark.parametrize("step", [0.0, 0.1])
def test_equal_differences_show_nothing(step: float) -> None:
    # 0.8 - 0.7 and 0.9 - 0.8 differ by rounding alone.
    reference = {1: 0.7, 2: 0.8, 3: 0.3}
    found = paired_difference({seed: value + step for seed, value in reference.items()}, reference)
    assert found == Difference(pytest.approx(step), None, None, 3, None)
    assert found.verdict == "tie"
    assert paired_p_value({seed: value + step for seed, value in reference.items()}, reference) == 1.0


def test_the_least_spread_is_a_spread() -> None:
    # One more test image in a million at one of two seeds: t = (2 + 3) / (3 - 2) = 5, p = 1 - 2 arctan(5) / pi.
    values, reference = {1: 0.500002, 2: 0.500003}, {1: 0.5, 2: 0.5}
    assert paired_p_value(values, reference) == pytest.approx(1 - 2 * math.atan(5) / math.pi, rel=1e-4)
    found = paired_difference(values, reference)
    assert found is not None
    assert found.low == pytest.approx(2.5e-6 - 12.7062 * 0.5e-6, rel=1e-4)


def test_the_interval_covers_as_often_as_it_says() -> None:
    random = np.random.default_rng(1)
    draws = random.normal(0.3, 1.0, (2000, 5))
    zero = dict.fromkeys(range(5), 0.0)
    intervals = [paired_difference(dict(enumerate(draw)), zero) for draw in draws]
    covered = np.mean([each is not None and each.low <= 0.3 <= each.high for each in intervals])
    assert covered == pytest.approx(0.95, abs=0.015)


def test_only_common_seeds_count() -> None:
    assert paired_difference({1: 1.0, 2: 5.0}, {2: 4.0, 3: 9.0}) == Difference(1.0, None, None, 1, None)
    assert paired_difference({1: 1.0}, {2: 1.0}) is None


@pytest.mark.parametrize(
    ("mean", "low", "high", "verdict"),
    [
        (0.15, 0.1, 0.2, "better"),
        (-0.15, -0.2, -0.1, "worse"),
        (0.0, -0.1, 0.1, "tie"),
        (0.05, 0.0, 0.1, "tie"),
        (0.05, 0.01, 0.09, "tie"),  # Below what is detectable.
        (0.05, None, None, "tie"),
    ],
)
def test_verdicts(mean: float, low: float | None, high: float | None, verdict: str) -> None:
    assert Difference(mean, low, high, 3, 0.06).verdict == verdict


def test_known_numbers_of_runs() -> None:
    # Spreads in points: 14 runs an arm at 0.45 and 6 at 0.25 detect half a point with probability 0.8.
    assert runs_needed(0.5, 0.45) == 14
    assert runs_needed(0.5, 0.25) == 6
    assert runs_needed(0.5, 0.0) == 2
    # Of many runs the normal approximation holds: 2 (1.96 + 0.842)^2 sd^2 / difference^2.
    assert runs_needed(0.5, 10.0) == pytest.approx(2 * (1.96 + 0.8416) ** 2 * 400, rel=0.002)


@pytest.mark.parametrize(("n", "paired"), [(2, True), (3, True), (5, False), (30, False)])
def test_the_detectable_difference_is_found_as_often_as_it_says(n: int, paired: bool) -> None:
    random = np.random.default_rng(n)
    shift = detectable_difference(1.0, n, paired=paired)
    ours, theirs = random.normal(size=(2, 20_000, n))
    if paired:
        p_values = stats.ttest_1samp(ours + shift, 0.0, axis=1).pvalue
    else:
        p_values = stats.ttest_ind(ours + shift, theirs, axis=1).pvalue
    assert np.mean(p_values < 0.05) == pytest.approx(0.8, abs=0.01)


def test_what_no_spread_can_be_known_from_is_refused() -> None:
    with pytest.raises(ValueError, match="n = 1"):
        detectable_difference(1.0, 1)
    with pytest.raises(ValueError, match="difference = 0"):
        runs_needed(0.0, 1.0)
    assert detectable_difference(0.0, 2) == 0.0


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


def test_score_distribution_weighs_tasks_alike() -> None:
    shares = score_distribution([[0.1, 0.9], [0.5, 0.5, 0.5, 0.5]], [0.0, 0.5, 0.8, 1.0])
    assert shares.tolist() == [1.0, 0.25, 0.25, 0.0]


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
