"""The shapes of a run's learning rate: half a cosine, as the paper has it, or a straight line, its control."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from paper_optimizers.namespaces import NUMPY
from paper_optimizers.one_cycle import base_rate

#: How the rate falls after warm-up and hold.
RateShape = Literal["cosine", "linear"]


def shape_of_rates(
    shape: RateShape, steps: ArrayLike, total_steps: int, warmup_steps: int, hold_steps: int
) -> NDArray[np.float64]:
    """[S] the rate of each step at a peak of 1: warm-up to the peak, hold, and the fall to 0 at ``total_steps``.

    Args:
        shape: How it falls.
        steps: [S] steps from 0; those past the end have the rate of the last.
        total_steps: T.
        warmup_steps: Steps of the warm-up, which begins at rate 0.
        hold_steps: Steps at the peak after the warm-up.
    """
    held = np.minimum(steps, total_steps - 1).astype(np.float64)
    rates = np.asarray(base_rate(NUMPY, held, 1.0, total_steps, warmup_steps, hold_steps))
    turning = warmup_steps + hold_steps
    line = (total_steps - held) / (total_steps - turning)
    return rates if shape == "cosine" else np.where(held > turning, line, rates)
