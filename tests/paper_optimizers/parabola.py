"""The parabola that every published optimizer must descend at every door: ``sum((w - TARGET)^2)``, from w = 0."""

from __future__ import annotations

from typing import Any

import numpy as np

#: Where all gradients are 1, A2 stands still; here they are not.
TARGET = np.array([0.4, -0.3, 0.2], np.float32)
STEPS = 300
RUN = {"total_steps": STEPS, "warmup_steps": 0}


def rate(name: str) -> float:
    """The peak rate that is enough: one for all but Opt10, whose updates are short."""
    return 3.0 if name == "Opt10" else 0.05


def is_descended(weights: Any) -> bool:
    """Whether most of the loss is gone. Opt1 to Opt3 and A2 do not come to rest where gradients are small."""
    return float(np.sum(np.square(np.asarray(weights) - TARGET))) < 0.1 * float(np.sum(np.square(TARGET)))
