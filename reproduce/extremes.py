"""The largest of many numbers that differ by chance alone."""

from __future__ import annotations


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
