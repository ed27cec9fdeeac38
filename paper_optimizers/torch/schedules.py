"""The paper's schedules as schedulers of `torch.optim.lr_scheduler`, for any optimizer of PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.optim.lr_scheduler import LRScheduler

from paper_optimizers.catalog import describe_schedule
from paper_optimizers.curves import numpy_progress
from paper_optimizers.namespaces import NUMPY
from paper_optimizers.one_cycle import FIRST_RATE, RunPhases, base_rate
from paper_optimizers.program import evaluate_graph
from paper_optimizers.schedule_docstrings import ScheduleManual, mean_ratio, schedule_docstring
from paper_optimizers.torch.optimizer import GraphOptimizer

_MANUAL = ScheduleManual(
    base="WarmupHoldCosine",
    optimizers="any optimizer of torch",
    peak="the ``lr`` of a group",
    counted="the calls of `step`",
)
_EXAMPLE = """\
>>> import torch
>>> from paper_optimizers.torch import {name}
>>> optimizer = torch.optim.Adam([torch.nn.Parameter(torch.ones(2))], lr={rate:.2g})
>>> scheduler = {name}(optimizer, total_steps=100, warmup_steps=10)
>>> optimizer.param_groups[0]["lr"]
1e-07"""


@_MANUAL.of_base
class WarmupHoldCosine(LRScheduler):
    """Linear warm-up from 0 to the optimizer's ``lr``, hold at it, then half a cosine to 0.

    The paper's base schedule. Call `step` after each step of the optimizer. Past the end it holds its last value, that
    of step ``total_steps - 1``. Without a warm-up it begins at ``lr``. Decay functions and one-cycle momentum of an
    optimizer of this package follow the run, too.

    Args:
        optimizer: Any optimizer of torch; the ``lr`` of each group is its peak.
        total_steps: T, the number of steps of the run.
        warmup_steps: Steps of the warm-up.
        hold_steps: Steps at the peak after it.
        last_epoch: Steps already done, less 1, as in every scheduler of torch.

    Raises:
        ValueError: If a value is out of its range, warm-up and hold leave no step for the cosine, or the optimizer has
            a schedule or a run of its own that says something else.

    Examples:
        >>> import torch
        >>> from paper_optimizers.torch import WarmupHoldCosine
        >>> optimizer = torch.optim.Adam([torch.nn.Parameter(torch.ones(2))], lr=0.1)
        >>> scheduler = WarmupHoldCosine(optimizer, total_steps=100, warmup_steps=10)
        >>> optimizer.param_groups[0]["lr"]
        0.0

    References:
        Morgan & Hougen, arXiv 2404.06679.
    """

    def __init__(
        self, optimizer: Any, total_steps: int, warmup_steps: int = 0, hold_steps: int = 0, last_epoch: int = -1
    ) -> None:
        phases = RunPhases(total_steps, warmup_steps, hold_steps).checked()
        self.total_steps, self.warmup_steps, self.hold_steps = int(total_steps), phases.warmup_steps, phases.hold_steps
        if isinstance(optimizer, GraphOptimizer):
            _join_run(optimizer, phases)
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """The rates of the coming step, one for each group."""
        step = min(max(self.last_epoch, 0), self.total_steps - 1)
        # A rate that is a tensor is filled in place by torch, so what is returned must be one of its own.
        return [_like(peak, self._rate(step, float(peak))) for peak in self.base_lrs]

    def _rate(self, step: int, peak: float) -> float:
        held = np.float64(step)
        return float(base_rate(NUMPY, held, peak, self.total_steps, self.warmup_steps, self.hold_steps))


@_MANUAL.of_evolved
class EvolvedSchedule(WarmupHoldCosine):
    """An evolved schedule: `WarmupHoldCosine` times the factor of LR1 to LR9.

    Args:
        optimizer: Any optimizer of torch; the ``lr`` of each group is the base schedule's peak.
        factor: ``"LR1"`` to ``"LR9"``.
        total_steps: T, the number of steps of the run.
        warmup_steps: Steps of the warm-up.
        hold_steps: Steps at the peak after it.
        last_epoch: Steps already done, less 1, as in every scheduler of torch.

    Raises:
        KeyError: With the nearest name, for an unknown schedule.
        ValueError: As `WarmupHoldCosine`.

    Examples:
        >>> import torch
        >>> from paper_optimizers.torch import EvolvedSchedule
        >>> optimizer = torch.optim.Adam([torch.nn.Parameter(torch.ones(2))], lr=0.1)
        >>> scheduler = EvolvedSchedule(optimizer, "LR7", total_steps=100, warmup_steps=10)
        >>> optimizer.param_groups[0]["lr"]
        1e-07

    References:
        Morgan & Hougen, arXiv 2404.06679.
    """

    def __init__(
        self,
        optimizer: Any,
        factor: str,
        total_steps: int,
        warmup_steps: int = 0,
        hold_steps: int = 0,
        last_epoch: int = -1,
    ) -> None:
        self.factor = describe_schedule(factor).name
        super().__init__(optimizer, total_steps, warmup_steps, hold_steps, last_epoch)

    def _rate(self, step: int, peak: float) -> float:
        if step == 0:
            return FIRST_RATE
        factor = evaluate_graph(describe_schedule(self.factor).factor, NUMPY, numpy_progress(step, self.total_steps))
        return super()._rate(step, peak) * float(factor)


def _like(peak: Any, rate: float) -> Any:
    return torch.full_like(peak, rate) if isinstance(peak, torch.Tensor) else rate


def _join_run(optimizer: GraphOptimizer, phases: RunPhases) -> None:
    """Let momentum and decays of an optimizer of this package follow the schedule's run."""
    for group in optimizer.param_groups:
        if group["lr_is_peak"]:
            raise ValueError(
                "the optimizer has a schedule of its own, from warmup_steps or hold_steps: make it without them, or "
                "leave this scheduler out"
            )
        if group["total_steps"] not in (None, phases.total_steps):
            raise ValueError(
                f"total_steps={phases.total_steps!r} contradicts the optimizer's, which is {group['total_steps']}: "
                "rate, decays and momentum follow one run. Give both the same"
            )
    for group in optimizer.param_groups:
        group.update(phases._asdict())


class _Named(EvolvedSchedule):
    """An `EvolvedSchedule` with the factor of its class's name."""

    def __init__(
        self, optimizer: Any, total_steps: int, warmup_steps: int = 0, hold_steps: int = 0, last_epoch: int = -1
    ) -> None:
        super().__init__(optimizer, type(self).__name__, total_steps, warmup_steps, hold_steps, last_epoch)


def _named(name: str) -> type[_Named]:
    entry = describe_schedule(name)
    example = _EXAMPLE.format(name=name, rate=0.001 * mean_ratio(entry))
    doc = schedule_docstring(entry, _MANUAL, WarmupHoldCosine, example)
    return type(name, (_Named,), {"__doc__": doc, "__module__": __name__})


LR1, LR2, LR3, LR4, LR5, LR6, LR7, LR8, LR9 = (_named(f"LR{number}") for number in range(1, 10))
