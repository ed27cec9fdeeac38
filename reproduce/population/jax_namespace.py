"""The array namespace of JAX, over the flattened parameters of one network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from paper_optimizers.jax_namespace import JaxNamespace


class FlatNamespace(JaxNamespace):
    """`JaxNamespace` whose ``l2_norm`` knows where each weight tensor lies in the flat vector.

    Args:
        sizes: The number of elements of each weight tensor, in the order of the flat vector.
    """

    def __init__(self, sizes: Sequence[int]) -> None:
        ends = np.cumsum(sizes)
        self._spans = [(int(end - size), int(end)) for size, end in zip(sizes, ends, strict=True)]

    def l2_norm(self, x: Any) -> Any:
        """Every element's own weight tensor's Euclidean norm, shaped like ``x`` of shape [P]."""
        norms = (jnp.sqrt(jnp.sum(jnp.square(x[start:end]))) for start, end in self._spans)
        spread = (jnp.broadcast_to(norm, (end - start,)) for norm, (start, end) in zip(norms, self._spans, strict=True))
        return jnp.concatenate(list(spread))
