"""Counts with their nouns, numbers with their intervals, and what the largest of a count of numbers owes to chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Estimate:
    """A number with the ends of its interval."""

    value: float
    low: float
    high: float


def number_of(count: int, one: str, several: str = "") -> str:
    """``"1 task"``, ``"2 tasks"``: a count with its noun, whose plural may be irregular."""
    return f"{count} {one if count == 1 else several or one + 's'}"


def enumerated(names: Sequence[str]) -> str:
    """``"A, B and C"``: one name or more in a sentence."""
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def expected_maximum(count: int) -> float:
    """The mean of the largest of ``count`` independent standard normal numbers: in standard deviations, the luck of it.

    Raises:
        ValueError: If ``count`` is less than 1.
    """
    from scipy import integrate, stats

    if count < 1:
        raise ValueError(f"received count = {count}; expected 1 or more")

    def density(x: float) -> float:
        return float(x * count * stats.norm.pdf(x) * stats.norm.cdf(x) ** (count - 1))

    return float(integrate.quad(density, -10.0, 12.0, limit=200)[0])
