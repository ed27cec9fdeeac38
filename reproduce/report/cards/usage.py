"""The lines of Python on a card: an optimizer as its runs had it, and a model that is compiled with it.

Rates were chosen as the peak of a warm-up and a cosine to 0; without these the same rate can keep a model from
learning.
"""

from __future__ import annotations

from dataclasses import dataclass

#: Stands for a rate that was not measured, which the reader has to choose.
UNKNOWN_RATE = "learning_rate"
_LOSS = "keras.losses.SparseCategoricalCrossentropy(from_logits=True)"


@dataclass(frozen=True)
class Shape:
    """The learning rate over a run, but for its peak.

    Attributes:
        warmup_fraction: Share of the run in which it rises from 0 to the peak.
        hold_fraction: Share of the run at the peak; then it falls to 0 along half a cosine.
    """

    warmup_fraction: float
    hold_fraction: float = 0.0

    @property
    def arguments(self) -> str:
        """The keyword arguments of `GraphOptimizer`, and of `WarmupHoldCosine`, that make it."""
        phases = {"warmup_steps": self.warmup_fraction, "hold_steps": self.hold_fraction}
        steps = (f"{name}={_steps(share)}" for name, share in phases.items() if share or name == "warmup_steps")
        return f"total_steps=total_steps, {', '.join(steps)}"

    @property
    def until_the_end(self) -> str:
        """The same of a rate that stays at its peak to the end, as schedule-free optimizers have it."""
        warmup = _steps(self.warmup_fraction)
        return f"total_steps=total_steps, warmup_steps={warmup}, hold_steps=total_steps - {warmup} - 1"


def rate_text(rate: float | None) -> str:
    """A rate as Python reads it; `UNKNOWN_RATE` of None."""
    return UNKNOWN_RATE if rate is None else f"{rate:g}"


def usage_of(start: str, optimizer: str) -> str:
    """The lines, for a model that ends in logits.

    Args:
        start: What is imported beside Keras.
        optimizer: The call that makes the optimizer, of a run of ``total_steps``.
    """
    return "\n".join(
        [
            "import keras",
            start,
            "total_steps = epochs * steps_per_epoch",
            f"optimizer = {optimizer}",
            f"model.compile(optimizer, {_LOSS})",
        ]
    )


def _steps(share: float) -> str:
    return f"int({share:g} * total_steps)" if share else "0"
