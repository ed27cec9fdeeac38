"""Every mask is new, on every back end, eager and compiled."""

import keras
import numpy as np
import pytest

import paper_optimizers as po
from tests.paper_optimizers.keras_contract.worlds import DROPOUT, arrays

WIDTH = 64


def masks(optimizer: keras.optimizers.Optimizer, steps: int) -> np.ndarray:
    """[step, variable, weight]: how much of a gradient of one each weight received."""
    variables = [keras.Variable(np.zeros(WIDTH, "float32")) for _ in range(2)]
    seen = [np.array(arrays(variables))]
    for _ in range(steps):
        optimizer.apply([keras.ops.ones((WIDTH,))] * 2, variables)
        seen.append(np.array(arrays(variables)))
    return -np.diff(seen, axis=0)


def assert_all_differ(observed: np.ndarray) -> None:
    rows = observed.reshape(-1, observed.shape[-1])
    assert len({row.tobytes() for row in np.round(rows)}) == len(rows)


def test_masks_differ_between_steps_and_variables() -> None:
    observed = masks(po.GraphOptimizer(DROPOUT, 1.0, seed=3), steps=6)
    assert set(np.unique(np.round(observed, 5))) == {0.0, 2.0}
    assert_all_differ(observed)
    assert 0.4 < (observed > 1.0).mean() < 0.6


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.3])
def test_the_rate_is_the_share_dropped(rate: float) -> None:
    observed = masks(po.GraphOptimizer(po.from_text(f"None ~ drop(g, {rate})"), 1.0, seed=3), steps=20)
    assert abs((observed < 0.5).mean() - rate) < 0.05
    np.testing.assert_allclose(observed[observed > 0.5], 1.0 / (1.0 - rate), rtol=1e-5)


def test_two_nodes_draw_two_masks() -> None:
    observed = masks(po.GraphOptimizer(po.from_text("None ~ (drop(g, 0.5))-(drop(g, 0.5))"), 1.0, seed=3), 4)
    assert set(np.unique(np.round(observed, 5))) == {-2.0, 0.0, 2.0}


def test_the_seed_decides_the_masks() -> None:
    one, same, other, drawn = (masks(po.GraphOptimizer(DROPOUT, 1.0, seed=s), 3) for s in (3, 3, 4, None))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)
    assert not np.array_equal(one, drawn)


class Weights(keras.callbacks.Callback):
    """Keeps the kernel at the end of every epoch."""

    def on_train_begin(self, logs: dict | None = None) -> None:
        self.seen = [arrays(self.model.trainable_variables)[0].ravel()]

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        self.seen.append(arrays(self.model.trainable_variables)[0].ravel())


@pytest.mark.parametrize("jit", ["auto", True, False])
def test_masks_differ_inside_fit(jit: str | bool) -> None:
    """A loss whose gradient is one everywhere shows the mask of each step."""
    if keras.backend.backend() == "torch" and jit is True:
        pytest.skip("on PyTorch jit_compile=True needs a C++ compiler")
    model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(8, use_bias=False)])
    model.compile(
        po.GraphOptimizer(DROPOUT, 1.0, seed=3), lambda y, p: keras.ops.sum(p, axis=-1) + 0.0 * y, jit_compile=jit
    )
    weights = Weights()
    model.fit(np.ones((1, 8)), np.zeros((1, 8)), epochs=5, verbose=0, callbacks=[weights])
    observed = -np.diff(weights.seen, axis=0)
    np.testing.assert_allclose(np.unique(np.round(observed, 4)), [0.0, 2.0])
    assert_all_differ(observed)
