r"""Templates: the patterns in which the op tables say how a row is written, as text and in LaTeX.

A pattern is plain text with slots in braces: ``{a}`` and ``{b}`` are the arguments, a parameter's name is its value.
Three more names serve LaTeX and the blends: ``{rest}`` is one minus the parameter ``weight``, ``{guard}`` the
parameter ``epsilon`` as it is added to a denominator, and a slot such as ``{a:product}`` asks for an argument that
binds at least as tightly as a product and is put in parentheses where it does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from enum import IntEnum
from typing import NamedTuple


class Level(IntEnum):
    """How tightly a formula binds, loosest first."""

    SIGNED = 0
    SUM = 1
    PRODUCT = 2
    POWER = 3
    ATOM = 4


class Slot(NamedTuple):
    """A place in a pattern: whose text stands there, and the loosest formula that may stand there bare."""

    name: str
    level: Level


class Formula(NamedTuple):
    """LaTeX and how tightly it binds."""

    latex: str
    level: Level = Level.ATOM

    def at(self, level: Level) -> str:
        """The formula as it stands where ``level`` is asked for: in parentheses if it binds more loosely."""
        return self.latex if self.level >= level else rf"\left({self.latex}\right)"


def split(pattern: str, parameters: Iterable[str] = ()) -> tuple[str | Slot, ...]:
    """The literals and slots of a pattern in their order; braces around any other name are literal."""
    names = "|".join(("a", "b", "rest", "guard", *parameters))
    tokens: list[str | Slot] = []
    position = 0
    for match in re.finditer(rf"\{{({names})(?::(sum|product|power|atom))?\}}", pattern):
        if match.start() > position:
            tokens.append(pattern[position : match.start()])
        tokens.append(Slot(match[1], Level[(match[2] or "signed").upper()]))
        position = match.end()
    if position < len(pattern):
        tokens.append(pattern[position:])
    return tuple(tokens)


def number_text(value: float | bool) -> str:
    """The shortest text that reads back as the same number: ``0.95``, ``2``, ``1e-07``; ``true`` or ``false``."""
    return repr(value).lower().removesuffix(".0")


def number_latex(value: float) -> Formula:
    """A number in LaTeX: 0.95, 10^{-7}, or a factor times a power of ten."""
    loosest = Level.SIGNED if value < 0 else Level.ATOM
    mantissa, _, exponent = number_text(value).partition("e")
    if Decimal(mantissa).normalize().as_tuple().digits == (1,) and value > 0 and not 0.01 <= value < 1e4:
        return Formula(f"10^{{{Decimal(number_text(value)).adjusted()}}}", Level.POWER)
    if not exponent:
        return Formula(mantissa, loosest)
    return Formula(rf"{mantissa} \cdot 10^{{{int(exponent)}}}", min(loosest, Level.PRODUCT))


def rest_of(weight: float) -> float:
    """One minus ``weight``, as the shortest decimal: 0.05 for 0.95, where floating point has 0.05000000000000004."""
    return float(1 - Decimal(repr(weight)))
