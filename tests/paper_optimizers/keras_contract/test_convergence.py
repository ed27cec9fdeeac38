"""Every published optimizer descends, compiled where the back end compiles."""

from typing import Any

import keras
import pytest

import paper_optimizers as po
from tests.paper_optimizers import parabola
from tests.paper_optimizers.cases import EVOLVED
from tests.paper_optimizers.keras_contract.worlds import BACKEND, arrays


def descend(optimizer: keras.optimizers.Optimizer, variable: keras.Variable) -> Any:
    """The weights after all steps."""
    target = keras.ops.convert_to_tensor(parabola.TARGET)
    if BACKEND == "jax":
        import jax

        optimizer.build([variable])
        pure = jax.jit(lambda state, weight: optimizer.stateless_apply(state, [2.0 * (weight - target)], [weight]))
        state, weight = [each.value for each in optimizer.variables], variable.value
        for _ in range(parabola.STEPS):
            (weight,), state = pure(state, weight)
        return weight

    def step() -> None:
        optimizer.apply([2.0 * (variable.value - target)], [variable])

    if BACKEND == "tensorflow":
        import tensorflow as tf

        optimizer.build([variable])
        step = tf.function(step, autograph=False)
    for _ in range(parabola.STEPS):
        step()
    return variable.value


@pytest.mark.parametrize("name", EVOLVED)
def test_on_a_parabola_most_of_the_loss_goes(name: str) -> None:
    optimizer = getattr(po, name)(parabola.rate(name), **parabola.RUN)
    weights = descend(optimizer, keras.Variable([0.0, 0.0, 0.0]))
    assert parabola.is_descended(*arrays([weights]))
