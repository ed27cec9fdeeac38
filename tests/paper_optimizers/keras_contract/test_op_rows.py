"""Every row of the op tables computes its formula in Keras' own operations, in float32."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest

from paper_optimizers.curves import CURVES, progress
from paper_optimizers.graph import default_values
from paper_optimizers.keras.namespace import KERAS
from paper_optimizers.ops import FUNCTIONS
from tests.paper_optimizers.formulas import curves
from tests.paper_optimizers.op_rows import arguments, cases, expected

#: What a row that cancels may be off by where its result is small: a few units in the last place of 1.
CANCELS = {"tanh_derivative": 5e-7, "sigmoid_derivative": 5e-7, "log_abs": 5e-7, "softplus": 5e-7}


def clear(name: str, inputs: tuple[Any, ...]) -> Any:
    """Where float32 has the result at all: no overflow inside, no denominator that is nothing but rounding."""
    if name == "softplus":
        return inputs[0] < 80
    if name in ("divide", "reciprocal"):
        return np.abs(inputs[-1] + 1e-7) > 1e-9
    return ...


@pytest.mark.parametrize(("name", "parameters", "formula"), cases())
def test_functions(name: str, parameters: dict[str, float], formula: Callable[..., Any]) -> None:
    inputs = arguments(name, decades=15)
    inputs = tuple(x[clear(name, inputs)] for x in inputs)
    tensors = [keras.ops.convert_to_tensor(x) for x in inputs]
    result = FUNCTIONS[name].compute(KERAS, *tensors, **(default_values(name) | parameters))
    with np.errstate(all="ignore"):
        by_hand = np.asarray(expected(formula, inputs), np.float32)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(result), by_hand, rtol=2e-5, atol=CANCELS.get(name, 1e-36))


@pytest.mark.parametrize("total", [1, 3, 100, 100_000])
def test_curves(total: int) -> None:
    for step in np.unique(np.linspace(0, total - 1, 7).astype(int)):
        now = progress(KERAS, keras.ops.convert_to_tensor(int(step), "int32"), total)
        by_hand = curves(int(step), total)
        rows = [name for name in CURVES if name != "constant"]
        for name, label in zip(rows, by_hand, strict=True):
            ours = keras.ops.convert_to_numpy(CURVES[name].compute(KERAS, now, **default_values(name)))
            assert float(ours) == pytest.approx(by_hand[label], rel=1e-5, abs=2e-6), (name, step)
