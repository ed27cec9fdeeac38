"""Specs of optimizers that Keras has too walk the same way as Keras' own."""

from dataclasses import replace

import keras
import numpy as np
import pytest

import paper_optimizers as po
from paper_optimizers.expressions import apply, leaf, to_graph

STEPS = 50
RATE = 0.01


def walk(optimizer: keras.optimizers.Optimizer, smallest: float = 0.0) -> np.ndarray:
    """The weights after each step on random gradients, a fifth of them exact zeros, none else below ``smallest``."""
    random = np.random.default_rng(7)
    variables = [keras.Variable(random.normal(size=shape).astype("float32")) for shape in ((5, 4), (3,))]
    weights = []
    for _ in range(STEPS):
        gradients = []
        for variable in variables:
            sizes = 10.0 ** random.uniform(np.log10(smallest or 1e-4), 0.5, variable.shape)
            signs = random.choice([-1.0, 0.0, 1.0], size=variable.shape, p=[0.4, 0.2, 0.4])
            signs[0] = 0.0  # weights that never see a gradient
            gradients.append(keras.ops.convert_to_tensor((sizes * signs).astype("float32")))
        optimizer.apply(gradients, variables)
        weights.append(np.concatenate([keras.ops.convert_to_numpy(v.value).ravel() for v in variables]))
    return np.array(weights)


def spec_walk(spec: po.OptimizerSpec | str, smallest: float = 0.0) -> np.ndarray:
    return walk(po.GraphOptimizer(spec, RATE), smallest)


@pytest.mark.parametrize(
    ("name", "theirs"),
    [
        ("SGD", lambda: keras.optimizers.SGD(RATE)),
        ("Momentum", lambda: keras.optimizers.SGD(RATE, momentum=0.9)),
        ("Nesterov", lambda: keras.optimizers.SGD(RATE, momentum=0.9, nesterov=True)),
        ("Lion", lambda: keras.optimizers.Lion(RATE, beta_1=0.9, beta_2=0.99)),
        ("RMSprop", lambda: keras.optimizers.RMSprop(RATE)),
        ("Adagrad", lambda: keras.optimizers.Adagrad(RATE)),
    ],
    ids=["SGD", "Momentum", "Nesterov", "Lion", "RMSprop", "Adagrad"],
)
def test_same_walk(name: str, theirs) -> None:
    np.testing.assert_allclose(spec_walk(name), walk(theirs()), rtol=0, atol=2e-6)


def adam(epsilon: float) -> po.OptimizerSpec:
    root = apply("sqrt_abs", leaf("moment", power=2, beta=0.999))
    return po.OptimizerSpec(to_graph(apply("divide", leaf("moment"), root, epsilon=epsilon)))


def test_adam_without_an_epsilon_to_speak_of() -> None:
    np.testing.assert_allclose(spec_walk(adam(1e-12)), walk(keras.optimizers.Adam(RATE, epsilon=1e-12)), atol=5e-6)


def test_adam_as_it_is() -> None:
    """Keras adds epsilon before the bias correction, so that it acts like epsilon / sqrt(1 - 0.999^t).

    That is 32 epsilon in step 1 and less later: at a gradient of size h the step is shorter by about 3e-6 / h of it.
    """
    assert adam(1e-7) == po.get("Adam")
    ours, theirs = spec_walk("Adam", smallest=0.01), walk(keras.optimizers.Adam(RATE), smallest=0.01)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=3e-4 * RATE * 3)
    first = np.abs(ours - theirs)[0]
    assert first.max() < 3.2e-4 * RATE + 2e-7


def test_adamw_up_to_the_place_of_adam_s_epsilon() -> None:
    ours, theirs = spec_walk("AdamW", smallest=0.01), walk(keras.optimizers.AdamW(RATE), smallest=0.01)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=3e-4 * RATE * 3)
    assert np.abs(ours - spec_walk("Adam", smallest=0.01)).max() > 1e-3  # the decay of the weights shows


def test_adam_written_with_keras_epsilon_at_one_step() -> None:
    """The whole difference is the place of epsilon: with Keras' effective epsilon of step 1, the first steps agree."""
    epsilon = 1e-7 / np.sqrt(1 - 0.999)
    ours, theirs = spec_walk(adam(float(epsilon))), walk(keras.optimizers.Adam(RATE))
    np.testing.assert_allclose(ours[0], theirs[0], rtol=0, atol=3e-7)
    plain = spec_walk("Adam")
    assert np.abs(plain[0] - theirs[0]).max() > 1e-5


def test_momentum_given_by_the_user() -> None:
    ours = walk(po.GraphOptimizer("Momentum", RATE, momentum=0.5))
    np.testing.assert_allclose(ours, walk(keras.optimizers.SGD(RATE, momentum=0.5)), rtol=0, atol=2e-6)


def test_ascent_is_descent_on_negated_gradients() -> None:
    up = walk(po.GraphOptimizer(replace(po.get("Momentum"), ascend=True), RATE))
    down = walk(po.GraphOptimizer("Momentum", RATE))
    start = walk(keras.optimizers.SGD(1e-30))
    np.testing.assert_allclose(up - start, start - down, rtol=0, atol=2e-6)
