"""Learning-rate schedules for any Keras optimizer: warm-up, hold, cosine, and the evolved factors LR1 to LR9."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import ArrayLike, NDArray

from paper_optimizers.arguments import check_peak
from paper_optimizers.curves import Progress, numpy_progress, progress
from paper_optimizers.doors import as_factor
from paper_optimizers.graph import Graph
from paper_optimizers.keras.namespace import KERAS
from paper_optimizers.namespaces import NUMPY
from paper_optimizers.one_cycle import FIRST_RATE, RunPhases, base_rate, held_steps
from paper_optimizers.program import evaluate_graph
from paper_optimizers.schedule_docstrings import ScheduleManual
from paper_optimizers.serialization import graph_to_dict

_MANUAL = ScheduleManual(
    base="WarmupHoldCosine",
    optimizers="any optimizer of Keras, as its ``learning_rate``",
    peak="``peak``",
    counted="updates (batches with Keras' own optimizers)",
)


def held_tensor(step: Any, total_steps: int) -> Any:
    """``step`` as an int32 tensor in [0, ``total_steps`` - 1]: held before it is narrowed, so that nothing overflows.

    Args:
        step: Number, array, tensor or variable, of any real type.
        total_steps: T, at most 2**30.
    """
    last = total_steps - 1
    if not ops.is_tensor(step) and not isinstance(step, keras.Variable):
        return ops.convert_to_tensor(held_steps(step, total_steps).astype(np.int32))
    tensor = ops.convert_to_tensor(step)
    dtype = keras.backend.standardize_dtype(tensor.dtype)
    if dtype in ("float16", "bfloat16"):
        tensor = ops.cast(tensor, "float32")
    elif dtype not in ("int64", "uint32", "uint64", "float32", "float64"):
        tensor = ops.cast(tensor, "int32")
    # A float's bound may be rounded up, so it is held once more as an integer.
    return ops.clip(ops.cast(ops.clip(tensor, 0, last), "int32"), 0, last)


@keras.saving.register_keras_serializable("paper_optimizers")
@_MANUAL.of_base
class WarmupHoldCosine(keras.optimizers.schedules.LearningRateSchedule):
    """Linear warm-up from 0 to ``peak``, hold at it, then half a cosine to 0.

    The paper's base schedule. Past the end it holds its last value, that of step ``total_steps - 1``, and before step
    0 its first. Without a warm-up it begins at ``peak``.

    A step is an update of an optimizer of this package. Keras' own optimizers call a schedule with the number of
    batches: with ``gradient_accumulation_steps=k`` they need k times the number of updates, here and for warm-up and
    hold.

    Args:
        peak: The largest learning rate, positive and finite.
        total_steps: T, the number of steps of the run.
        warmup_steps: Steps of the warm-up.
        hold_steps: Steps at the peak after it.
        name: Optional name.

    Raises:
        ValueError: If a value is out of its range, or warm-up and hold leave no step for the cosine.

    Examples:
        >>> from paper_optimizers import WarmupHoldCosine
        >>> schedule = WarmupHoldCosine(0.1, total_steps=100, warmup_steps=10)
        >>> [round(float(schedule(step)), 3) for step in (0, 5, 10, 55, 99)]
        [0.0, 0.05, 0.1, 0.05, 0.0]

    References:
        Morgan & Hougen, arXiv 2404.06679.
    """

    def __init__(
        self,
        peak: float,
        total_steps: int,
        warmup_steps: int = 0,
        hold_steps: int = 0,
        name: str | None = None,
    ) -> None:
        self.peak = check_peak(peak)
        RunPhases(total_steps, warmup_steps, hold_steps).checked()
        self.total_steps, self.warmup_steps, self.hold_steps = int(total_steps), int(warmup_steps), int(hold_steps)
        self.name = name

    @property
    def phases(self) -> RunPhases:
        """Length of the run, the warm-up and the hold, in steps."""
        return RunPhases(self.total_steps, self.warmup_steps, self.hold_steps)

    def __call__(self, step: Any) -> Any:
        """The rate at ``step``, a tensor of Keras' floating type."""
        held = held_tensor(step, self.total_steps)
        rate = self._rate(KERAS, KERAS.floating(held), progress(KERAS, held, self.total_steps))
        return ops.cast(rate, keras.backend.floatx())

    def values(self, steps: ArrayLike) -> NDArray[np.float64]:
        """The rates at an array of integer steps, in float64 NumPy, for tables and figures."""
        held = held_steps(steps, self.total_steps)
        rates = self._rate(NUMPY, held, numpy_progress(held, self.total_steps))
        return np.asarray(rates, np.float64)

    def _rate(self, xp: Any, step: Any, now: Progress) -> Any:
        del now
        return base_rate(xp, step, self.peak, self.total_steps, self.warmup_steps, self.hold_steps)

    def get_config(self) -> dict[str, Any]:
        """The arguments, for serialization."""
        return {
            "peak": self.peak,
            "total_steps": self.total_steps,
            "warmup_steps": self.warmup_steps,
            "hold_steps": self.hold_steps,
            "name": self.name,
        }


@keras.saving.register_keras_serializable("paper_optimizers")
@_MANUAL.of_evolved
class EvolvedSchedule(WarmupHoldCosine):
    """An evolved schedule: `WarmupHoldCosine` times a factor over the decay curves.

    Args:
        factor: ``"LR1"`` to ``"LR9"``, or a graph of kind "decay" (or its JSON form as plain data).
        peak: The base schedule's largest rate.
        total_steps: T, the number of steps of the run.
        warmup_steps: Steps of the warm-up.
        hold_steps: Steps at the peak after it.
        name: Optional name.

    Raises:
        KeyError: With the nearest name, for an unknown schedule.
        ValueError: As `WarmupHoldCosine`; SpecError for a malformed graph.

    Examples:
        >>> import keras
        >>> from paper_optimizers import EvolvedSchedule
        >>> schedule = EvolvedSchedule("LR7", 0.1, total_steps=100, warmup_steps=10)
        >>> [round(float(schedule(step)), 3) for step in (5, 10, 55, 99)]
        [0.052, 0.11, 0.052, 0.0]
        >>> optimizer = keras.optimizers.Adam(schedule)

    References:
        Morgan & Hougen, arXiv 2404.06679.
    """

    def __init__(
        self,
        factor: str | Graph | dict[str, Any],
        peak: float,
        total_steps: int,
        warmup_steps: int = 0,
        hold_steps: int = 0,
        name: str | None = None,
    ) -> None:
        super().__init__(peak, total_steps, warmup_steps, hold_steps, name)
        self._catalog_name = factor if isinstance(factor, str) else None
        self.factor = as_factor(factor)

    def _rate(self, xp: Any, step: Any, now: Progress) -> Any:
        rate = super()._rate(xp, step, now) * evaluate_graph(self.factor, xp, now)
        return xp.where(step < 1.0, xp.full_like(step, FIRST_RATE), rate)

    def get_config(self) -> dict[str, Any]:
        """The arguments, for serialization; a factor of the catalog by its name, another as plain data."""
        return {"factor": self._catalog_name or graph_to_dict(self.factor), **super().get_config()}
