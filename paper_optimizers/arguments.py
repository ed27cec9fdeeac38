"""Checks of the numbers given to an optimizer: made where they are given, not where they first do harm."""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np


def check_rate(value: Any, name: str = "learning_rate") -> Any:
    """A number as a float; what is no number (a schedule, a tensor) as it is, for Keras to judge.

    Zero is allowed: nothing moves until a callback raises it.

    Raises:
        ValueError: For a number that is negative or not finite.
    """
    if not _is_number(value):
        return value
    if not 0 <= value < math.inf:
        raise ValueError(f"{name} must be a finite number of at least 0; received {value!r}")
    return float(value)


def check_peak(value: Any) -> float:
    """The largest rate of a schedule, as a float.

    Raises:
        ValueError: Unless it is a positive, finite number.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | np.floating) or not 0 < value < math.inf:
        raise ValueError(f"peak must be a positive, finite number; received {value!r}")
    return float(value)


def _decay_strength(name: str, value: Any) -> float | None:
    if value is not None and (not _is_number(value) or not 0 <= value < math.inf):
        raise ValueError(f"{name} must be a finite number of at least 0, or None for none; received {value!r}")
    return None if value is None else float(value)


def _limit(name: str, value: Any) -> float | None:
    if value is not None and (not _is_number(value) or not 0 < value < math.inf):
        raise ValueError(f"{name} must be a positive, finite number, or None for none; received {value!r}")
    return None if value is None else float(value)


def _share(name: str, value: Any) -> float:
    if not _is_number(value) or not 0 <= value <= 1:
        raise ValueError(f"{name} must be a number from 0 to 1; received {value!r}")
    return float(value)


def _count(minimum: int) -> Callable[[str, Any], int | None]:
    def check(name: str, value: Any) -> int | None:
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < minimum:
            raise ValueError(f"{name} must be an integer of at least {minimum}, or None; received {value!r}")
        return int(value)

    return check


def _is_number(value: Any) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


#: Attribute of an optimizer to what checks a value for it. Keras checks some of these in its constructor, and takes
#: others in silence: a negative clipping norm, for one, clips nothing.
ATTRIBUTE_CHECKS: Mapping[str, Callable[[str, Any], Any]] = {
    "weight_decay": _decay_strength,
    "clipnorm": _limit,
    "clipvalue": _limit,
    "global_clipnorm": _limit,
    "loss_scale_factor": _limit,
    "ema_momentum": _share,
    "ema_overwrite_frequency": _count(1),
    "gradient_accumulation_steps": _count(2),
    "seed": _count(0),
}
