"""The array namespace of JAX."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.scipy import special

from paper_optimizers.namespaces import Namespace


class JaxNamespace(Namespace):
    """jax.numpy, and what it has elsewhere."""

    library = jnp
    sigmoid = staticmethod(jax.nn.sigmoid)
    erf = staticmethod(special.erf)
    erfc = staticmethod(special.erfc)
    bessel_i1e = staticmethod(special.i1e)

    def l2_norm(self, x: Any) -> Any:
        """The Euclidean norm of the whole tensor."""
        return jnp.sqrt(jnp.sum(jnp.square(x)))

    def floating(self, x: Any) -> Any:
        """Convert to float32, or to float64 where JAX has 64 bits enabled."""
        return jnp.asarray(x, float)


def computed_once(x: Any, not_negative: Any) -> Any:
    """`Namespace.computed_once`: on processors a branch that is always taken, which XLA does not look into."""
    if not isinstance(x, jax.core.Tracer) or not isinstance(not_negative, jax.core.Tracer):
        return x
    return jax.lax.platform_dependent(x, not_negative, cpu=_branch, default=lambda x, _: x)


def with_derivative_of(theirs: Callable[[Any], Any], ours: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """``ours``, which works on the bits of numbers, with the derivative of ``theirs``, its equal."""
    function = jax.custom_jvp(ours)

    def rule(primals: Any, tangents: Any) -> Any:
        return function(*primals), jax.jvp(theirs, primals, tangents)[1]

    function.defjvp(rule)
    return function


def unless(condition: Any, function: Callable[[Any], Any], x: Any) -> Any:
    """`Namespace.unless`: on processors a branch; elsewhere one costs more than what it saves."""
    if not isinstance(x, jax.core.Tracer) or not isinstance(condition, jax.core.Tracer):
        return function(x)

    def branch(condition: Any, x: Any) -> Any:
        return jax.lax.cond(condition, lambda x: jnp.zeros((), x.dtype), function, x)

    return jax.lax.platform_dependent(condition, x, cpu=branch, default=lambda _, x: function(x))


def _branch(x: Any, not_negative: Any) -> Any:
    return jax.lax.cond(not_negative >= 0, lambda x: x, jnp.zeros_like, x)


JAX = JaxNamespace()
