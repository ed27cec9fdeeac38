"""The operand table: what an update may read of one weight tensor, one row each.

``g`` is the gradient, ``w`` the weight; ``v``, ``s`` and ``lam`` are exponential moving averages (EMA) of g, g^2 and
g^3. A hat marks bias correction by ``1 - beta^(t+1)``. Rows take parameters, so that the same row serves the search
space (its defaults) and optimizers outside it (Adam's beta_2 = 0.999, Lion's delayed average).

Source: Morgan & Hougen (arXiv 2404.06679), the table of operands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from paper_optimizers.namespaces import Namespace
from paper_optimizers.ops import Parameter, Parameters, Values


class MomentKey(NamedTuple):
    """Names one EMA: of ``g ** power`` with decay rate ``beta``. Operands that agree on both share it."""

    power: int
    beta: float


class Quantities(Protocol):
    """What an interpreter offers the operands of one weight tensor at one step."""

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
        notation: The published log's text for the given parameter values, or None where the log has none.
        latex: LaTeX for the given parameter values.
        parameters: Name to `Parameter`.
        moments: The EMAs it reads.
    """

    name: str
    compute: Callable[..., Any]
    notation: Callable[[Values], str | None]
    latex: Callable[[Values], str]
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
    del xp
    x = q.gradient_power(power)
    average = q.moment(MomentKey(power, beta), corrected=False, delayed=False)
    return (-x + (first * average - x) + (second * average - x)) / 3.0


_GREEK = ("v", "s", r"\lambda")
_SYMBOLS = ("v", "s", "lam")
_BETA = (0.9, 0.99, 0.999)
_POWER = Parameter(1, 1, 3)
_DECAY_RATE = Parameter(0.9, 0.0, 0.9999999)
#: The blends' weights and the aggregates' two decay rates, by power of the gradient.
_BLEND_WEIGHT = (0.7, 0.95, 0.99)
_AGGREGATE = ((0.9, 0.999), (0.99, 0.999), (0.999, 0.9999))


def _powered(symbol: str, power: int) -> str:
    return symbol if power == 1 else f"{symbol}^{power}"


def _reads_moment(values: Values) -> tuple[MomentKey, ...]:
    return (MomentKey(values["power"], values["beta"]),)


def _has(values: Values, **expected: Any) -> bool:
    return all(values[name] == value for name, value in expected.items())


def _moment_text(values: Values) -> str | None:
    power = values["power"]
    standard = _has(values, beta=_BETA[power - 1], corrected=True, delayed=False)
    return f"{_SYMBOLS[power - 1]} hat" if standard else None


def _moment_latex(values: Values) -> str:
    power, beta = values["power"], values["beta"]
    symbol = _GREEK[power - 1]
    hatted = rf"\hat{{{symbol}}}" if values["corrected"] else symbol
    marks = [f"{beta:g}"] if beta != _BETA[power - 1] else []
    marks += ["t-1"] if values["delayed"] else []
    return hatted + (rf"_{{{', '.join(marks)}}}" if marks else "")


def _moment_sign_latex(values: Values) -> str:
    moment = _moment_latex({"power": 1, "corrected": True, "delayed": False, **values})
    return rf"\operatorname{{sign}}\left({moment}\right)"


def _blend_text(values: Values) -> str | None:
    power, weight = values["power"], values["weight"]
    if not _has(values, beta=_BETA[power - 1], weight=_BLEND_WEIGHT[power - 1]):
        return None
    # The published log prints g^2 in the third blend; the code computes it with g^3 (artifact/DISCREPANCIES.md).
    return f"((1-{weight:g})*{_powered('g', min(power, 2))}+{weight:g}*{_SYMBOLS[power - 1]} hat)"


def _blend_latex(values: Values) -> str:
    power, weight = values["power"], values["weight"]
    average = _moment_latex({**values, "corrected": True, "delayed": False})
    return rf"\left({1 - weight:g} {_powered('g', power)} + {weight:g} {average}\right)"


def _aggregate_text(values: Values) -> str | None:
    power = values["power"]
    first, second = _AGGREGATE[power - 1]
    if not _has(values, beta=_BETA[power - 1], first=first, second=second):
        return None
    return f"mean(beta*{_SYMBOLS[power - 1]}-{_powered('g', power)})"


def _aggregate_latex(values: Values) -> str:
    power = values["power"]
    betas = f"{values['first']:g}, {values['second']:g}"
    symbol, gradient = _GREEK[power - 1], _powered("g", power)
    return rf"\operatorname{{mean}}_{{\beta \in \{{0, {betas}\}}}}\left(\beta {symbol} - {gradient}\right)"


def _constant_text(values: Values) -> str | None:
    return {1.0: "1", 2.0: "2"}.get(values["value"])


_WEIGHT_SCALES = {1e-6: "10-6w", 1e-5: "10-5w", 1e-4: "10-4w", 1e-3: "10-3w"}
_WEIGHT_LATEX = {scale: f"10^{{{text[2:4]}}} w" for scale, text in _WEIGHT_SCALES.items()}


def _weight_latex(values: Values) -> str:
    scale = values["scale"]
    return _WEIGHT_LATEX.get(scale, "w" if scale == 1.0 else f"{scale:g} w")


_TABLE = (
    Operand(
        "gradient", lambda xp, q, power: q.gradient_power(power),
        lambda values: _powered("g", values["power"]), lambda values: _powered("g", values["power"]),
        {"power": _POWER},
    ),
    Operand(
        "moment", _moment, _moment_text, _moment_latex,
        {"power": _POWER, "beta": _DECAY_RATE, "corrected": Parameter(True), "delayed": Parameter(False)},
        _reads_moment,
    ),
    Operand(
        "constant", lambda xp, q, value: xp.full_like(q.weight, value), _constant_text,
        lambda values: f"{values['value']:g}", {"value": Parameter(1.0)},
    ),
    Operand(
        "weight", lambda xp, q, scale: scale * q.weight, lambda values: _WEIGHT_SCALES.get(values["scale"]),
        _weight_latex, {"scale": Parameter(1.0)},
    ),
    Operand(
        "gradient_sign", lambda xp, q: xp.sign(q.gradient_power(1)), lambda values: "sign(g)",
        lambda values: r"\operatorname{sign}\left(g\right)",
    ),
    Operand(
        "moment_sign",
        lambda xp, q, beta: xp.sign(q.moment(MomentKey(1, beta), corrected=True, delayed=False)),
        lambda values: "sign(v hat)" if values["beta"] == _BETA[0] else None,
        _moment_sign_latex,
        {"beta": _DECAY_RATE}, lambda values: (MomentKey(1, values["beta"]),),
    ),
    Operand(
        "gradient_blend", _gradient_blend, _blend_text, _blend_latex,
        {"power": _POWER, "beta": _DECAY_RATE, "weight": Parameter(0.7, 0.0, 1.0)}, _reads_moment,
    ),
    Operand(
        "aggregate", _aggregate, _aggregate_text, _aggregate_latex,
        {"power": _POWER, "beta": _DECAY_RATE, "first": Parameter(0.9), "second": Parameter(0.999)},
        _reads_moment,
    ),
)  # fmt: skip

#: Every operand by name.
OPERANDS: Mapping[str, Operand] = {operand.name: operand for operand in _TABLE}
