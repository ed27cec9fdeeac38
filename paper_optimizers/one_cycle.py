"""The one-cycle shapes that warm-up, hold and decay share: the base learning rate and the momentum coefficient."""

from __future__ import annotations

import math
import numbers
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from paper_optimizers.namespaces import Namespace

#: The longest run: twice a step number must fit in 32 bits.
MAX_STEPS = 2**30
#: The released code's rate at step 0 of an evolved schedule.
FIRST_RATE = 1e-7


class RunPhases(NamedTuple):
    """Length of a run and of its warm-up and hold, in updates; a run of unknown length has neither."""

    total_steps: int | None = None
    warmup_steps: int = 0
    hold_steps: int = 0

    def checked(self) -> RunPhases:
        """The same as plain integers; NumPy's are taken too.

        Raises:
            ValueError: Unless they are integers, ``total_steps`` at least 1, the others not negative, and warm-up and
                hold leave at least one step of the run.
        """
        for name, value in self._asdict().items():
            minimum = 1 if name == "total_steps" else 0
            if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < minimum:
                raise ValueError(f"{name} must be an integer of at least {minimum}; received {value!r}")
        total, warmup, hold = (int(value) for value in self if value is not None)
        if total > MAX_STEPS:
            raise ValueError(f"total_steps must be at most {MAX_STEPS}; received {total}")
        if warmup + hold >= total:
            raise ValueError(
                f"warmup_steps + hold_steps must be less than total_steps; received {warmup} + {hold} and {total}. "
                "Lengthen the run or shorten the warm-up."
            )
        return RunPhases(total, warmup, hold)


UNKNOWN_RUN = RunPhases()


def held_steps(step: ArrayLike, total_steps: int, name: str = "step") -> NDArray[np.float64]:
    """Whole steps in [0, ``total_steps`` - 1], all of which a float64 holds exactly.

    Raises:
        ValueError: If one is NaN, told by ``name``.
    """
    steps = np.asarray(step, np.float64)
    if np.isnan(steps).any():
        raise ValueError(f"{name} must be a number; received {step!r}")
    return np.floor(np.clip(steps, 0, total_steps - 1))


def base_rate(xp: Namespace, step: Any, peak: float, total_steps: int, warmup_steps: int, hold_steps: int) -> Any:
    """Linear warm-up to ``peak``, hold, then half a cosine to 0 at ``total_steps``.

    Args:
        xp: The array namespace.
        step: Step from 0, floating point, already held at ``total_steps - 1``.
        peak: The largest rate.
        total_steps: T.
        warmup_steps: Steps of the warm-up, which begins at rate 0.
        hold_steps: Steps at the peak after the warm-up.
    """
    turning = warmup_steps + hold_steps
    cosine = peak * 0.5 * (1.0 + xp.cos(math.pi * (step - turning) / (total_steps - turning)))
    rate = xp.where(step <= turning, peak, cosine)
    if not warmup_steps:
        return rate
    return xp.where(step < warmup_steps, peak * step / warmup_steps, rate)


def one_cycle_phase(xp: Namespace, step: Any, total_steps: int, warmup_steps: int, hold_steps: int) -> Any:
    """1 at the high end of one-cycle momentum, 0 at the low end: down over the warm-up, 0 in the hold, then up.

    It falls from 1 at the first step to 0 at the last of the warm-up (without a warm-up it begins at 0) and rises from
    0 at the first step after the hold to 1 at the last.
    Arguments as for `base_rate`.
    """
    turning = warmup_steps + hold_steps
    rising = (step - turning) / max(total_steps - 1 - turning, 1)
    if not warmup_steps:
        return xp.maximum(rising, 0.0)
    falling = 1.0 - step / max(warmup_steps - 1, 1)
    return xp.maximum(xp.maximum(falling, rising), 0.0)
