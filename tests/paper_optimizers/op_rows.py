"""The values that every row of the op tables must compute, written out by hand with NumPy and SciPy.

Functions of several steps (averages, differences, maxima) and random ones have tests of their own in test_program.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special

EPS = 1e-7


def softplus(x: Any, epsilon: float) -> Any:
    """ln(1 + e^x + epsilon); above 40, where e^x holds the rest in its last digit, it is x."""
    return np.where(x > 40, x, np.log(1 + np.exp(np.minimum(x, 40)) + epsilon))


#: Function name to its formula, for the default parameters.
UNARY: dict[str, Callable[[Any], Any]] = {
    "identity": lambda x: x,
    "negate": lambda x: -x,
    "log_abs": lambda x: np.log(np.abs(x) + EPS),
    "sqrt_abs": lambda x: np.abs(x) ** 0.5,
    "exp": lambda x: np.exp(x),
    "abs": lambda x: np.abs(x),
    "sigmoid": lambda x: special.expit(x),
    "softsign_derivative": lambda x: 1 / (1 + np.abs(x)),
    "softplus": lambda x: softplus(x, EPS),
    "erf": lambda x: special.erf(x),
    "erfc": lambda x: special.erfc(x),
    "arcsinh": lambda x: np.arcsinh(x),
    "tanh": lambda x: np.tanh(x),
    "arctan": lambda x: np.arctan(x),
    "reciprocal": lambda x: 1 / (x + EPS),
    "bessel_i1e": lambda x: special.i1e(x),
    "relu": lambda x: np.where(x > 0, x, 0.0),
    "min_zero": lambda x: np.where(x < 0, x, 0.0),
    "clip_norm": lambda x: x / max(1.0, np.linalg.norm(x)),
    "softsign": lambda x: x / (1 + np.abs(x)),
    "sign": lambda x: np.where(x > 0, 1.0, np.where(x < 0, -1.0, 0.0)),
    "square": lambda x: x**2,
    "tanh_derivative": lambda x: 1 - np.tanh(x) ** 2,
    "sigmoid_derivative": lambda x: special.expit(x) * special.expit(-x),
}
SEVERAL_STEPS = {"exp_moving_average", "delta_change", "running_maximum", "running_sum"}
RANDOM = {"dropout"}

BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "maximum": lambda a, b: np.where(a >= b, a, b),
    "minimum": lambda a, b: np.where(a <= b, a, b),
    "divide": lambda a, b: a / (b + EPS),
    "divide_hypot": lambda a, b: a / np.sqrt(1 + b**2),
    "clip": lambda a, b: np.clip(a, -np.abs(b), np.abs(b)),
    "blend": lambda a, b: 0.95 * a + 0.05 * b,
    "power": lambda a, b: np.abs(a) ** b,
}

#: Parameters other than the defaults, with the formula they must give.
PARAMETERS: list[tuple[str, dict[str, float], Callable[..., Any]]] = [
    ("log_abs", {"epsilon": 0.5}, lambda x: np.log(np.abs(x) + 0.5)),
    ("softplus", {"epsilon": 0.5}, lambda x: softplus(x, 0.5)),
    ("reciprocal", {"epsilon": 0.25}, lambda x: 1 / (x + 0.25)),
    ("clip_norm", {"max_norm": 3.0}, lambda x: x * min(1.0, 3 / np.linalg.norm(x))),
    ("divide", {"epsilon": 0.25}, lambda a, b: a / (b + 0.25)),
    ("divide", {"epsilon": 0.0}, lambda a, b: a / np.where(b == 0, 0.0, b)),
    ("blend", {"weight": 0.25}, lambda a, b: 0.25 * a + 0.75 * b),
]


def wide(decades: int) -> Any:
    """Numbers over ``2 * decades`` powers of ten, both signs, and both zeros; exact in float32."""
    numbers = np.concatenate([np.logspace(-decades, decades, 2 * decades + 1), [0.5, 0.9, 1.1, 2, 3, 7.5, 20, 60]])
    return np.concatenate([[0.0, -0.0], numbers, -numbers]).astype(np.float32)


def arguments(name: str, decades: int) -> tuple[Any, ...]:
    """The inputs for a function: all of `wide`, or all pairs of it."""
    if name == "clip_norm":
        return (np.linspace(-3, 4, 12, dtype=np.float32).reshape(3, 4),)
    numbers = wide(decades)
    if name in UNARY:
        return (numbers,)
    a, b = (grid.ravel() for grid in np.meshgrid(numbers, numbers))
    if name == "power":  # |a|^b multiplies an error of ln|a| by b
        with np.errstate(all="ignore"):
            keep = (a == 0) | (np.abs(b * np.log(np.abs(a))) < 50)
        a, b = a[keep], b[keep]
    return a, b


def cases() -> list[tuple[str, dict[str, float], Callable[..., Any]]]:
    """Every function with its default parameters, then with others."""
    return [*((name, {}, formula) for name, formula in (UNARY | BINARY).items()), *PARAMETERS]


def expected(formula: Callable[..., Any], inputs: tuple[Any, ...]) -> Any:
    """The formula in float64."""
    with np.errstate(all="ignore"):
        return formula(*(np.asarray(x, np.float64) for x in inputs))
