"""Special functions: in NumPy, so that the float64 oracle needs no SciPy; and for float32 over any array namespace.

Those for float32 (``quick_``) are for libraries whose own are slow. They need more of a namespace: ``bits``,
``from_bits`` and ``single`` (see `paper_optimizers.optax.namespace`). Through bits nothing can be differentiated. Their
polynomials are fits of our own: least squares at Chebyshev points, weighted again (Lawson's method) until the largest
relative error is near its minimum.
"""

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


# Coefficients from the constant term on; in brackets the largest relative error before any rounding.
#: ``arctan(x) / x`` in ``x^2`` on [0, 1] (1.5e-8).
_ARCTAN = (
    1.0,
    -0.333330721,
    0.199926198,
    -0.142036438,
    0.106409319,
    -0.0750429258,
    0.0426915102,
    -0.0160686336,
    0.00284989295,
)
#: ``arcsinh(x) / x`` in ``x^2`` on [0, 1] (3.1e-9).
_ARCSINH = (
    1.0,
    -0.166666135,
    0.074984625,
    -0.0444713905,
    0.029400019,
    -0.0190738011,
    0.0103126615,
    -0.00377016771,
    0.000657776196,
)
#: ``x exp(x) / I1(x)`` in ``x`` on [0, 3] (2.4e-9): it rises, so that nothing cancels.
_I1_NEAR = (
    2.0,
    1.99999985,
    0.750000851,
    0.0833394861,
    -0.0208911754,
    -0.00398540695,
    0.000958691072,
    0.000561096556,
    -0.000258999732,
    4.20308465e-05,
    -2.56906337e-06,
)
#: ``sqrt(x) exp(-x) I1(x)`` in ``1 / x - 0.1666666`` on [-1/6, 1/6] (2.0e-8); there the constant term is a float32.
_I1_FAR = (
    0.372448504,
    -0.170633631,
    -0.0909449464,
    -0.174684631,
    -0.142235037,
    2.6805863,
    8.83019455,
    -48.5672143,
    -162.462069,
    820.459827,
    1393.79413,
    -6961.46952,
)
_I1_BORDER, _I1_SHIFT = 3.0, 0.1666666
#: A power of two, so that multiplying by it rounds nothing.
_I1_SCALE = 2.0**-10
#: ``(x - ln(1 + x)) / x^2`` in ``x`` on [sqrt(1/2) - 1, sqrt(2) - 1] (3.0e-8 of the logarithm).
_LOG = (
    0.499999916,
    -0.333339502,
    0.250017552,
    -0.199620721,
    0.165705086,
    -0.149179747,
    0.14307519,
    -0.0873483634,
)
#: From here on ``1 + x^2`` is ``x^2`` in float32, while ``x^2`` can still be represented.
_SQUARE_LARGE = 2.0**60
#: Of a float32's bits: its sign; its sign and exponent; what 1 is in the exponent; and those of ``sqrt(1/2)``.
_SIGN, _EXPONENT, _EXPONENT_UNIT, _ROOT_BITS = -(2**31), -(2**23), 2.0**23, 0x3F3504F3


def quick_arctan(xp: Any, x: Any) -> Any:
    """The angle of ``(1, x)``, for float32."""
    magnitude = xp.abs(x)
    steep = magnitude > 1.0
    # A quotient of two tensors, used more than once, XLA would write to memory before it goes on.
    slope = xp.where(steep, -1.0 / magnitude, magnitude)
    angle = slope * _polynomial(_ARCTAN, slope * slope)
    return _signed(xp, xp.where(steep, 0.5 * math.pi + angle, angle), x)


def quick_arcsinh(xp: Any, x: Any) -> Any:
    """The inverse hyperbolic sine, for float32."""
    magnitude = xp.abs(x)
    far, large = magnitude > 1.0, magnitude > _SQUARE_LARGE
    # x^2 as it is: the least number of operations, as many of which as possible wait for no other.
    near = x * _polynomial(_ARCSINH, xp.where(far, 1.0, x * x))
    sum_of_sides = xp.where(large, magnitude, magnitude + xp.sqrt(1.0 + magnitude * magnitude))
    logarithm = _positive_log(xp, sum_of_sides)
    logarithm = xp.where(large, logarithm + math.log(2.0), logarithm)
    return xp.where(far, _signed(xp, xp.where(magnitude < math.inf, logarithm, magnitude), x), near)


def _signed(xp: Any, magnitude: Any, x: Any) -> Any:
    """``magnitude``, which is not negative, with the sign of ``x``, that of a zero too."""
    return xp.from_bits(xp.bits(magnitude) | (xp.bits(x) & _SIGN))


def _positive_log(xp: Any, x: Any) -> Any:
    """The natural logarithm of finite numbers from 1 on, for float32."""
    bits = xp.bits(x)
    exponent = (bits - _ROOT_BITS) & _EXPONENT
    rest = xp.from_bits(bits - exponent) - 1.0
    series = rest - rest * rest * _polynomial(_LOG, rest)
    return xp.single(exponent) * (math.log(2.0) / _EXPONENT_UNIT) + series


def quick_bessel_i1e(xp: Any, x: Any) -> Any:
    """``exp(-|x|) I1(x)``, for float32."""
    magnitude = xp.abs(x)
    inner = xp.minimum(magnitude, _I1_BORDER)
    near = inner / _polynomial(_I1_NEAR, inner)
    # No quotient by a root, which compilers turn into a product with a reciprocal of fewer digits. The reciprocal is
    # that of a smaller number: that of the largest ones themselves is subnormal, which XLA takes for 0.
    inverse = 1.0 / (xp.maximum(magnitude, _I1_BORDER) * _I1_SCALE**2)
    far = _polynomial(_I1_FAR, inverse * _I1_SCALE**2 - _I1_SHIFT) * (xp.sqrt(inverse) * _I1_SCALE)
    return _signed(xp, xp.where(magnitude > _I1_BORDER, far, near), x)


def _polynomial(coefficients: tuple[float, ...], x: Any) -> Any:
    """Evaluate a polynomial by Horner's rule."""
    value: Any = coefficients[-1]
    for coefficient in reversed(coefficients[:-1]):
        value = value * x + coefficient
    return value
