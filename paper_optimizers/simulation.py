"""Running a spec on plain NumPy arrays in float64: the oracle, and a way to look at an optimizer without a model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from paper_optimizers.errors import shown
from paper_optimizers.namespaces import NUMPY
from paper_optimizers.one_cycle import UNKNOWN_RUN, RunPhases
from paper_optimizers.program import compile_spec
from paper_optimizers.spec import OptimizerSpec
from paper_optimizers.step import Draw, PureOptimizer, State, StepValues, TensorState
from paper_optimizers.suggestions import other_form

Array = NDArray[np.float64]


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
        draw: Source of the dropout masks, see `paper_optimizers.step.Draw`; needed where
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
        if not isinstance(spec, OptimizerSpec):
            raise ValueError(f"spec must be an OptimizerSpec; received {shown(spec)}{other_form(spec)}")
        if spec.needs_total_steps and total_steps is None:
            raise ValueError("this spec reads training progress; pass total_steps=, the number of steps of the run")
        if spec.is_random and draw is None:
            raise ValueError("this spec draws dropout masks; pass draw=, e.g. draw_from(numpy.random.default_rng(0))")
        phases = UNKNOWN_RUN if total_steps is None else RunPhases(total_steps, warmup_steps, hold_steps).checked()
        self.iterations = 0
        self._optimizer = PureOptimizer(compile_spec(spec), NUMPY, phases)
        self._tensors: tuple[TensorState, ...] = ()
        self._draw = draw

    def step_values(self) -> StepValues:
        """The scalars of the coming step."""
        with np.errstate(all="ignore"):
            return self._optimizer.values(self.iterations)

    def updates(self, weights: Sequence[Array], gradients: Sequence[Array]) -> list[Array]:
        """Advance the state by one step and return each tensor's update ``u``, before momentum and rate."""
        tensors = zip(_float64(gradients), _float64(weights), self._state(weights).tensors, strict=True)
        values = self.step_values()
        with np.errstate(all="ignore"):
            results = [self._optimizer.update(values, *each, draw=self._draw) for each in tensors]
        self.iterations, self._tensors = self.iterations + 1, tuple(state for _, state in results)
        return [np.broadcast_to(u, np.shape(weight)) for (u, _), weight in zip(results, weights, strict=True)]

    def step(self, weights: Sequence[Array], gradients: Sequence[Array], learning_rate: float) -> list[Array]:
        """The weights after one step at base rate ``learning_rate`` (the spec's own factor multiplies it)."""
        arrays = _float64(weights)
        with np.errstate(all="ignore"):
            moved, state = self._optimizer.step(
                _float64(gradients), self._state(arrays), arrays, learning_rate, draw=self._draw
            )
        self.iterations, self._tensors = state
        return moved

    def _state(self, weights: Sequence[Array]) -> State:
        return State(self.iterations, self._tensors or self._optimizer.init(_float64(weights)).tensors)


def _float64(arrays: Sequence[Array]) -> list[Array]:
    return [np.asarray(array, np.float64) for array in arrays]
