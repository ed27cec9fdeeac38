"""The array namespace of the door to Optax: JAX's, with quicker special functions in float32."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax.scipy import special as jax_special

from paper_optimizers import special
from paper_optimizers.jax_namespace import JaxNamespace, computed_once, unless, with_derivative_of


class OptaxNamespace(JaxNamespace):
    """JAX's functions; those that XLA computes slowly on CPUs are ours where numbers are float32."""

    computed_once, unless = staticmethod(computed_once), staticmethod(unless)

    def arctan(self, x: Any) -> Any:
        """The angle of ``(1, x)``."""
        return self._quick(special.quick_arctan, jnp.arctan, x)

    def arcsinh(self, x: Any) -> Any:
        """The inverse hyperbolic sine."""
        return self._quick(special.quick_arcsinh, jnp.arcsinh, x)

    def bessel_i1e(self, x: Any) -> Any:
        """Compute ``exp(-|x|) I1(x)``."""
        return self._quick(special.quick_bessel_i1e, jax_special.i1e, x)

    def bits(self, x: Any) -> Any:
        """The bits of float32 as int32."""
        return jax.lax.bitcast_convert_type(x, jnp.int32)

    def from_bits(self, bits: Any) -> Any:
        """The float32 that has these bits."""
        return jax.lax.bitcast_convert_type(bits, jnp.float32)

    def single(self, integers: Any) -> Any:
        """Integers as float32."""
        return integers.astype(jnp.float32)

    def _quick(self, ours: Callable[[Any, Any], Any], theirs: Callable[[Any], Any], x: Any) -> Any:
        quick = jnp.result_type(x) == jnp.float32
        return with_derivative_of(theirs, partial(ours, self))(x) if quick else theirs(x)


OPTAX = OptaxNamespace()
