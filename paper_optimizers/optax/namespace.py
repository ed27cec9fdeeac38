"""The array namespace of the door to Optax."""

from __future__ import annotations

from paper_optimizers.jax_namespace import JaxNamespace

OPTAX = JaxNamespace()
