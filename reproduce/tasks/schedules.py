"""The learning rate of each step: warm-up, hold, a fall to 0, and the schedule that an optimizer is crossed with."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from paper_optimizers.curves import numpy_progress
from paper_optimizers.namespaces import NUMPY
from paper_optimizers.program import evaluate_graph
from reproduce.population.rate_shapes import RateShape, shape_of_rates
from reproduce.tasks.optimizers import LINEAR, SCHEDULE_FREE, Entrant, Optimizer
from reproduce.training.settings import RunLength

if TYPE_CHECKING:
    from paper_optimizers.graph import Graph


def learning_rates(optimizer: Optimizer, rate: float, length: RunLength) -> NDArray[np.float32]:
    """The rate to set before each step: warm-up to the peak, hold, then the fall to 0.

    Keras' own optimizers get the factor of the schedule they are crossed with here; a spec has it in itself.
    """
    rates = peak_rate(optimizer, rate, length) * _base(optimizer, length)
    factor = schedule_factor(optimizer)
    return (rates if factor is None else rates * _values(factor, length)).astype(np.float32)


def peak_rate(optimizer: Optimizer, rate: float, length: RunLength) -> float:
    """The peak of a run that ``rate`` is tuned for: where `Entrant.equal_mean` asks for it, scaled to one mean."""
    if not isinstance(optimizer, Entrant) or not optimizer.equal_mean:
        return rate
    plain, own = _base(replace(optimizer, schedule=None), length), _base(optimizer, length)
    factor = _crossed_factor(optimizer)
    own = own if factor is None else own * _values(factor, length)
    return float(rate * plain.mean() / own.mean())


def rate_phases(optimizer: Optimizer, length: RunLength) -> RunLength:
    """The phases of a run's rate: for those of `SCHEDULE_FREE` it stays at its peak after the warm-up."""
    if isinstance(optimizer, Entrant) and optimizer.base in SCHEDULE_FREE:
        return replace(length, hold_steps=length.total_steps - length.warmup_steps - 1)
    return length


def rate_shape(optimizer: Optimizer) -> RateShape:
    """How a run's rate falls."""
    return "linear" if isinstance(optimizer, Entrant) and optimizer.schedule == LINEAR else "cosine"


def schedule_factor(optimizer: Optimizer) -> Graph | None:
    """The factor of the schedule that an optimizer is crossed with; None where there is none, or a spec has it."""
    if not isinstance(optimizer, Entrant) or optimizer.kind == "catalog":
        return None
    return _crossed_factor(optimizer)


def _crossed_factor(entrant: Entrant) -> Graph | None:
    from paper_optimizers import describe_schedule

    return None if entrant.schedule in (None, LINEAR) else describe_schedule(str(entrant.schedule)).factor


def _base(optimizer: Optimizer, length: RunLength) -> NDArray[np.float64]:
    """[T] the rate of each step at a peak of 1, without factors."""
    phases = dataclasses.astuple(rate_phases(optimizer, length))
    return shape_of_rates(rate_shape(optimizer), np.arange(length.total_steps), *phases)


def _values(factor: Graph, length: RunLength) -> NDArray[np.float64]:
    """[T] a factor at each step."""
    total = length.total_steps
    return np.broadcast_to(evaluate_graph(factor, NUMPY, numpy_progress(np.arange(total), total)), total)
