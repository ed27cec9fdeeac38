"""The operand table: what an update may read of one weight tensor, one row each.

``g`` is the gradient, ``w`` the weight; ``v``, ``s`` and ``lam`` are exponential moving averages (EMA) of g, g^2 and
g^3. A hat marks bias correction by ``1 - beta^(t+1)``. Rows take parameters, so that the same row serves the search
space (its defaults) and optimizers outside it (Adam's beta_2 = 0.999, Lion's delayed average).

Source: Morgan & Hougen (arXiv 2404.06679), the table of operands.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from paper_optimizers.namespaces import Namespace
from paper_optimizers.ops import Parameter, Parameters, Values
from paper_optimizers.templates import Formula, Level, number_latex, rest_of


class MomentKey(NamedTuple):
    """Names one EMA: of ``g ** power`` with decay rate ``beta``. Operands that agree on both share it."""

    power: int
    beta: float


class Quantities(Protocol):
    """The quantities of one weight tensor at one step that an interpreter offers operands."""

    @property
    def weight(self) -> Any:
        """The weight before the step."""

    def gradient_power(self, power: int) -> Any:
        """``g``, ``g^2`` or ``g^3``."""

    def moment(self, key: MomentKey, *, corrected: bool, delayed: bool) -> Any:
        """The EMA after (or, ``delayed``, before) this step's update, bias-corrected where asked."""


@dataclass(frozen=True)
class Operand:
    """One row of the operand table.

    Attributes:
        name: The operand's name in a spec.
        compute: ``(xp, quantities, **parameters)``.
        notation: The published log's texts (patterns, see `paper_optimizers.templates`), each with the parameter
            values it stands for where they differ from the defaults. The first that fits is printed.
        latex: LaTeX for the given parameter values.
        parameters: Name to `Parameter`.
        moments: The EMAs it reads.
    """

    name: str
    compute: Callable[..., Any]
    notation: Mapping[str, Values]
    latex: Callable[[Values], Formula]
    parameters: Parameters = field(default_factory=dict)
    moments: Callable[[Values], tuple[MomentKey, ...]] = lambda values: ()


def _moment(xp: Namespace, q: Quantities, power: int, beta: float, corrected: bool, delayed: bool) -> Any:
    del xp
    return q.moment(MomentKey(power, beta), corrected=corrected, delayed=delayed)


def _gradient_blend(xp: Namespace, q: Quantities, power: int, beta: float, weight: float) -> Any:
    del xp
    average = q.moment(MomentKey(power, beta), corrected=True, delayed=False)
    return (1.0 - weight) * q.gradient_power(power) + weight * average


def _aggregate(xp: Namespace, q: Quantities, power: int, beta: float, first: float, second: float) -> Any:
    """Aggregated momentum: the mean of ``-x``, ``first m - x`` and ``second m - x`` with m the raw EMA of x."""
    x = q.gradient_power(power)
    average = q.moment(MomentKey(power, beta), corrected=False, delayed=False)

    def mean(x: Any, average: Any) -> Any:
        return (-x + (first * average - x) + (second * average - x)) / 3.0

    # The sum of three may be too large where their mean is not; all else keeps its bits.
    total = mean(x, average)
    return xp.where(xp.abs(total) < math.inf, total, 4.0 * mean(0.25 * x, 0.25 * average))


_GREEK = ("v", "s", r"\lambda")
_BETA = (0.9, 0.99, 0.999)
_POWER = Parameter(1, 1, 3)
_DECAY_RATE = Parameter(0.9, 0.0, 0.9999999)
#: The blends' weights and the aggregates' two decay rates, by power of the gradient.
_BLEND_WEIGHT = (0.7, 0.95, 0.99)
_AGGREGATE = ((0.9, 0.999), (0.99, 0.999), (0.999, 0.9999))


def _reads_moment(values: Values) -> tuple[MomentKey, ...]:
    return (MomentKey(values["power"], values["beta"]),)


def _powered(symbol: str, power: int) -> Formula:
    return Formula(symbol) if power == 1 else Formula(f"{symbol}^{power}", Level.POWER)


def _moment_latex(power: int, beta: float, corrected: bool = True, delayed: bool = False) -> Formula:
    symbol = _GREEK[power - 1]
    marks = [number_latex(beta).latex] if beta != _BETA[power - 1] else []
    marks += ["t-1"] if delayed else []
    return Formula((rf"\hat{{{symbol}}}" if corrected else symbol) + (rf"_{{{', '.join(marks)}}}" if marks else ""))


def _blend_latex(power: int, beta: float, weight: float) -> Formula:
    if (beta, weight) == (_BETA[power - 1], _BLEND_WEIGHT[power - 1]):
        return Formula(f"q_{power}")
    new, old = (number_latex(share).at(Level.PRODUCT) for share in (rest_of(weight), weight))
    return Formula(
        rf"{new} \cdot {_powered('g', power).latex} + {old} \cdot {_moment_latex(power, beta).latex}", Level.SUM
    )


def _aggregate_latex(power: int, beta: float, first: float, second: float) -> Formula:
    betas = ", ".join(number_latex(value).latex for value in (0.0, first, second))
    raw = _moment_latex(power, beta, corrected=False).latex
    return Formula(
        rf"\operatorname{{mean}}_{{\beta \in \{{{betas}\}}}}"
        rf"\left(\beta {raw} - {_powered('g', power).latex}\right)"
    )


def _weight_latex(scale: float) -> Formula:
    if scale == 1.0:
        return Formula("w")
    factor = number_latex(scale)
    return Formula(f"{factor.latex} w", min(factor.level, Level.PRODUCT))


def _by_power(*texts: str, **columns: Sequence[float]) -> dict[str, Values]:
    """One text a power of the gradient, with the parameters that each power has in the search space."""
    return {
        text: {"power": index + 1, **{name: column[index] for name, column in columns.items()}}
        for index, text in enumerate(texts)
    }


_TABLE = (
    Operand(
        "gradient", lambda xp, q, power: q.gradient_power(power),
        _by_power("g", "g^2", "g^3"), lambda values: _powered("g", **values), {"power": _POWER},
    ),
    Operand(
        "moment", _moment, _by_power("v hat", "s hat", "lam hat", beta=_BETA), lambda values: _moment_latex(**values),
        {"power": _POWER, "beta": _DECAY_RATE, "corrected": Parameter(True), "delayed": Parameter(False)},
        _reads_moment,
    ),
    Operand(
        "constant", lambda xp, q, value: xp.full_like(q.weight, value), {"{value}": {}},
        lambda values: number_latex(**values), {"value": Parameter(1.0)},
    ),
    Operand(
        "weight", lambda xp, q, scale: scale * q.weight,
        {"w": {}, **{f"10-{digit}w": {"scale": float(f"1e-{digit}")} for digit in (6, 5, 4, 3)}, "{scale}w": {}},
        lambda values: _weight_latex(**values), {"scale": Parameter(1.0)},
    ),
    Operand(
        "gradient_sign", lambda xp, q: xp.sign(q.gradient_power(1)), {"sign(g)": {}},
        lambda values: Formula(r"\operatorname{sign}\left(g\right)"),
    ),
    Operand(
        "moment_sign",
        lambda xp, q, beta: xp.sign(q.moment(MomentKey(1, beta), corrected=True, delayed=False)),
        {"sign(v hat)": {}},
        lambda values: Formula(rf"\operatorname{{sign}}\left({_moment_latex(1, **values).latex}\right)"),
        {"beta": _DECAY_RATE}, lambda values: (MomentKey(1, values["beta"]),),
    ),
    Operand(
        "gradient_blend", _gradient_blend,
        # The published log prints g^2 in the third blend; the code computes it with g^3 (artifact/DISCREPANCIES.md).
        _by_power("((1-{weight})*g+{weight}*v hat)", "((1-{weight})*g^2+{weight}*s hat)",
                  "((1-{weight})*g^2+{weight}*lam hat)", beta=_BETA, weight=_BLEND_WEIGHT),
        lambda values: _blend_latex(**values),
        {"power": _POWER, "beta": _DECAY_RATE, "weight": Parameter(0.7, 0.0, 1.0)}, _reads_moment,
    ),
    Operand(
        "aggregate", _aggregate,
        _by_power("mean(beta*v-g)", "mean(beta*s-g^2)", "mean(beta*lam-g^3)", beta=_BETA,
                  first=[pair[0] for pair in _AGGREGATE], second=[pair[1] for pair in _AGGREGATE]),
        lambda values: _aggregate_latex(**values),
        {"power": _POWER, "beta": _DECAY_RATE, "first": Parameter(0.9), "second": Parameter(0.999)},
        _reads_moment,
    ),
)  # fmt: skip

#: Every operand by name.
OPERANDS: Mapping[str, Operand] = {operand.name: operand for operand in _TABLE}
