"""How much scores of one candidate differ by chance."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Noise:
    """The standard deviation of one score around its candidate's mean.

    Attributes:
        sd: Pooled over candidates; 0 degrees of freedom leave it 0.
        degrees_of_freedom: Of that estimate.
    """

    sd: float
    degrees_of_freedom: int


def pooled_noise(scores: Mapping[str, Sequence[float]]) -> Noise:
    """The noise of one score.

    Args:
        scores: Of each candidate; those with one score say nothing.
    """
    groups = [np.asarray(group, float) for group in scores.values() if len(group) > 1]
    degrees = sum(len(group) - 1 for group in groups)
    squares = math.fsum(float(((group - group.mean()) ** 2).sum()) for group in groups)
    return Noise((squares / degrees) ** 0.5 if degrees else 0.0, degrees)
