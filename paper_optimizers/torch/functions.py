"""Functions of which torch's own kernels for processors are slow, from kernels that are not.

Of small numbers, such as gradients are, a series is taken, with as many terms as the largest of them needs; of others
a formula, or torch's function. All are as exact as torch's, within three units in the last place of float32.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

#: A term of a series that is smaller than this share of the first changes nothing in float32.
_NEGLIGIBLE = 1e-8
#: Below it a square can be represented.
_SQUARES = 1e18

#: ``f(x) = x (1 + c1 x^2 + c2 x^4 + ...)``.
_ARCSINH = (1.0, -1 / 6, 3 / 40, -15 / 336, 105 / 3456)
_TANH = (1.0, -1 / 3, 2 / 15, -17 / 315, 62 / 2835)
_ARCTAN = (1.0, -1 / 3, 1 / 5, -1 / 7, 1 / 9)
#: ``f(x) = x (1/2 + c1 |x| + c2 |x|^2 + ...)``, Kummer's function of Abramowitz & Stegun, 13.6.3.
_BESSEL_I1E = (0.5, -0.5, 5 / 16, -7 / 48, 7 / 128, -11 / 640)


def arcsinh(x: Any, out: Any) -> None:
    """``sign(x) log1p(|x| + x^2 / (1 + sqrt(1 + x^2)))``, in which nothing cancels."""
    if _series(x, _ARCSINH, out, even=True):
        return
    magnitude = x.abs()
    if not float(magnitude.amax()) < _SQUARES:
        torch.arcsinh(x, out=out)
        return
    square = x * x
    square.div_((square + 1.0).sqrt_().add_(1.0)).add_(magnitude).log1p_()
    torch.copysign(square, x, out=out)


def arctan(x: Any, out: Any) -> None:
    """The angle of ``(1, x)``, of which torch's kernel takes half as long."""
    if not _series(x, _ARCTAN, out, even=True):
        torch.atan2(x, torch.ones_like(x), out=out)


def tanh(x: Any, out: Any) -> None:
    """The hyperbolic tangent."""
    if not _series(x, _TANH, out, even=True):
        torch.tanh(x, out=out)


def bessel_i1e(x: Any, out: Any) -> None:
    """Compute ``exp(-|x|) I1(x)``."""
    if not _series(x, _BESSEL_I1E, out, even=False):
        torch.special.i1e(x, out=out)


def _series(x: Any, coefficients: Sequence[float], out: Any, *, even: bool) -> bool:
    """Write ``x`` times the polynomial in ``x^2`` or ``|x|``, and say whether that is exact enough for all of ``x``."""
    if x.dtype != torch.float32:
        return False
    low, high = torch.aminmax(x)
    bound = max(-float(low), float(high))
    number = _terms(coefficients, bound * bound if even else bound)
    if not number:
        return False
    if number == 1:
        torch.mul(x, coefficients[0], out=out)
        return True
    power = x * x if even else x.abs()
    total = power * coefficients[number - 1]
    for coefficient in reversed(coefficients[1 : number - 1]):
        total.add_(coefficient).mul_(power)
    torch.mul(total.add_(coefficients[0]), x, out=out)
    return True


def _terms(coefficients: Sequence[float], bound: float) -> int:
    """How many terms are needed up to a bound; 0 where these are not enough, as for NaN."""
    if math.isnan(bound):
        return 0
    for number, coefficient in enumerate(coefficients[1:], start=1):
        if abs(coefficient) * bound**number < _NEGLIGIBLE * coefficients[0]:
            return number
    return 0


FUNCTIONS: Mapping[str, Callable[[Any, Any], None]] = {
    "arcsinh": arcsinh,
    "arctan": arctan,
    "bessel_i1e": bessel_i1e,
    "tanh": tanh,
}
