"""Special functions in NumPy, so that the float64 oracle needs no SciPy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Float64Array = NDArray[np.float64]

_erf = np.frompyfunc(math.erf, 1, 1)
_erfc = np.frompyfunc(math.erfc, 1, 1)

# The trapezoid rule on a periodic integrand converges geometrically: 64 points reach 1e-16 up to |x| = 30.
_QUADRATURE_ANGLES = (np.arange(64) + 0.5) * (np.pi / 64)
_QUADRATURE_LIMIT = 30.0


def erf(x: Any) -> Float64Array:
    """The error function, elementwise."""
    return np.asarray(_erf(np.asarray(x, np.float64)), np.float64)


def erfc(x: Any) -> Float64Array:
    """The complementary error function, elementwise, accurate in its tail."""
    return np.asarray(_erfc(np.asarray(x, np.float64)), np.float64)


def bessel_i1e(x: Any) -> Float64Array:
    """The exponentially scaled modified Bessel function ``exp(-|x|) I1(x)``, elementwise.

    For ``|x| <= 30`` the integral ``1/pi int_0^pi exp(|x| (cos a - 1)) cos a da`` by the midpoint rule, beyond it
    Hankel's expansion. Both agree with SciPy to 1e-14 relative.

    References:
        Abramowitz & Stegun, Handbook of Mathematical Functions, 9.6.19 and 9.7.1.
    """
    values = np.asarray(x, np.float64)
    magnitude = np.abs(values)
    near = np.minimum(magnitude, _QUADRATURE_LIMIT)
    cosines = np.cos(_QUADRATURE_ANGLES)
    # Below 1 the integrand's two halves cancel; exp(-x) sinh(x cos a) cos a keeps the small difference exact.
    integrand = np.exp(-near)[..., None] * np.sinh(near[..., None] * cosines) * cosines
    quadrature = integrand.mean(axis=-1)
    far = np.maximum(magnitude, _QUADRATURE_LIMIT)
    series = _hankel_series(far) / np.sqrt(2 * np.pi * far)
    return np.asarray(np.sign(values) * np.where(magnitude <= _QUADRATURE_LIMIT, quadrature, series), np.float64)


def _hankel_series(x: Float64Array) -> Float64Array:
    """The asymptotic series of ``sqrt(2 pi x) exp(-x) I1(x)`` for large ``x``."""
    term = np.ones_like(x)
    total = np.ones_like(x)
    for k in range(1, 25):
        term = term * -(4.0 - (2 * k - 1) ** 2) / (k * 8.0 * x)
        total = total + term
    return total
