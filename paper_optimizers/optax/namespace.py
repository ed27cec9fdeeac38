"""The array namespace of the door to Optax: JAX's, with quicker special functions in float32."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
from jax.scipy import special as jax_special

from paper_optimizers import special
from paper_optimizers.jax_namespace import JaxNamespace, computed_once


class OptaxNamespace(JaxNamespace):
    """JAX's functions; those that XLA computes slowly on CPUs are ours where numbers are float32.

    Nothing is differentiated through a step of an optimizer here, which these functions do not foresee.
    """

    computed_once = staticmethod(computed_once)

    def arctan(self, x: Any) -> Any:
        """The angle of ``(1, x)``."""
        return self._quick(special.quick_arctan, jnp.arctan, x)

    def arcsinh(self, x: Any) -> Any:
        """The inverse hyperbolic sine."""
        return self._quick(special.quick_arcsinh, jnp.arcsinh, x)

    def bessel_i1e(self, x: Any) -> Any:
        """Compute ``exp(-|x|) I1(x)``."""
        return self._quick(special.quick_bessel_i1e, jax_special.i1e, x)

    def _quick(self, ours: Callable[[Any, Any], Any], theirs: Callable[[Any], Any], x: Any) -> Any:
        return ours(self, x) if jnp.result_type(x) == jnp.float32 else theirs(x)


OPTAX = OptaxNamespace()
