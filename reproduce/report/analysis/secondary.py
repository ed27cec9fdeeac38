"""Secondary intervals of a difference: what tuning and the sample of test images add to the luck of the seeds.

Verdicts come from the primary intervals of `reproduce.report.analysis.families` alone. These are of one comparison
each, not corrected, and show how much wider it would be.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from reproduce.counts import Estimate
from reproduce.report.analysis.families import ByPlace, common_differences
from reproduce.report.analysis.levels import t_limit
from reproduce.study.tuning import Setting

#: Coverage of these intervals.
CONFIDENCE = 0.95
_RESAMPLES = 2000


class Tuned(NamedTuple):
    """One optimizer's final runs, and the runs that chose its settings.

    Attributes:
        finals: Test accuracies by place.
        tuning: Validation accuracies by what was tried, and by seed.
        chosen: What was chosen, one of these.
    """

    finals: ByPlace
    tuning: Mapping[Setting, Mapping[int, float]]
    chosen: Setting


def through_tuning(ours: Sequence[Tuned], theirs: Sequence[Tuned], random: np.random.Generator) -> Estimate | None:
    """The mean difference of the best of ours and of theirs, with a bootstrap interval that chooses both again.

    Tuning seeds are drawn again; then settings are chosen by them, and of each side the optimizer whose validation
    accuracy is the highest there. Final seeds are drawn again too, both for both optimizers together. Another setting
    was not run with final seeds: what it would have changed is taken from the validation accuracies. It can only be
    chosen among what was tried with every tuning seed.

    Args:
        ours: Those of which the best is compared.
        theirs: Those of which the best is the reference.
        random: The source of the draws.

    Returns:
        The estimate; None with fewer than two tuning seeds, or two final places that a pair has in common.
    """
    seeds = sorted(set.intersection(*map(_seeds, [*ours, *theirs]))) if ours and theirs else []
    if len(seeds) < 2:
        return None
    drawn = random.integers(0, len(seeds), (_RESAMPLES, len(seeds)))
    shares = np.vstack([np.full(len(seeds), 1 / len(seeds)), np.eye(len(seeds))[drawn].mean(axis=1)])
    mine, other = (_chosen_again(each, seeds, shares) for each in (ours, theirs))
    pairs = list(zip(mine.best.tolist(), other.best.tolist(), strict=True))
    differences = {
        pair: common_differences(ours[pair[0]].finals, theirs[pair[1]].finals) for pair in dict.fromkeys(pairs)
    }
    if min(map(len, differences.values())) < 2:
        return None
    means = (mine.changes - other.changes)[1:]
    for pair, each in differences.items():
        here = [place for place, found in enumerate(pairs[1:]) if found == pair]
        means[here] += each[random.integers(0, len(each), (len(here), len(each)))].mean(axis=1)
    low, high = np.quantile(means, ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2))
    return Estimate(float(differences[pairs[0]].mean()), float(low), float(high))


def with_test_images(correct: NDArray[np.bool_], reference: NDArray[np.bool_]) -> Estimate:
    """The mean difference with an interval that holds the luck of the seeds and that of the test images.

    The variance is that of the means of seeds over their number plus that of the means of images over theirs, which
    counts what is left of both twice: the interval is a little too wide (Owen 2007, Annals of Applied Statistics 1).

    Args:
        correct: Whether each test image was told rightly, of shape [seeds, images]; two or more of each.
        reference: The same of the reference, with the same seeds and images in the same order.

    Raises:
        ValueError: If the shapes differ, or are of fewer than two seeds or images.
    """
    if correct.shape != reference.shape or min(correct.shape) < 2:
        raise ValueError(
            f"received correct of shape {correct.shape} and reference of shape {reference.shape}; expected one shape "
            "[seeds, images] with two or more of each"
        )
    differences = correct.astype(np.float64) - reference
    mean, (seeds, images) = float(differences.mean()), differences.shape
    variance = differences.mean(axis=1).var(ddof=1) / seeds + differences.mean(axis=0).var(ddof=1) / images
    half = t_limit(seeds - 1, 1 - CONFIDENCE) * float(np.sqrt(variance))
    return Estimate(mean, mean - half, mean + half)


def _seeds(tuned: Tuned) -> set[int]:
    """The seeds that the choice was made with."""
    return set(tuned.tuning.get(tuned.chosen, {}))


class _Choices(NamedTuple):
    """The choices of each draw: the optimizer, and how its setting changes its validation accuracy over all seeds."""

    best: NDArray[np.int64]
    changes: NDArray[np.float64]


def _chosen_again(tuned: Sequence[Tuned], seeds: list[int], shares: NDArray[np.float64]) -> _Choices:
    """Choose by draws that hold these shares of the seeds."""
    highest, changes = [], []
    for each in tuned:
        tried = [setting for setting, by_seed in each.tuning.items() if by_seed.keys() >= set(seeds)]
        table = np.array([[each.tuning[setting][seed] for seed in seeds] for setting in tried], np.float64)
        found, means = table @ shares.T, table.mean(axis=1)
        highest.append(found.max(axis=0))
        changes.append(means[found.argmax(axis=0)] - means[tried.index(each.chosen)])
    best = np.argmax(highest, axis=0)
    return _Choices(best, np.array(changes)[best, np.arange(len(shares))])
