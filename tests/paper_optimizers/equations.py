"""Reads the catalog's equation texts: what a user is told is evaluated, and must be what the spec computes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from scipy import special

from tests.paper_optimizers.formulas import EPS, History, clip, deriv_soft, deriv_tanh, norm, sig, softsign

FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "abs": np.abs,
    "arcsinh": np.arcsinh,
    "arctan": np.arctan,
    "bessel_i1e": special.i1e,
    "clip": clip,
    "deriv_soft": deriv_soft,
    "deriv_tanh": deriv_tanh,
    "erf": special.erf,
    "erfc": special.erfc,
    "exp": np.exp,
    "ln": np.log,
    "max": np.maximum,
    "norm": norm,
    "sig": sig,
    "sign": np.sign,
    "softsign": softsign,
    "sqrt": np.sqrt,
    "tanh": np.tanh,
}
_TOKEN = re.compile(
    r"\s*(\d+(?:\.\d+)?(?:e-?\d+)?"  # a number
    r"|m_\(t-1\)|s_0\.9|sum\(g\^2\)|bessel_i1e"
    r"|[a-z_]+\d*'?(?:\^(?!\d)(?:_[\d.]+)?)?"  # a name, perhaps with a prime, or with a hat and a beta
    r"|[-+/^(),])"
)


def symbols(history: History | None, curves: Mapping[str, float]) -> dict[str, Any]:
    """The values that the names in an equation stand for."""
    known: dict[str, Any] = {**curves, "a14'": curves["b14"], "eps": EPS}
    if history is not None:
        known |= {name: getattr(history, name) for name in ("g", "w", "q1", "q2", "q3")}
        known |= {"s_0.9": history.average(2, 0.9, corrected=False), "sum(g^2)": sum(g**2 for g in history.gradients)}
        known |= {"v^": history.v, "s^": history.s, "s^_0.999": history.average(2, 0.999)}
    return known


def evaluate(equation: str, known: Mapping[str, Any]) -> Any:
    """The value of an equation; names side by side are multiplied, which binds as tightly as division."""
    tokens, position = [], 0
    while position < len(equation):
        match = _TOKEN.match(equation, position)
        if match is None:
            raise ValueError(f"cannot read {equation[position:]!r} of {equation!r}")
        tokens.append(match[1])
        position = match.end()
    return _Reader(tokens, known).sum()


class _Reader:
    """Recursive descent over tokens."""

    def __init__(self, tokens: list[str], known: Mapping[str, Any]) -> None:
        self.tokens, self.known = [*tokens, "end"], known

    def take(self, *expected: str) -> str:
        token = self.tokens.pop(0)
        if expected and token not in expected:
            raise ValueError(f"received {token!r}; expected {expected}")
        return token

    def sum(self, *ends: str) -> Any:
        value = self.product()
        while self.tokens[0] in ("+", "-"):
            value = value + self.product() if self.take() == "+" else value - self.product()
        if self.tokens[0] not in (ends or ("end",)):
            raise ValueError(f"received {self.tokens[0]!r}; expected {ends}")
        return value

    def product(self) -> Any:
        value = self.power()
        while self.tokens[0] not in ("+", "-", ")", ",", "end"):
            if self.tokens[0] == "/":
                self.take()
                value = value / self.power()
            else:
                value = value * self.power()
        return value

    def power(self) -> Any:
        value = self.atom()
        if self.tokens[0] == "^":
            self.take()
            value = value ** float(self.take())
        return value

    def atom(self) -> Any:
        token = self.take()
        if token == "(":
            value = self.sum(")")
            self.take(")")
            return value
        if token in FUNCTIONS:
            self.take("(")
            arguments = [self.sum(")", ",")]
            while self.take(",", ")") == ",":
                arguments.append(self.sum(")", ","))
            return FUNCTIONS[token](*arguments)
        return self.known[token] if token in self.known else float(token)
