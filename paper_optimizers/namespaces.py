"""Array namespaces: what an op needs of an array library, and NumPy's.

Every op is one function over such a namespace (see `paper_optimizers.ops`). Arithmetic operators come from the arrays
themselves. A new array library is one more class like `NumpyNamespace`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from paper_optimizers import special


class Namespace:
    """Functions over the arrays of one library.

    Elementwise ``exp``, ``expm1``, ``log``, ``sqrt``, ``abs``, ``sign``, ``square``, ``cos``, ``tanh``, ``arctan``,
    ``arcsinh``, ``maximum``, ``minimum`` (of integers too), ``power``, ``where`` and ``full_like`` are the library's,
    as NumPy names them. A subclass adds what few libraries have there: ``sigmoid``, ``erf``, ``erfc``, ``bessel_i1e``,
    ``l2_norm`` over one weight tensor, and ``floating``, which turns integers into numbers of the type in which what
    depends on the step alone is computed. It replaces what the library computes otherwise.
    """

    library: Any

    def __getattr__(self, name: str) -> Any:
        return getattr(self.library, name)

    def computed_once(self, x: Any, not_negative: Any) -> Any:
        """``x``; a library whose compiler would compute it anew for each of its uses keeps it from that.

        Args:
            x: A value that is used more than once and takes long to compute.
            not_negative: A scalar that is not negative, which the compiler does not know.
        """
        del not_negative
        return x

    def unless(self, condition: Any, function: Callable[[Any], Any], x: Any) -> Any:
        """``function(x)``, a scalar that is not needed where ``condition`` holds: a library may give 0 there.

        Args:
            condition: True or false, as the library has it.
            function: Gives a scalar of the type of its argument.
            x: An array.
        """
        del condition
        return function(x)


class NumpyNamespace(Namespace):
    """NumPy in float64: the oracle that the other libraries are held against."""

    library = np
    erf = staticmethod(special.erf)
    erfc = staticmethod(special.erfc)
    bessel_i1e = staticmethod(special.bessel_i1e)

    def sigmoid(self, x: Any) -> Any:
        """The logistic function, exact in both tails."""
        return np.exp(-np.logaddexp(0.0, -np.asarray(x)))

    def l2_norm(self, x: Any) -> Any:
        """The Euclidean norm of the whole tensor."""
        return np.sqrt(np.sum(np.square(x)))

    def floating(self, x: Any) -> Any:
        """Convert to float64."""
        return np.asarray(x, np.float64)


NUMPY = NumpyNamespace()
