"""Random streams by name: what is drawn depends on where in the search it is drawn, not on when or on which machine."""

from __future__ import annotations

from typing import Literal

import numpy as np

Purpose = Literal["draw", "tournament"]
_PURPOSES: tuple[Purpose, ...] = ("draw", "tournament")


def stream(seed: int, purpose: Purpose, *key: int) -> np.random.Generator:
    """The stream of a run at one place.

    Args:
        seed: The run's.
        purpose: What is drawn.
        *key: Where: particle, step, child, and so on; 0 or more each.
    """
    sequence = np.random.SeedSequence(seed, spawn_key=(_PURPOSES.index(purpose), *key))
    return np.random.Generator(np.random.PCG64(sequence))
