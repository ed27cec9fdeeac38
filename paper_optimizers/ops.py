"""The op table: every function of the search space and of the spec language, one row each.

A row binds a name to its arity, parameters, published notation, LaTeX and one function over an array namespace
(`paper_optimizers.namespaces`). Interpreters, the text notation, LaTeX, the JSON Schema and the search all read this
table; a function is written nowhere else. Operands are in `paper_optimizers.operands`, curves of training progress in
`paper_optimizers.curves`.

Source: Morgan & Hougen (arXiv 2404.06679), the tables of unary, binary and decay functions.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from paper_optimizers.namespaces import Namespace
from paper_optimizers.templates import Level, number_text

#: What a function needs beside its arguments. "pure": nothing. "tensor": the whole weight tensor at once.
#: "random": a uniform random number in [0, 1) per weight. "state": one value per weight kept between steps.
Needs = Literal["pure", "tensor", "random", "state"]

EPSILON = 1e-7


@dataclass(frozen=True)
class Parameter:
    """A number (or flag) of an op: its default and the closed interval it may lie in."""

    default: float | bool
    minimum: float = -1e12
    maximum: float = 1e12

    def accepts(self, value: object) -> bool:
        """Whether ``value`` has the default's type and lies in the interval; NaN and infinities never do."""
        if isinstance(self.default, bool) or isinstance(value, bool):
            return isinstance(self.default, bool) and isinstance(value, bool)
        if not isinstance(value, int | float) or (isinstance(self.default, int) and not isinstance(value, int)):
            return False
        return self.minimum <= value <= self.maximum and math.isfinite(value)

    def describe(self) -> str:
        """Say in words, for error messages, which values `accepts` takes."""
        if isinstance(self.default, bool):
            return "true or false"
        kind = "an integer" if isinstance(self.default, int) else "a number"
        return f"{kind} in [{number_text(self.minimum)}, {number_text(self.maximum)}]"


Parameters = Mapping[str, Parameter]
Values = Mapping[str, Any]


@dataclass(frozen=True)
class Op:
    """One row of the table of functions.

    Attributes:
        name: The op's name in a spec.
        arity: 1 or 2.
        compute: ``(xp, *arguments, **parameters)``. A random op also gets ``uniform``; a stateful op gets
            ``previous`` and ``correction`` (the bias correction of its ``beta`` at this step, 1 without one) and
            returns ``(value, new state)``.
        notation: The published log's text, a pattern (`paper_optimizers.templates`).
        latex: The same in LaTeX, also a pattern.
        decay_notation: The text inside a decay function where the log prints it differently.
        parameters: Name to `Parameter`; defaults are the search space's values.
        needs: See `Needs`.
        level: How tightly the LaTeX binds.
    """

    name: str
    arity: int
    compute: Callable[..., Any]
    notation: str
    latex: str
    decay_notation: str = ""
    parameters: Parameters = field(default_factory=dict)
    needs: Needs = "pure"
    level: Level = Level.ATOM

    def text(self, *, decay: bool) -> str:
        """The notation in an update (``decay=False``) or a decay function."""
        return self.decay_notation if decay and self.decay_notation else self.notation


def _exp_moving_average(xp: Namespace, x: Any, previous: Any, correction: Any, beta: float) -> tuple[Any, Any]:
    del xp
    average = moving_average(beta, previous, x)
    return average / correction, average


def _delta_change(xp: Namespace, x: Any, previous: Any, correction: Any) -> tuple[Any, Any]:
    del xp, correction
    change = x - previous
    return change, change


def _running_maximum(xp: Namespace, x: Any, previous: Any, correction: Any) -> tuple[Any, Any]:
    del correction
    maximum = xp.maximum(x, previous)
    return maximum, maximum


def _running_sum(xp: Namespace, x: Any, previous: Any, correction: Any) -> tuple[Any, Any]:
    del xp, correction
    total = previous + x
    return total, total


def _dropout(xp: Namespace, x: Any, uniform: Any, rate: float) -> Any:
    return xp.where(uniform >= rate, x * (1.0 / (1.0 - rate)), 0.0)


# Some formulas pass through numbers that float32 does not hold, though it holds their results. Each of these has a
# second form for large arguments; `where` takes it only there, so that all other results keep their bits.

#: A power of two, so that multiplying by it rounds nothing. Every float32 times it can be squared and summed.
_SMALL = 2.0**-76
#: From here on ``1 + b^2`` is ``b^2`` in float32 and in float64, while ``b^2`` can still be represented.
_LARGE = 2.0**60
#: ``ln(1 + exp(x))`` is ``x`` from here on, in float32 and in float64; from 88.73 on exp overflows in float32.
_SOFTPLUS_LINEAR = 88.0


def _clip_norm(xp: Namespace, x: Any, max_norm: float) -> Any:
    norm = xp.l2_norm(x)
    finite = norm < math.inf

    def small(x: Any) -> Any:
        # Chosen and not only multiplied: a compiler would join the two factors to one, which underflows.
        return xp.where(finite, 0.0, x * _SMALL)

    small_norm = xp.unless(finite, lambda x: xp.l2_norm(small(x)), x)
    scaled = small(x) * (max_norm / xp.maximum(small_norm, max_norm * _SMALL))
    return xp.where(finite, x * (max_norm / xp.maximum(norm, max_norm)), scaled)


def _divide_hypot(xp: Namespace, a: Any, b: Any) -> Any:
    magnitude = xp.abs(b)
    # Two quotients: a compiler may turn one by a root into a product with its reciprocal, which rounds otherwise.
    return xp.where(magnitude > _LARGE, a / magnitude, a / xp.sqrt(1.0 + b * b))


def _softplus(xp: Namespace, x: Any, epsilon: float) -> Any:
    return xp.where(x > _SOFTPLUS_LINEAR, x, xp.log(xp.abs(1.0 + xp.exp(x)) + epsilon))


def _clip(xp: Namespace, a: Any, b: Any) -> Any:
    bound = xp.abs(b)
    return xp.maximum(xp.minimum(a, bound), -bound)


def moving_average(beta: Any, previous: Any, x: Any) -> Any:
    """An exponential moving average that was ``previous``, after ``x``."""
    return beta * previous + (1.0 - beta) * x


def bias_correction(xp: Namespace, beta: float, count: Any) -> Any:
    """``1 - beta^count``, written with expm1 so that beta near 1 loses no digits in float32."""
    if beta == 0.0:
        return 1.0
    return -xp.expm1(count * math.log(beta))


_EPSILON = {"epsilon": Parameter(EPSILON, 0.0, 1.0)}
_UNIT = (0.0, 0.9999999)

_UNARY = (
    Op("identity", 1, lambda xp, x: x, "id({a})", r"{a}"),
    Op("negate", 1, lambda xp, x: -x, "-({a})", r"-{a:product}", level=Level.SIGNED),
    Op("log_abs", 1, lambda xp, x, epsilon: xp.log(xp.abs(x) + epsilon), "ln(|{a}|)",
       r"\ln\left(\left|{a}\right|{guard}\right)", parameters=_EPSILON),
    Op("sqrt_abs", 1, lambda xp, x: xp.sqrt(xp.abs(x)), "sqrt(|{a}|)", r"\sqrt{\left|{a}\right|}",
       decay_notation="sqrt({a})"),
    Op("exp", 1, lambda xp, x: xp.exp(x), "exp({a})", r"e^{{a}}", level=Level.POWER),
    Op("abs", 1, lambda xp, x: xp.abs(x), "|{a}|", r"\left|{a}\right|"),
    Op("sigmoid", 1, lambda xp, x: xp.sigmoid(x), "sig({a})", r"\sigma\left({a}\right)",
       decay_notation="1/(1+exp(-{a})"),
    Op("softsign_derivative", 1, lambda xp, x: 1.0 / (1.0 + xp.abs(x)), "1/(1+|{a}|)",
       r"\frac{1}{1+\left|{a}\right|}", decay_notation="deriv_soft({a})", level=Level.PRODUCT),
    Op("softplus", 1, _softplus, "ln(|1+exp({a})|)", r"\ln\left(1+e^{{a}}{guard}\right)", parameters=_EPSILON),
    Op("erf", 1, lambda xp, x: xp.erf(x), "erf({a})", r"\operatorname{erf}\left({a}\right)"),
    Op("erfc", 1, lambda xp, x: xp.erfc(x), "erfc({a})", r"\operatorname{erfc}\left({a}\right)"),
    Op("arcsinh", 1, lambda xp, x: xp.arcsinh(x), "arcsinh({a})", r"\operatorname{arcsinh}\left({a}\right)"),
    Op("tanh", 1, lambda xp, x: xp.tanh(x), "tanh({a})", r"\tanh\left({a}\right)"),
    Op("arctan", 1, lambda xp, x: xp.arctan(x), "arctan({a})", r"\arctan\left({a}\right)"),
    Op("reciprocal", 1, lambda xp, x, epsilon: 1.0 / (x + epsilon), "1/({a})", r"\frac{1}{{a}{guard}}",
       parameters=_EPSILON, level=Level.PRODUCT),
    Op("bessel_i1e", 1, lambda xp, x: xp.bessel_i1e(x), "bessel_i1e({a})",
       r"\operatorname{I}_{1}^{e}\left({a}\right)"),
    Op("relu", 1, lambda xp, x: xp.maximum(x, 0.0), "max({a}, 0)", r"\max\left({a}, 0\right)"),
    Op("min_zero", 1, lambda xp, x: xp.minimum(x, 0.0), "min({a}, 0)", r"\min\left({a}, 0\right)"),
    Op("dropout", 1, _dropout, "drop({a}, {rate})", r"\operatorname{drop}_{{rate}}\left({a}\right)",
       parameters={"rate": Parameter(0.5, *_UNIT)}, needs="random"),
    Op("clip_norm", 1, _clip_norm, "norm({a})", r"\operatorname{norm}_{\leq {max_norm}}\left({a}\right)",
       parameters={"max_norm": Parameter(1.0, 1e-12)}, needs="tensor"),
    Op("softsign", 1, lambda xp, x: x / (1.0 + xp.abs(x)), "{a}/(1+|{a}|)",
       r"\operatorname{softsign}\left({a}\right)"),
    Op("exp_moving_average", 1, _exp_moving_average, "expMovAvg({a})",
       r"\operatorname{EMA}_{{beta}}\left({a}\right)", parameters={"beta": Parameter(0.95, *_UNIT)}, needs="state"),
    Op("delta_change", 1, _delta_change, "deltaChange({a})", r"\Delta\left({a}\right)", needs="state"),
    Op("running_maximum", 1, _running_maximum, "MaxValue({a})", r"\operatorname{runmax}\left({a}\right)",
       needs="state"),
    # Outside the search space, which only averages; Adagrad needs it.
    Op("running_sum", 1, _running_sum, "SumValue({a})", r"\operatorname{runsum}\left({a}\right)", needs="state"),
    # Outside the search space, which has only the signs of g and of its average; Lion needs it.
    Op("sign", 1, lambda xp, x: xp.sign(x), "sign({a})", r"\operatorname{sign}\left({a}\right)"),
    Op("square", 1, lambda xp, x: x * x, "({a})^2", r"{a:atom}^{2}", level=Level.POWER),
    Op("tanh_derivative", 1, lambda xp, x: 1.0 - xp.square(xp.tanh(x)), "deriv_tanh({a})",
       r"\tanh'\left({a}\right)"),
    Op("sigmoid_derivative", 1, lambda xp, x: xp.sigmoid(x) * (1.0 - xp.sigmoid(x)), "deriv_sig({a})",
       r"\sigma'\left({a}\right)"),
)  # fmt: skip

_BINARY = (
    Op("add", 2, lambda xp, a, b: a + b, "({a})+({b})", r"{a} + {b:sum}", level=Level.SUM),
    Op("subtract", 2, lambda xp, a, b: a - b, "({a})-({b})", r"{a} - {b:product}", level=Level.SUM),
    Op("multiply", 2, lambda xp, a, b: a * b, "({a})*({b})", r"{a:product} \cdot {b:product}", level=Level.PRODUCT),
    Op("maximum", 2, lambda xp, a, b: xp.maximum(a, b), "max({a}, {b})", r"\max\left({a}, {b}\right)"),
    Op("minimum", 2, lambda xp, a, b: xp.minimum(a, b), "min({a}, {b})", r"\min\left({a}, {b}\right)"),
    Op("divide", 2, lambda xp, a, b, epsilon: a / (b + epsilon), "({a}) / ({b})", r"\frac{{a}}{{b}{guard}}",
       parameters=_EPSILON, level=Level.PRODUCT),
    Op("divide_hypot", 2, _divide_hypot, "({a}) / (sqrt(1+({b})^2))",
       r"\frac{{a}}{\sqrt{1+{b:atom}^{2}}}", level=Level.PRODUCT),
    Op("clip", 2, _clip, "clip({a}, {b})", r"\operatorname{clip}\left({a}, {b}\right)"),
    Op("blend", 2, lambda xp, a, b, weight: weight * a + (1.0 - weight) * b, "({weight}*({a})+{rest}*({b}))",
       r"{weight} \cdot {a:product} + {rest} \cdot {b:product}", parameters={"weight": Parameter(0.95, 0.0, 1.0)},
       level=Level.SUM),
    Op("power", 2, lambda xp, a, b: xp.power(xp.abs(a), b), "(|{a}|)^({b})",
       r"\left|{a}\right|^{{b}}", level=Level.POWER),
)  # fmt: skip

#: Every function by name, in the order of the paper's tables.
FUNCTIONS: Mapping[str, Op] = {op.name: op for op in (*_UNARY, *_BINARY)}
