"""The evolved schedules as curves, and their grouping by shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

#: Steps of the run that is drawn.
TOTAL_STEPS = 1000
#: A fall in one step by more than this share of the curve's maximum is a jump.
_JUMP = 0.1
#: A change in one step below this share of the maximum is rounding.
_FLAT = 1e-9

Shape = Literal["jump", "smooth", "wavy"]
#: The paper's own grouping into two families and outsiders is not known to us; this one is computed.
GROUPS: Mapping[Shape, tuple[str, str]] = {
    "jump": ("family 1", "the rate falls in a single step"),
    "smooth": ("family 2", "one rise and one fall"),
    "wavy": ("outsiders", "more than one rise"),
}


@dataclass(frozen=True, eq=False)
class Group:
    """Schedules of one shape.

    Attributes:
        name: "family 1", "family 2" or "outsiders".
        reading: What they have in common.
        steps: The steps of ``base`` and each curve, from 1 to T - 1.
        base: Rate over base peak without a factor.
        curves: Rate over base peak, by schedule name.
    """

    name: str
    reading: str
    steps: NDArray[np.int64]
    base: NDArray[np.float64]
    curves: Mapping[str, NDArray[np.float64]]


def schedule_groups(warmup_fraction: float, hold_fraction: float) -> list[Group]:
    """LR1 to LR9 over a run with this warm-up and hold, as shares of it: two families and the outsiders.

    Without a warm-up LR8 begins at its pole and so falls in a single step too.
    """
    steps = np.arange(1, TOTAL_STEPS)
    base, curves = _curves(warmup_fraction, hold_fraction, steps)
    shapes = {name: shape_of(curve) for name, curve in curves.items()}
    return [
        Group(name, reading, steps, base, {member: curves[member] for member in curves if shapes[member] == shape})
        for shape, (name, reading) in GROUPS.items()
    ]


def shape_of(curve: NDArray[np.float64]) -> Shape:
    """Whether a curve jumps down, has one smooth hump, or neither."""
    changes = np.diff(curve) / curve.max()
    if changes.min() < -_JUMP:
        return "jump"
    signs = np.sign(changes[np.abs(changes) > _FLAT])
    rises = np.count_nonzero(np.diff(signs, prepend=-1.0) > 0)
    return "smooth" if rises <= 1 else "wavy"


def _curves(
    warmup_fraction: float, hold_fraction: float, steps: NDArray[np.int64]
) -> tuple[NDArray[np.float64], dict[str, NDArray[np.float64]]]:
    """The base and what each factor makes of it, in NumPy alone: the Keras classes would start a backend."""
    from paper_optimizers import describe_schedule, schedule_names
    from paper_optimizers.curves import numpy_progress
    from paper_optimizers.namespaces import NUMPY
    from paper_optimizers.one_cycle import base_rate
    from paper_optimizers.program import evaluate_graph

    warmup, hold = (int(TOTAL_STEPS * share) for share in (warmup_fraction, hold_fraction))
    base = np.asarray(base_rate(NUMPY, steps.astype(np.float64), 1.0, TOTAL_STEPS, warmup, hold))
    now = numpy_progress(steps, TOTAL_STEPS)
    factors = {name: evaluate_graph(describe_schedule(name).factor, NUMPY, now) for name in schedule_names()}
    return base, {name: np.asarray(base * factor) for name, factor in factors.items()}
