"""How far a replay agrees with the log: rank correlation, its interval, and the most that noise leaves room for."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reproduce.counts import Estimate, number_of

_Array = NDArray[np.float64]
_RESAMPLES = 2000
_SIMULATIONS = 1000
_CONFIDENCE = 0.95


@dataclass(frozen=True)
class Noise:
    """The standard deviation of one score around its candidate's mean.

    Attributes:
        sd: Pooled over candidates; 0 degrees of freedom leave it 0.
        degrees_of_freedom: Of that estimate.
    """

    sd: float
    degrees_of_freedom: int


@dataclass(frozen=True)
class Pair:
    """A candidate's score in the log and here; None where it was rejected.

    Attributes:
        published: The mean of its scores in the log.
        count: How many they are.
        ours: Its score here.
    """

    published: float | None
    count: int
    ours: float | None


@dataclass(frozen=True)
class ReplayOrigin:
    """What a replay was computed on.

    Attributes:
        profile: The profile whose settings it has.
        data: The data that candidates were scored on.
        behaviour: "published" or "described"; see `reproduce.published.replay`.
        runs: How many it has.
        device: What the last of them was computed on.
    """

    profile: str
    data: str
    behaviour: str
    runs: int
    device: str

    @property
    def sentence(self) -> str:
        """The same in words."""
        return (
            f"Profile {self.profile}, {self.data}, behaviour {self.behaviour}; {number_of(self.runs, 'run')}, the "
            f"last on {self.device}."
        )


@dataclass(frozen=True)
class Agreement:
    """The findings of a replay.

    Attributes:
        sampled: Candidates scored again.
        both: Those with a score in the log and here.
        published_only: With a score in the log alone.
        ours_only: With a score here alone.
        neither: With none.
        correlation: Spearman's rank correlation over those with both scores; None under 3 of them.
        with_rejected: The same over all that the log scored, those rejected here ranking last together.
        ceiling: The correlation that noise leaves, were the two surrogates to agree in truth; None where noise is not
            known on both sides.
        published_noise: Of the log.
        our_noise: Of the replay.
    """

    sampled: int
    both: int
    published_only: int
    ours_only: int
    neither: int
    correlation: Estimate | None
    with_rejected: Estimate | None
    ceiling: Estimate | None
    published_noise: Noise
    our_noise: Noise


def pooled_noise(scores: Mapping[str, Sequence[float]]) -> Noise:
    """The noise of one score.

    Args:
        scores: Of each candidate; those with one score say nothing.
    """
    groups = [np.asarray(group, float) for group in scores.values() if len(group) > 1]
    degrees = sum(len(group) - 1 for group in groups)
    squares = math.fsum(float(((group - group.mean()) ** 2).sum()) for group in groups)
    return Noise((squares / degrees) ** 0.5 if degrees else 0.0, degrees)


def agreement(
    pairs: Sequence[Pair], published_noise: Noise, our_noise: Noise, random: np.random.Generator
) -> Agreement:
    """Compare the two sides.

    Args:
        pairs: One for each candidate.
        published_noise: Of one score in the log.
        our_noise: Of one score here.
        random: Draws the bootstrap and the simulated ceiling.
    """
    both = [(pair.published, pair.ours) for pair in pairs if pair.published is not None and pair.ours is not None]
    scored = [
        (pair.published, -1.0 if pair.ours is None else pair.ours) for pair in pairs if pair.published is not None
    ]
    counts = np.array([pair.count for pair in pairs if pair.published is not None and pair.ours is not None])
    values = np.array(both, float).reshape(-1, 2)
    return Agreement(
        sampled=len(pairs),
        both=len(both),
        published_only=len(scored) - len(both),
        ours_only=sum(pair.published is None and pair.ours is not None for pair in pairs),
        neither=sum(pair.published is None and pair.ours is None for pair in pairs),
        correlation=rank_correlation(values, random),
        with_rejected=rank_correlation(np.array(scored, float).reshape(-1, 2), random),
        ceiling=_ceiling(values, counts, published_noise, our_noise, random),
        published_noise=published_noise,
        our_noise=our_noise,
    )


def rank_correlation(values: _Array, random: np.random.Generator) -> Estimate | None:
    """Spearman's correlation of two columns, with a percentile bootstrap over rows; None where it is not defined.

    Args:
        values: [n, 2].
        random: Draws the bootstrap.
    """
    if len(values) < 3 or np.ptp(values, axis=0).min() == 0:
        return None
    drawn = values[random.integers(0, len(values), (_RESAMPLES, len(values)))]
    correlations = _spearman(drawn[..., 0], drawn[..., 1])
    (value,) = _spearman(values[None, :, 0], values[None, :, 1])
    return Estimate(float(value), *_ends(correlations[np.isfinite(correlations)]))


def _ceiling(
    values: _Array, counts: NDArray[np.int64], published: Noise, ours: Noise, random: np.random.Generator
) -> Estimate | None:
    """The rank correlation that a perfect replay would reach: two noisy scores of one truth.

    The truth is spread as the log's scores are once their noise is taken off.

    Our noise counts in proportion to our scores' own true spread, since a rank correlation knows no units.
    """
    if len(values) < 3 or not published.degrees_of_freedom or not ours.degrees_of_freedom:
        return None
    log_scores, our_scores = values.T
    true_share = _reliability(log_scores, published.sd**2 * float(np.mean(1 / counts)))
    our_share = _reliability(our_scores, ours.sd**2)
    if not true_share or not our_share:
        return Estimate(0.0, 0.0, 0.0)
    truth = log_scores.mean() + np.sqrt(true_share) * (log_scores - log_scores.mean())
    our_sd = truth.std(ddof=1) * np.sqrt((1 - our_share) / our_share)
    shape = (_SIMULATIONS, len(truth))
    left = truth + random.normal(0, 1, shape) * published.sd / np.sqrt(counts)
    right = truth + random.normal(0, 1, shape) * our_sd
    correlations = _spearman(left, right)
    return Estimate(float(correlations.mean()), *_ends(correlations))


def _reliability(scores: _Array, noise_variance: float) -> float:
    """The share of the variance that is not noise."""
    variance = float(scores.var(ddof=1))
    return max(0.0, 1 - noise_variance / variance) if variance else 0.0


def _spearman(left: _Array, right: _Array) -> _Array:
    """Row by row; NaN where a row is constant."""
    from scipy import stats

    ranks = [stats.rankdata(side, axis=-1) for side in (left, right)]
    first, second = (rank - rank.mean(axis=-1, keepdims=True) for rank in ranks)
    scale = np.sqrt((first**2).sum(axis=-1) * (second**2).sum(axis=-1))
    with np.errstate(invalid="ignore", divide="ignore"):
        correlations: _Array = (first * second).sum(axis=-1) / scale
    return correlations


def _ends(values: _Array) -> tuple[float, float]:
    low, high = np.quantile(values, ((1 - _CONFIDENCE) / 2, (1 + _CONFIDENCE) / 2))
    return float(low), float(high)
