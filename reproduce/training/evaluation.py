"""How well a network answers, outside training."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reproduce.data import Part
from reproduce.training.loop import Loop

_MOST_SAMPLES = 512
_MOST_NUMBERS = 2**21


def evaluate(loop: Loop, part: Part) -> tuple[float, float]:
    """Mean cross-entropy and share of right answers over all labels of ``part``."""
    size = max(1, min(_MOST_SAMPLES, _MOST_NUMBERS // math.prod(part.inputs.shape[1:])))
    losses, right = 0.0, 0
    for start in range(0, len(part), size):
        labels = part.labels[start : start + size]
        inputs = _padded(part.inputs[start : start + size], size)
        logits = loop.logits(inputs)[: len(labels)].astype(np.float64)
        losses += float(cross_entropies(logits, labels).sum())
        right += int((logits.argmax(-1) == labels).sum())
    return losses / part.labels.size, right / part.labels.size


def cross_entropies(logits: NDArray[np.float64], labels: NDArray[np.int32]) -> NDArray[np.float64]:
    """The cross-entropy of each label; NaN where a logit is not finite."""
    with np.errstate(invalid="ignore", over="ignore"):
        shifted = logits - logits.max(axis=-1, keepdims=True)
        chosen = np.take_along_axis(shifted, labels[..., None], axis=-1)[..., 0]
        result: NDArray[np.float64] = np.log(np.exp(shifted).sum(axis=-1)) - chosen
    return result


def _padded(inputs: NDArray[Any], size: int) -> NDArray[Any]:
    """A full evaluation batch, so that one compiled function serves them all."""
    missing = size - len(inputs)
    return np.pad(inputs, ((0, missing), *[(0, 0)] * (inputs.ndim - 1))) if missing else inputs
