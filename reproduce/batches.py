"""The batches of a training: which samples a seed draws, and in which order it sees them, whatever trains."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray


def passes(seed: int, num_samples: int, batch_size: int, drawn: int | None = None) -> Iterator[NDArray[np.int32]]:
    """The batches [n, batch_size] of pass after pass over a seed's training samples, without end.

    Each pass is a fresh shuffle; what is left over at its end is dropped.

    Args:
        seed: Draws the order, and the samples where they are not all.
        num_samples: All training samples there are.
        batch_size: Samples of a batch.
        drawn: How many samples the seed draws from all; None for all.

    Raises:
        ValueError: If there are fewer samples than are drawn, or drawn fewer than a batch.
    """
    count = num_samples if drawn is None else drawn
    if count > num_samples:
        raise ValueError(f"{count} training samples are to be drawn and there are {num_samples}")
    if batch_size > count:
        raise ValueError(f"batch_size is {batch_size} and there are {count} training examples")
    chosen = np.arange(num_samples, dtype=np.int32)
    if count < num_samples:
        chosen = np.sort(np.random.default_rng([seed, 2]).permutation(chosen)[:count])
    random = np.random.default_rng([seed, 1])
    while True:
        yield chosen[random.permutation(count)[: count - count % batch_size]].reshape(-1, batch_size)
