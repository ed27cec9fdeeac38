"""How an update answers to a change of its inputs, measured on invented gradients, where no catalog says it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray

from paper_optimizers.catalog import Invariances
from paper_optimizers.simulation import NumpyOptimizer
from paper_optimizers.spec import OptimizerSpec

Array = NDArray[np.float64]

_STEPS, _WEIGHTS = 10, 24
#: Scales of the weights and of the gradients at which an invariance must hold, and factors that gradients get.
_WEIGHT_SCALES, _GRADIENT_SCALES, _FACTORS = (0.1, 10.0, 1e4), (0.1, 1.0), (0.01, 10.0, 100.0)


@cache
def measure(spec: OptimizerSpec) -> Invariances:
    """The invariances that hold on every one of a few runs; dropout keeps every value.

    Scaling is compared to 1e-3, since what is added to divisors breaks it a little; the rest to rounding.
    """
    random = np.random.default_rng(8)
    signs = random.choice([-1.0, 0.0, 1.0], size=(_STEPS, _WEIGHTS), p=[0.45, 0.1, 0.45])
    values = signs * 10.0 ** random.uniform(-0.5, 0.5, signs.shape)
    weights = [scale * random.normal(size=_WEIGHTS) for scale in _WEIGHT_SCALES]
    runs = [(weight, scale * values) for weight in weights for scale in _GRADIENT_SCALES]

    def everywhere(holds: Callable[[Array, Array, Array], bool]) -> bool:
        return all(holds(weight, gradients, _updates(spec, weight, gradients)) for weight, gradients in runs)

    def scaled(power: int) -> bool:
        return everywhere(
            lambda weight, gradients, update: all(
                np.allclose(_updates(spec, weight, factor * gradients), factor**power * update, rtol=1e-3, atol=0)
                for factor in _FACTORS
            )
        )

    return Invariances(
        gradient_scale="invariant" if scaled(0) else "proportional" if scaled(1) else "none",
        odd=everywhere(lambda w, g, update: np.allclose(_updates(spec, -w, -g), -update, rtol=1e-9, atol=0)),
        weight=everywhere(lambda w, g, update: np.allclose(_updates(spec, 0.5 * w + 1, g), update, rtol=1e-12, atol=0)),
    )


def _updates(spec: OptimizerSpec, weight: Array, gradients: Array) -> Array:
    """The updates, before momentum, at a weight that stays where it is."""
    optimizer = NumpyOptimizer(spec, total_steps=_STEPS, draw=lambda number, tensor: np.ones_like(tensor))
    with np.errstate(all="ignore"):
        return np.array([optimizer.updates([weight], [gradient])[0] for gradient in gradients])
