"""How members share a device; whatever suits one layout and not the other asks here which one it is."""

from __future__ import annotations

from typing import Literal

import jax

#: One after another, or all at once.
Layout = Literal["map", "vectorise"]


def default_layout(platform: str | None = None) -> Layout:
    """The layout that suits ``platform``, as JAX names it; None for what JAX computes on by default."""
    return "map" if (platform or jax.default_backend()) == "cpu" else "vectorise"
