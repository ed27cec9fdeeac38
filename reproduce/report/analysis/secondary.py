"""Secondary intervals of a difference: what tuning and the sample of test images add to the luck of the seeds.

Verdicts come from the primary intervals of `reproduce.report.analysis.families` alone. These are of one comparison
each, not corrected, and show how much wider it would be.
"""

from __future__ import annotations

from collections.abc import Mapping
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


def through_tuning(one: Tuned, other: Tuned, random: np.random.Generator) -> Estimate | None:
    """The mean difference with a bootstrap interval that chooses the settings again from tuning seeds drawn again.

    Final seeds are drawn again too, both for both optimizers together. Another choice was not run with final seeds:
    what it would have changed is taken from the validation accuracies. It can only be chosen among what was tried with
    every tuning seed.

    Returns:
        The estimate; None with fewer than two common final places or two tuning seeds.
    """
    differences = common_differences(one.finals, other.finals)
    seeds = sorted(_seeds(one) & _seeds(other))
    if len(differences) < 2 or len(seeds) < 2:
        return None
    drawn = random.integers(0, len(seeds), (_RESAMPLES, len(seeds)))
    means = differences[random.integers(0, len(differences), (_RESAMPLES, len(differences)))].mean(axis=1)
    means += _changes(one, seeds, drawn) - _changes(other, seeds, drawn)
    low, high = np.quantile(means, ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2))
    return Estimate(float(differences.mean()), float(low), float(high))


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


def _changes(tuned: Tuned, seeds: list[int], drawn: NDArray[np.int64]) -> NDArray[np.float64]:
    """The change in validation accuracy, over all seeds, by the choice of each draw."""
    tried = [setting for setting, by_seed in tuned.tuning.items() if by_seed.keys() >= set(seeds)]
    table = np.array([[tuned.tuning[setting][seed] for seed in seeds] for setting in tried], np.float64)
    chosen = table[:, drawn].mean(axis=2).argmax(axis=0)
    means = table.mean(axis=1)
    return np.asarray(means[chosen] - means[tried.index(tuned.chosen)], np.float64)
