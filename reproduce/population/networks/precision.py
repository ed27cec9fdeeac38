"""The type that networks compute in; weights, averages and statistics are float32 whatever it is."""

from __future__ import annotations

import jax


def arithmetic_type(asked: str | None, platform: str | None = None) -> str:
    """The type of the products in a network.

    Args:
        asked: A type's name, which is then the answer; or None for the device's own: float32 on CPUs, bfloat16 on
            accelerators, whose matrix units are made for it.
        platform: What computes, as JAX names it; None for what JAX computes on by default.
    """
    if asked is not None:
        return asked
    return "float32" if (platform or jax.default_backend()) == "cpu" else "bfloat16"
