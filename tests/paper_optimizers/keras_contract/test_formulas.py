"""The Keras interpreter agrees with the formulas written out by hand, for everything in the catalog."""

from typing import Any

import keras
import numpy as np
import pytest

import paper_optimizers as po
from tests.paper_optimizers.cases import tensors
from tests.paper_optimizers.formulas import base_rates, trajectory

STEPS = 40
PHASES = (36, 6, 5)  # the last steps are past the end
TOLERANCE = 1e-5


CASES: list[tuple[str, dict[str, Any]]] = [(name, {}) for name in po.names()]
CASES += [(name, {"decay": False}) for name in po.names() if po.get(name).decays or po.get(name).schedule is not None]
CASES += [(name, {"momentum": 0.7}) for name in po.names() if po.get(name).momentum.type != "none"]


@pytest.mark.parametrize(("name", "arguments"), CASES, ids=str)
def test_keras_optimizer(name: str, arguments: dict[str, Any]) -> None:
    start, gradients = tensors(seed=len(name), steps=STEPS, shapes=((4, 4),))
    total, warmup, hold = PHASES
    rates = base_rates(0.1, *PHASES)
    optimizer = po.GraphOptimizer(name, 0.1, total_steps=total, warmup_steps=warmup, hold_steps=hold, **arguments)
    variables = [keras.Variable(weight.astype("float32")) for weight in start]
    expected = [
        trajectory(name, weight, [step[j] for step in gradients], rates, PHASES, **arguments)
        for j, weight in enumerate(start)
    ]
    for t, step in enumerate(gradients):
        optimizer.apply([keras.ops.convert_to_tensor(g.astype("float32")) for g in step], variables)
        for j, variable in enumerate(variables):
            ours, theirs = keras.ops.convert_to_numpy(variable.value), expected[j][t]
            assert np.abs(ours - theirs).max() < TOLERANCE * np.abs(theirs).max(), f"step {t}"


def test_every_momentum_is_replaced() -> None:
    assert [name for name, arguments in CASES if "momentum" in arguments] == ["Opt9", "Opt10", "Momentum", "Nesterov"]
