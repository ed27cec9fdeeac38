"""Intervals, verdicts, power and margins against SciPy's own tests, hand-made cases and simulations."""

import math

import numpy as np
import pytest
from scipy import stats

from reproduce.report.analysis.best import compare_with_best
from reproduce.report.analysis.families import Difference, PairedRuns, compare_family
from reproduce.report.analysis.levels import margin_of
from reproduce.report.analysis.power import detecting_power, equivalence_power, settling_runs
from reproduce.report.analysis.verdicts import all_of, several, verdict_of
from reproduce.study.looks import error_rate


def by_seed(values) -> dict[int, float]:
    return dict(enumerate(values))


def pair(values, reference, margin: float = 0.01, planned: int = 2) -> PairedRuns:
    return PairedRuns(by_seed(values), by_seed(reference), margin, planned)


def test_a_family_of_intervals_is_scipys_paired_t_at_the_corrected_level() -> None:
    one, two, reference = np.random.default_rng(0).normal(size=(3, 9))
    found = compare_family({"one": pair(one, reference), "two": pair(two, reference)})
    for name, values in (("one", one), ("two", two)):
        expected = stats.ttest_rel(values, reference).confidence_interval(1 - 0.04 / 2)
        assert (found[name].low, found[name].high) == pytest.approx((expected.low, expected.high))
        assert found[name].mean == pytest.approx(np.mean(values - reference))
    alone = compare_family({"one": pair(one, reference)})["one"]
    assert alone.high < found["one"].high


def test_what_was_not_run_counts_as_a_comparison() -> None:
    one, reference = np.random.default_rng(0).normal(size=(2, 9))
    found = compare_family({"one": pair(one, reference), "two": pair([], reference)})
    assert list(found) == ["one"]
    assert found["one"].comparisons == 2
    assert found["one"].high > compare_family({"one": pair(one, reference)})["one"].high


def test_only_common_places_count() -> None:
    values = {(1, "a"): 1.0, (2, "a"): 5.0, (3, "b"): 9.0}
    reference = {(1, "a"): 0.5, (2, "a"): 4.0, (3, "c"): 1.0}
    found = compare_family({"": PairedRuns(values, reference, 0.01, 3)})[""]
    assert (found.n, found.mean, found.verdict) == (2, 0.75, "NOT RUN")


@pytest.mark.parametrize("step", [0.0, 0.1])
def test_equal_differences_show_nothing(step: float) -> None:
    # 0.8 - 0.7 and 0.9 - 0.8 differ by rounding alone.
    reference = [0.7, 0.8, 0.3]
    found = compare_family({"": pair([value + step for value in reference], reference)})[""]
    assert (found.low, found.high, found.verdict, found.seeds_to_settle) == (None, None, "UNDECIDED", None)


def test_error_is_spent_on_two_looks() -> None:
    assert [error_rate(n) for n in (4, 20, 21, 60)] == [0.04, 0.04, 0.01, 0.01]
    values, reference = np.random.default_rng(1).normal(size=(2, 21))
    found = compare_family({"": pair(values, reference)})[""]
    assert found.high == pytest.approx(stats.ttest_rel(values, reference).confidence_interval(0.99).high)


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (0.1, 0.2, "SUPPORTED"),
        (-0.2, -0.1, "CONTRADICTED"),
        (0.001, 0.005, "SUPPORTED"),  # What leaves 0 out is not equivalent, however small.
        (-0.005, 0.009, "EQUIVALENT"),
        (-0.011, 0.009, "UNDECIDED"),
        (0.0, 0.009, "EQUIVALENT"),
        (-0.02, 0.0, "UNDECIDED"),
    ],
)
def test_the_verdict_of_an_interval(low: float, high: float, verdict: str) -> None:
    assert verdict_of(low, high, 0.01) == verdict


def test_several_verdicts_make_one() -> None:
    s, c, e, u, n = "SUPPORTED", "CONTRADICTED", "EQUIVALENT", "UNDECIDED", "NOT RUN"
    assert several([s, s, c], 2) == s
    assert several([s, c, c], 2) == c
    assert several([s, e, c], 2) == e
    assert several([s, u, c], 2) == u
    assert several([s, n, u], 2) == n
    assert several([e, e, u], 2) == e
    assert [all_of(each) for each in ([s, s], [s, u], [u, n], [n, e], [e, c], [])] == [s, u, n, e, c, n]


def test_margins() -> None:
    assert margin_of(0.5, 0.1) == 0.01
    assert margin_of(0.97, 0.1) == pytest.approx(0.1 * 0.03 / 0.9)
    assert margin_of(0.95) == pytest.approx(0.005)


@pytest.mark.parametrize("n", [3, 20])
def test_powers_are_found_as_often_as_they_say(n: int) -> None:
    random, ratio, error = np.random.default_rng(n), math.sqrt(n) / 4.5, 0.05
    drawn = random.normal(0, ratio, (20_000, n))
    half = stats.t.isf(error / 2, n - 1) * drawn.std(axis=1, ddof=1) / math.sqrt(n)
    mean = drawn.mean(axis=1)
    found = np.mean(np.abs(mean + 1) > half)
    inside = np.mean(np.abs(mean) + half < 1)
    assert detecting_power(n, ratio, error) == pytest.approx(found, abs=0.012)
    assert equivalence_power(n, ratio, error) == pytest.approx(inside, abs=0.012)


def test_as_many_seeds_as_are_printed_settle_it_and_one_less_do_not() -> None:
    for ratio, comparisons in ((0.75, 1), (1.0, 10), (2.0, 7)):
        n = settling_runs(ratio, comparisons)
        for seeds, enough in ((n, True), (n - 1, False)):
            error = error_rate(seeds) / comparisons
            power = min(detecting_power(seeds, ratio, error), equivalence_power(seeds, ratio, error))
            assert (power >= 0.8) == enough
    assert settling_runs(0.1, 1, run=12) == 13
    found = Difference(0.0, -0.02, 0.02, 0.01, 4, 4, 0.01, 10)
    assert found.seeds_to_settle == settling_runs(1.0, 10, 4)
    assert Difference(0.05, 0.02, 0.08, 0.01, 4, 4, 0.01, 10).seeds_to_settle is None


def test_the_best_is_told_from_those_behind_it() -> None:
    random = np.random.default_rng(0)
    noise = random.normal(0, 0.002, (3, 12))
    values = {name: by_seed(level + row) for name, level, row in zip("abc", (0.8, 0.8, 0.7), noise, strict=True)}
    found = compare_with_best(values)
    assert found["a"].high > 0
    assert found["b"].high > 0
    assert found["c"].high == 0
    assert found["c"].low == pytest.approx(-0.1, abs=0.01)
    far = compare_with_best({"a": values["a"], "c": values["c"]})
    assert (far["a"].low, far["c"].high) == (0, 0)
    assert far["a"].high == pytest.approx(-far["c"].low)
    assert compare_with_best({"a": values["a"]}) == {}


def test_the_intervals_with_the_best_hold_together_as_often_as_they_say() -> None:
    random, means = np.random.default_rng(3), np.array([0.0, 0.0, -0.5, -1.0])
    truth = [mean - max(np.delete(means, place)) for place, mean in enumerate(means)]
    held = 0
    for _ in range(400):
        drawn = means[:, None] + random.normal(size=(4, 8)) + random.normal(size=8)
        found = compare_with_best({str(place): by_seed(row) for place, row in enumerate(drawn)})
        held += all(found[str(place)].low <= true <= found[str(place)].high for place, true in enumerate(truth))
    assert held / 400 >= 0.96 - 3 * math.sqrt(0.96 * 0.04 / 400)
