"""Steps count from 0, through every door: the n-th update is that of step n - 1.

LR1 shows it best, as its a8 begins anew half-way: over 100 updates its factor is 1.154 in the fiftieth and 0.498 in the
next. The numbers are of the formula that was published, by hand, and of the rates that the published code gave.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

import paper_optimizers as po
from tests.paper_optimizers.cases import RELEASED, released_schedules

RATE, DECAY, TOTAL_STEPS = 0.1, 0.1, 100
#: LR1's factor by the number of the update, counted from 1.
FACTORS = {1: 0.157299, 2: 0.157415, 50: 1.153838, 51: 0.497698, 99: 1.949127, 100: 1.958716, 101: 1.958716}


def keras_weights() -> Iterator[float]:
    """A weight after each update without a gradient: weight decay alone moves it, at the rate that is applied."""
    import keras

    optimizer = po.Opt5(RATE, total_steps=TOTAL_STEPS, weight_decay=DECAY)
    variable = keras.Variable(np.ones(1, "float32"))
    while True:
        optimizer.apply([keras.ops.zeros(1)], [variable])
        yield float(keras.ops.convert_to_numpy(variable)[0])


def torch_weights() -> Iterator[float]:
    """The same through the door to PyTorch."""
    torch = pytest.importorskip("torch")
    from paper_optimizers.torch import create

    parameter = torch.nn.Parameter(torch.ones(1))
    optimizer = create("Opt5", [parameter], RATE, total_steps=TOTAL_STEPS, weight_decay=DECAY)
    while True:
        parameter.grad = torch.zeros(1)
        optimizer.step()
        yield float(parameter.detach()[0])


def optax_weights() -> Iterator[float]:
    """The same through the door to JAX."""
    optax = pytest.importorskip("optax")
    from paper_optimizers.optax import opt5

    weights = np.ones(1, "float32")
    transformation = opt5(RATE, TOTAL_STEPS, weight_decay=DECAY)
    state = transformation.init(weights)
    while True:
        updates, state = transformation.update(np.zeros(1, "float32"), state, weights)
        weights = optax.apply_updates(weights, updates)
        yield float(weights[0])


@pytest.mark.parametrize("door", [keras_weights, torch_weights, optax_weights])
def test_the_n_th_update_is_that_of_step_n_less_1(door: Callable[[], Iterator[float]]) -> None:
    weights, last = door(), 1.0
    factors = {}
    for number in range(1, TOTAL_STEPS + 2):
        weight = next(weights)
        factors[number] = (1.0 - weight / last) / (RATE * DECAY)
        last = weight
    assert {number: factors[number] for number in FACTORS} == pytest.approx(FACTORS, rel=2e-3)


@pytest.mark.parametrize("name", RELEASED)
def test_the_published_code_counts_so_too(reference: Path, name: str) -> None:
    """Its factor falls where ours does: after step T / 2 - 1."""
    (_, total, *_), rates = released_schedules(reference, name)
    factors = rates["LR1"][1:] / rates["base"][1:]
    assert int(np.argmin(np.diff(factors))) + 1 == total // 2 - 1
    assert factors[total // 2 - 1] == pytest.approx(FACTORS[51], rel=1e-5)
