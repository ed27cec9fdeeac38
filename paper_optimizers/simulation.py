"""Running a spec on plain NumPy arrays in float64: the oracle, and a way to look at an optimizer without a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from paper_optimizers.curves import Progress, progress
from paper_optimizers.errors import shown
from paper_optimizers.namespaces import NUMPY
from paper_optimizers.one_cycle import check_phases, one_cycle_phase
from paper_optimizers.program import Draw, StepValues, compile_spec, run_update, step_values
from paper_optimizers.spec import OptimizerSpec
from paper_optimizers.suggestions import other_form

Array = NDArray[np.float64]


def numpy_progress(step: Any, total_steps: int) -> Progress:
    """Training progress in float64 at integer ``step``, a scalar or an array."""
    return progress(
        np.asarray(step, np.int64),
        total_steps,
        minimum=np.minimum,
        cast=lambda value: np.asarray(value, np.float64),
    )


def draw_from(generator: np.random.Generator) -> Draw:
    """Dropout masks from ``generator``, one draw after another."""
    return lambda number, tensor: generator.random(np.shape(tensor))


class NumpyOptimizer:
    """A spec over a list of float64 tensors.

    Args:
        spec: The optimizer.
        total_steps: T; needed where ``spec.needs_total_steps``.
        warmup_steps: Length of the warm-up, for one-cycle momentum.
        hold_steps: Length of the hold, for one-cycle momentum.
        draw: Source of the dropout masks, see `paper_optimizers.program.run_update`; needed where
            ``spec.is_random``. `draw_from` makes one from a random generator.

    Raises:
        ValueError: If ``spec`` is not a spec, a needed argument is missing, or the step counts do not fit together.

    Examples:
        >>> import numpy as np
        >>> from paper_optimizers import get
        >>> optimizer = NumpyOptimizer(get("SGD"))
        >>> [float(w[0]) for w in optimizer.step([np.ones(1)], [np.ones(1)], learning_rate=0.25)]
        [0.75]
    """

    def __init__(
        self,
        spec: OptimizerSpec,
        *,
        total_steps: int | None = None,
        warmup_steps: int = 0,
        hold_steps: int = 0,
        draw: Draw | None = None,
    ) -> None:
        """See the class."""
        if not isinstance(spec, OptimizerSpec):
            raise ValueError(f"spec must be an OptimizerSpec; received {shown(spec)}{other_form(spec)}")
        if spec.needs_total_steps and total_steps is None:
            raise ValueError("this spec reads training progress; pass total_steps=, the number of steps of the run")
        if spec.is_random and draw is None:
            raise ValueError("this spec draws dropout masks; pass draw=, e.g. draw_from(numpy.random.default_rng(0))")
        if total_steps is not None:
            total_steps, warmup_steps, hold_steps = check_phases(total_steps, warmup_steps, hold_steps)
        self.program = compile_spec(spec)
        self.iterations = 0
        self._steps = (total_steps, warmup_steps, hold_steps)
        self._draw = draw
        self._moments: list[tuple[Array, ...]] = []
        self._states: list[tuple[Array, ...]] = []
        self._velocities: list[Array] = []

    def step_values(self) -> StepValues:
        """The scalars of the coming step."""
        total, warmup, hold = self._steps
        now = phase = None
        if total is not None:
            now = numpy_progress(self.iterations, total)
            phase = one_cycle_phase(NUMPY, float(min(self.iterations, total - 1)), total, warmup, hold)
        with np.errstate(all="ignore"):
            return step_values(self.program, NUMPY, count=self.iterations + 1.0, progress=now, one_cycle_phase=phase)

    def updates(self, weights: Sequence[Array], gradients: Sequence[Array]) -> list[Array]:
        """Advance the state by one step and return each tensor's update ``u``, before momentum and rate."""
        self._build(weights)
        step = self.step_values()
        results = []
        with np.errstate(all="ignore"):
            for index, (weight, gradient) in enumerate(zip(weights, gradients, strict=True)):
                result = run_update(
                    self.program, NUMPY, step, gradient=np.asarray(gradient, np.float64),
                    weight=np.asarray(weight, np.float64), moments=self._moments[index], states=self._states[index],
                    draw=self._draw,
                )  # fmt: skip
                self._moments[index], self._states[index] = result.moments, result.states
                results.append(np.broadcast_to(result.update, np.shape(weight)))
        self.iterations += 1
        return results

    def step(self, weights: Sequence[Array], gradients: Sequence[Array], learning_rate: float) -> list[Array]:
        """The weights after one step at base rate ``learning_rate`` (the spec's own factor multiplies it)."""
        scalars = self.step_values()
        rate = learning_rate if scalars.rate_factor is None else learning_rate * scalars.rate_factor
        updates = self.updates(weights, gradients)
        kind = self.program.spec.momentum.type
        moved = []
        with np.errstate(all="ignore"):
            for index, (weight, update) in enumerate(zip(weights, updates, strict=True)):
                change = -rate * update
                if kind != "none":
                    velocity = self._velocities[index] = scalars.momentum * self._velocities[index] + change
                    change = velocity if kind == "classical" else scalars.momentum * velocity + change
                moved.append(weight + change)
        return moved

    def _build(self, weights: Sequence[Array]) -> None:
        if self._velocities:
            return
        for weight in weights:
            zeros = np.zeros(np.shape(weight), np.float64)
            self._velocities.append(zeros)
            self._moments.append((zeros,) * len(self.program.moments))
            self._states.append((zeros,) * len(self.program.states))
