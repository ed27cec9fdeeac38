"""The agreement of two sides that are known to agree, or not to; its interval and its ceiling."""

import numpy as np
import pytest

from reproduce.published.agreement import Noise, Pair, agreement, pooled_noise, rank_correlation


def draws(count, sd_published, sd_ours, seed=1):
    """Pairs on one truth, with noise on both sides, and three runs of each on both sides."""
    random = np.random.default_rng(seed)
    truth = random.normal(0.7, 0.02, count)
    published = truth[:, None] + random.normal(0, sd_published, (count, 3))
    ours = 2 * truth[:, None] - 0.9 + random.normal(0, sd_ours, (count, 3))
    noises = [pooled_noise(dict(zip(map(str, range(count)), runs, strict=True))) for runs in (published, ours)]
    return [Pair(float(a), 1, float(b)) for a, b in zip(published[:, 0], ours[:, 0], strict=True)], noises


@pytest.mark.parametrize(("sd_published", "sd_ours"), [(0.004, 0.01), (0.02, 0.02), (0.01, 0.08)])
def test_the_ceiling_is_what_perfect_agreement_reaches(sd_published, sd_ours):
    pairs, noises = draws(300, sd_published, sd_ours)
    found = agreement(pairs, *noises, np.random.default_rng(0))
    assert found.ceiling.low <= found.correlation.value <= found.ceiling.high
    assert found.correlation.low < found.correlation.value < found.correlation.high
    assert found.published_noise.sd == pytest.approx(sd_published, rel=0.1)
    assert found.our_noise.degrees_of_freedom == 600


def test_rejections_rank_last_and_are_counted():
    pairs = [Pair(0.1 * n, 1, 0.2 * n) for n in range(2, 8)] + [
        Pair(0.1, 1, None),
        Pair(None, 0, 0.3),
        Pair(None, 0, None),
    ]
    found = agreement(pairs, Noise(0.01, 5), Noise(0.0, 0), np.random.default_rng(0))
    assert (found.sampled, found.both, found.published_only, found.ours_only, found.neither) == (9, 6, 1, 1, 1)
    assert found.correlation.value == pytest.approx(1)
    assert found.with_rejected.value == pytest.approx(1)
    assert found.ceiling is None


def test_the_interval_covers_as_often_as_it_says():
    random = np.random.default_rng(3)
    true = 6 / np.pi * np.arcsin(0.6 / 2)
    covered = 0
    for _ in range(100):
        interval = rank_correlation(random.multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], 80), random)
        covered += interval.low <= true <= interval.high
    assert covered >= 88


@pytest.mark.parametrize("values", [np.empty((0, 2)), np.ones((2, 2)), np.array([[1.0, 2], [1, 3], [1, 4]])])
def test_no_correlation_where_there_is_none_to_have(values):
    assert rank_correlation(values, np.random.default_rng(0)) is None
