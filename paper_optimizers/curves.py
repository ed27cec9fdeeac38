"""The decay-curve table: functions of training progress that decay functions and schedules read, one row each.

With step ``t`` of ``T``: tau = t/T and rho = ((2t) mod T)/T, the progress of two restarts. Steps past the end hold the
last step's value (t = T - 1), so every curve is defined for every t >= 0.

Source: Morgan & Hougen (arXiv 2404.06679), the table of decay operands; a13 is Demon's rule (Chen et al., 2022,
arXiv 1910.04952).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from paper_optimizers.namespaces import NUMPY, Namespace
from paper_optimizers.ops import Parameter, Parameters, Values
from paper_optimizers.templates import Formula, number_latex


class Progress(NamedTuple):
    """Training progress at one step: ``tau = t/T``, ``rho = ((2t) mod T)/T``, ``remaining = 1 - (t+1)/T``, ``1/T``."""

    tau: Any
    rho: Any
    remaining: Any
    step: Any


def progress(xp: Namespace, step: Any, total_steps: int) -> Progress:
    """Progress at integer ``step`` (scalar or array) of T, held at the last step.

    Returns:
        `Progress`; what can be subtracted or divided in integers is, so that nothing cancels in float32.
    """
    last = xp.minimum(step, total_steps - 1)
    return Progress(
        xp.floating(last) / total_steps,
        xp.floating((2 * last) % total_steps) / total_steps,
        xp.floating(total_steps - 1 - last) / total_steps,
        1.0 / total_steps,
    )


def numpy_progress(step: Any, total_steps: int) -> Progress:
    """Training progress in float64 at integer ``step``, a scalar or an array."""
    return progress(NUMPY, np.asarray(step, np.int64), total_steps)


@dataclass(frozen=True)
class Curve:
    """One row: ``compute(xp, progress, **parameters)`` gives a scalar; notation and LaTeX as in the other tables."""

    name: str
    compute: Callable[..., Any]
    notation: Mapping[str, Values]
    latex: Callable[[Values], Formula]
    parameters: Parameters = field(default_factory=dict)


def _demon(xp: Namespace, p: Progress, initial: float, held: bool) -> Any:
    """Demon's rule; ``held`` keeps the last step, where it reaches 0, at the value of the step before."""
    remaining = initial * xp.where(held, xp.maximum(p.remaining, p.step), p.remaining)
    return remaining / ((1.0 - initial) + remaining)


def _demon_released(p: Progress, initial: float) -> Any:
    remaining = initial * p.remaining
    return (initial - remaining) / ((1.0 - initial) + remaining)


def _exponential(xp: Namespace, p: Progress, base: float) -> Any:
    return xp.exp(p.tau * math.log(base))


def _curve(name: str, symbol: str, compute: Callable[..., Any], latex: str = "", **parameters: Parameter) -> Curve:
    def formula(values: Values) -> Formula:
        changed = [
            rf"\mathrm{{{key}}}" if value is True else rf"\mathrm{{{key}}}={number_latex(value).latex}"
            for key, value in values.items()
            if value != parameters[key].default
        ]
        return Formula((latex or f"a_{{{symbol[1:]}}}") + (rf"\left({', '.join(changed)}\right)" if changed else ""))

    return Curve(name, compute, {symbol: {}}, formula, parameters)


_BASE = Parameter(0.01, 1e-12, 1.0)
_INITIAL = Parameter(0.95, 0.0, 0.9999999)

_TABLE = (
    _curve("linear_decay", "a1", lambda xp, p: 1.0 - p.tau),
    _curve("linear_growth", "a2", lambda xp, p: p.tau),
    _curve("cosine_decay", "a3", lambda xp, p: 0.5 * (1.0 + xp.cos(math.pi * p.tau))),
    _curve("cosine_growth", "a4", lambda xp, p: 0.5 * (1.0 - xp.cos(math.pi * p.tau))),
    _curve("cosine_valley", "a5", lambda xp, p: 0.5 * (1.0 + xp.cos(2.0 * math.pi * p.tau))),
    _curve("cosine_hill", "a6", lambda xp, p: 0.5 * (1.0 - xp.cos(2.0 * math.pi * p.tau))),
    _curve("cosine_restart_decay", "a7", lambda xp, p: 0.5 * (1.0 + xp.cos(math.pi * p.rho))),
    _curve("cosine_restart_growth", "a8", lambda xp, p: 0.5 * (1.0 - xp.cos(math.pi * p.rho))),
    _curve("linear_restart_decay", "a9", lambda xp, p: 1.0 - p.rho),
    _curve("linear_restart_growth", "a10", lambda xp, p: p.rho),
    _curve("exponential_decay", "a11", _exponential, base=_BASE),
    _curve("exponential_growth", "a12", lambda xp, p, base: 1.0 - _exponential(xp, p, base), base=_BASE),
    _curve("demon_decay", "a13", _demon, initial=_INITIAL, held=Parameter(False)),
    _curve("demon_growth", "a14", lambda xp, p, initial: initial - _demon(xp, p, initial, False), initial=_INITIAL),
    # Outside the search space: the released LR3's form of a14, which grows to 19 (artifact/DISCREPANCIES.md).
    _curve("demon_released", "a14'", lambda xp, p, initial: _demon_released(p, initial), "a'_{14}", initial=_INITIAL),
    Curve("constant", lambda xp, p, value: xp.full_like(p.tau, value),
          {"{value}": {}}, lambda values: number_latex(**values),
          {"value": Parameter(1.0)}),
)  # fmt: skip

#: Every curve by name.
CURVES: Mapping[str, Curve] = {curve.name: curve for curve in _TABLE}
