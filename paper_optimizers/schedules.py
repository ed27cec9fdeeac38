"""Learning-rate schedules for any Keras optimizer: warm-up, hold, cosine, and the evolved factors LR1 to LR9."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import ArrayLike, NDArray

from paper_optimizers.catalog import describe_schedule
from paper_optimizers.curves import Progress, progress
from paper_optimizers.graph import Graph
from paper_optimizers.keras_namespace import KERAS
from paper_optimizers.namespaces import NUMPY
from paper_optimizers.one_cycle import base_rate, check_phases
from paper_optimizers.program import evaluate_graph
from paper_optimizers.registration import register_with_keras
from paper_optimizers.serialization import graph_from_dict, graph_to_dict
from paper_optimizers.simulation import numpy_progress

#: The released code's rate at step 0 of an evolved schedule.
FIRST_RATE = 1e-7


def step_dtype() -> str:
    """The type in which what depends on the step alone is computed: a long run's steps overflow or merge in 16 bits."""
    return "float64" if keras.backend.floatx() == "float64" else "float32"


def integer_steps(step: Any) -> Any:
    """``step`` as an integer tensor: optimizers count in integers, users may call a schedule with anything."""
    tensor = ops.convert_to_tensor(step)
    return tensor if "int" in keras.backend.standardize_dtype(tensor.dtype) else ops.cast(tensor, "int32")


def keras_progress(step: Any, total_steps: int, dtype: str) -> Progress:
    """Training progress at an integer tensor ``step``, as scalars of type ``dtype``."""
    return progress(step, total_steps, minimum=ops.minimum, cast=lambda value: ops.cast(value, dtype))


@keras.saving.register_keras_serializable("paper_optimizers")
class WarmupHoldCosine(keras.optimizers.schedules.LearningRateSchedule):
    """Linear warm-up from 0 to ``peak``, hold at it, then half a cosine to 0.

    The paper's base schedule. Past the end it holds its last value, that of step ``total_steps - 1``. Without a
    warm-up it begins at ``peak``.

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
        """See the class."""
        if isinstance(peak, bool) or not isinstance(peak, int | float | np.floating) or not 0 < peak < math.inf:
            raise ValueError(f"peak must be a positive, finite number; received {peak!r}")
        self.peak = float(peak)
        self.total_steps, self.warmup_steps, self.hold_steps = check_phases(total_steps, warmup_steps, hold_steps)
        self.name = name

    def __call__(self, step: Any) -> Any:
        """The rate at ``step``, a tensor of Keras' floating type."""
        dtype = step_dtype()
        held = ops.minimum(integer_steps(step), self.total_steps - 1)
        rate = self._rate(KERAS, ops.cast(held, dtype), keras_progress(held, self.total_steps, dtype))
        return ops.cast(rate, keras.backend.floatx())

    def values(self, steps: ArrayLike) -> NDArray[np.float64]:
        """The rates at an array of integer steps, in float64 NumPy, for tables and figures."""
        held = np.minimum(np.asarray(steps, np.int64), self.total_steps - 1)
        rates = self._rate(NUMPY, held.astype(np.float64), numpy_progress(held, self.total_steps))
        return np.asarray(rates, np.float64)

    def _rate(self, xp: Any, step: Any, now: Progress) -> Any:
        del now
        return base_rate(xp, step, self.peak, self.total_steps, self.warmup_steps, self.hold_steps)

    def get_config(self) -> dict[str, Any]:
        """The arguments, for serialisation."""
        return {
            "peak": self.peak,
            "total_steps": self.total_steps,
            "warmup_steps": self.warmup_steps,
            "hold_steps": self.hold_steps,
            "name": self.name,
        }


@keras.saving.register_keras_serializable("paper_optimizers")
class EvolvedSchedule(WarmupHoldCosine):
    """An evolved schedule: `WarmupHoldCosine` times a factor over the decay curves.

    The factor may exceed 1, so the rate may exceed ``peak``. At step 0 the rate is 1e-7, as released (LR8's factor is
    10^7 there).

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
        """See the class."""
        super().__init__(peak, total_steps, warmup_steps, hold_steps, name)
        self._catalog_name = factor if isinstance(factor, str) else None
        if isinstance(factor, str):
            factor = describe_schedule(factor).factor
        self.factor = factor if isinstance(factor, Graph) else graph_from_dict(factor, "decay")
        if self.factor.kind != "decay":
            raise ValueError("the factor must be a graph of kind 'decay'; received one of kind 'update'")

    def _rate(self, xp: Any, step: Any, now: Progress) -> Any:
        rate = super()._rate(xp, step, now) * evaluate_graph(self.factor, xp, now)
        return xp.where(step < 1.0, xp.full_like(step, FIRST_RATE), rate)

    def get_config(self) -> dict[str, Any]:
        """The arguments, for serialisation; a factor of the catalog by its name, another as plain data."""
        return {"factor": self._catalog_name or graph_to_dict(self.factor), **super().get_config()}


register_with_keras(__name__)
