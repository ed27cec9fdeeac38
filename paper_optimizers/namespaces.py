"""Array namespaces: what an op needs of an array library, and NumPy's.

Every op is one function over such a namespace (see `paper_optimizers.ops`). Arithmetic operators come from the arrays
themselves; a namespace adds the elementwise functions and the norm of one weight tensor. A new back end is one more
class here.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from paper_optimizers import special


class Namespace(Protocol):
    """Elementwise functions over one array library.

    ``minimum`` takes integers too, ``l2_norm`` is taken over one weight tensor, and ``floating`` turns integers into
    numbers of the type in which what depends on the step alone is computed.
    """

    def exp(self, x: Any) -> Any: ...
    def expm1(self, x: Any) -> Any: ...
    def log(self, x: Any) -> Any: ...
    def sqrt(self, x: Any) -> Any: ...
    def abs(self, x: Any) -> Any: ...
    def sign(self, x: Any) -> Any: ...
    def square(self, x: Any) -> Any: ...
    def cos(self, x: Any) -> Any: ...
    def tanh(self, x: Any) -> Any: ...
    def arctan(self, x: Any) -> Any: ...
    def arcsinh(self, x: Any) -> Any: ...
    def sigmoid(self, x: Any) -> Any: ...
    def erf(self, x: Any) -> Any: ...
    def erfc(self, x: Any) -> Any: ...
    def bessel_i1e(self, x: Any) -> Any: ...
    def maximum(self, a: Any, b: Any) -> Any: ...
    def minimum(self, a: Any, b: Any) -> Any: ...
    def power(self, a: Any, b: Any) -> Any: ...
    def where(self, condition: Any, a: Any, b: Any) -> Any: ...
    def full_like(self, x: Any, value: float) -> Any: ...
    def l2_norm(self, x: Any) -> Any: ...
    def floating(self, x: Any) -> Any: ...


class NumpyNamespace:
    """NumPy in float64: the oracle that the other back ends are held against."""

    exp = staticmethod(np.exp)
    expm1 = staticmethod(np.expm1)
    log = staticmethod(np.log)
    sqrt = staticmethod(np.sqrt)
    abs = staticmethod(np.abs)
    sign = staticmethod(np.sign)
    square = staticmethod(np.square)
    cos = staticmethod(np.cos)
    tanh = staticmethod(np.tanh)
    arctan = staticmethod(np.arctan)
    arcsinh = staticmethod(np.arcsinh)
    erf = staticmethod(special.erf)
    erfc = staticmethod(special.erfc)
    bessel_i1e = staticmethod(special.bessel_i1e)
    maximum = staticmethod(np.maximum)
    minimum = staticmethod(np.minimum)
    power = staticmethod(np.power)
    where = staticmethod(np.where)
    full_like = staticmethod(np.full_like)

    def sigmoid(self, x: Any) -> Any:
        """The logistic function, exact in both tails."""
        return np.exp(-np.logaddexp(0.0, -np.asarray(x)))

    def l2_norm(self, x: Any) -> Any:
        """The Euclidean norm of the whole tensor."""
        return np.sqrt(np.sum(np.square(x)))

    def floating(self, x: Any) -> Any:
        """In float64."""
        return np.asarray(x, np.float64)


NUMPY = NumpyNamespace()
