"""The paper's schedules as schedules of Optax: warm-up, hold, cosine, and the evolved factors LR1 to LR9."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from paper_optimizers.arguments import check_peak
from paper_optimizers.curves import progress
from paper_optimizers.doors import as_factor
from paper_optimizers.graph import Graph
from paper_optimizers.jax_namespace import JAX
from paper_optimizers.one_cycle import FIRST_RATE, RunPhases, base_rate, held_steps
from paper_optimizers.program import evaluate_graph
from paper_optimizers.schedule_docstrings import ScheduleManual

_MANUAL = ScheduleManual(
    base="warmup_hold_cosine",
    optimizers="any optimizer of Optax, as its ``learning_rate``",
    peak="``peak``",
    counted="updates",
)


@dataclass(frozen=True)
class RunSchedule:
    """A schedule that knows its run: what `warmup_hold_cosine` and `evolved_schedule` return.

    Attributes:
        peak: The base schedule's largest rate, a number or an array.
        phases: The run.
        factor: The graph whose value multiplies the base schedule, or None.
    """

    peak: Any
    phases: RunPhases
    factor: Graph | None = None

    def __call__(self, count: Any) -> jax.Array:
        """The rate of the update that ``count`` others went before."""
        total = self.phases.total_steps
        if total is None:
            raise ValueError("a schedule needs the length of its run: pass total_steps=")
        step = _held(count, total)
        rate = base_rate(JAX, JAX.floating(step), self.peak, total, self.phases.warmup_steps, self.phases.hold_steps)
        if self.factor is None:
            return rate
        evolved = rate * evaluate_graph(self.factor, JAX, progress(JAX, step, total))
        return jnp.where(step < 1, FIRST_RATE, evolved)


def _held(count: Any, total_steps: int) -> jax.Array:
    """``count`` as int32 in [0, ``total_steps`` - 1]: held before it is narrowed, so that nothing overflows."""
    last = total_steps - 1
    if isinstance(count, jax.Array):
        wide = count.astype(jnp.float32) if count.dtype in (jnp.bfloat16, jnp.float16) else count
        # A float's bound may be rounded up, so it is held once more as an integer.
        return jnp.clip(jnp.clip(wide, 0, last).astype(jnp.int32), 0, last)
    return jnp.asarray(held_steps(count, total_steps, "count").astype(np.int32))


@_MANUAL.of_base
def warmup_hold_cosine(peak: float, total_steps: int, warmup_steps: int = 0, hold_steps: int = 0) -> optax.Schedule:
    """Linear warm-up from 0 to ``peak``, hold at it, then half a cosine to 0.

    The paper's base schedule. Past the end it holds its last value, that of step ``total_steps - 1``. Without a warm-up
    it begins at ``peak``. An optimizer of this package takes the length of its run from it.

    Args:
        peak: The largest learning rate, positive and finite.
        total_steps: T, the number of updates of the run.
        warmup_steps: Updates of the warm-up.
        hold_steps: Updates at the peak after it.

    Raises:
        ValueError: If a value is out of its range, or warm-up and hold leave no step for the cosine.

    Examples:
        >>> from paper_optimizers.optax import warmup_hold_cosine
        >>> schedule = warmup_hold_cosine(0.1, total_steps=100, warmup_steps=10)
        >>> [round(float(schedule(step)), 3) for step in (0, 5, 10, 55, 99)]
        [0.0, 0.05, 0.1, 0.05, 0.0]

    References:
        Morgan & Hougen, arXiv 2404.06679.
    """
    return RunSchedule(check_peak(peak), RunPhases(total_steps, warmup_steps, hold_steps).checked())


@_MANUAL.of_evolved
def evolved_schedule(
    factor: str | Graph, peak: float, total_steps: int, warmup_steps: int = 0, hold_steps: int = 0
) -> optax.Schedule:
    """`warmup_hold_cosine` times a factor over the decay curves.

    Args:
        factor: ``"LR1"`` to ``"LR9"``, or a graph of kind "decay".
        peak: The base schedule's largest rate.
        total_steps: T, the number of updates of the run.
        warmup_steps: Updates of the warm-up.
        hold_steps: Updates at the peak after it.

    Raises:
        KeyError: With the nearest name, for an unknown schedule.
        ValueError: As `warmup_hold_cosine`.

    Examples:
        >>> import optax
        >>> from paper_optimizers.optax import evolved_schedule
        >>> schedule = evolved_schedule("LR7", 0.1, total_steps=100, warmup_steps=10)
        >>> [round(float(schedule(step)), 3) for step in (5, 10, 55, 99)]
        [0.052, 0.11, 0.052, 0.0]
        >>> optimizer = optax.adam(schedule)

    References:
        Morgan & Hougen, arXiv 2404.06679.
    """
    return RunSchedule(check_peak(peak), RunPhases(total_steps, warmup_steps, hold_steps).checked(), as_factor(factor))
