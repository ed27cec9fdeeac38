"""The optimizers that the contract is proved on, and the small worlds they act in."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import keras
import numpy as np

import paper_optimizers as po

TOTAL_STEPS = 40
BACKEND = keras.backend.backend()

DROPOUT = po.from_text("None ~ drop(g, 0.5)")
STATEFUL = po.from_text("None ~ ((expMovAvg(g))+(deltaChange(g)))+(MaxValue(10-3w))")
EVERYTHING = po.from_text("Nest ~ ([a1][drop(expMovAvg(v hat), 0.1)])+((deltaChange(s hat))+(drop(MaxValue(g), 0.3)))")

#: Name to ``make(learning_rate=0.05, **arguments)``. Between them: no state, moments, per-node states, momentum of
#: both types, one-cycle and constant, decays, a schedule factor, random masks, the norm, erfc and bessel_i1e.
OPTIMIZERS: Mapping[str, Callable[..., keras.optimizers.Optimizer]] = {
    "Opt1": partial(po.Opt1, learning_rate=0.05),
    "Opt4": partial(po.Opt4, learning_rate=0.05, total_steps=TOTAL_STEPS),
    "Opt9": partial(po.Opt9, learning_rate=0.05, total_steps=TOTAL_STEPS),
    "Opt10": partial(po.Opt10, learning_rate=0.05, total_steps=TOTAL_STEPS),
    "A5": partial(po.A5, learning_rate=0.05),
    "dropout": partial(po.GraphOptimizer, DROPOUT, learning_rate=0.05, seed=7),
    "stateful": partial(po.GraphOptimizer, STATEFUL, learning_rate=0.05),
    "everything": partial(po.GraphOptimizer, EVERYTHING, learning_rate=0.05, total_steps=TOTAL_STEPS, seed=7),
    "momentum": partial(po.GraphOptimizer, "Momentum", learning_rate=0.05),
}

SHAPES = ((3, 2), (2,))


def make_variables(dtype: str = "float32", shapes: Sequence[tuple[int, ...]] = SHAPES) -> list[keras.Variable]:
    """One variable for each shape; the same values at every call."""
    random = np.random.default_rng(0)
    return [
        keras.Variable(random.normal(size=shape), dtype=dtype, name=f"weight_{index}")
        for index, shape in enumerate(shapes)
    ]


def gradient_arrays(step: int, shapes: Sequence[tuple[int, ...]] = SHAPES) -> list[np.ndarray]:
    """Gradients of one step, the same at every call, each with an exact zero."""
    random = np.random.default_rng([1, step])
    gradients = [random.normal(size=shape).astype("float32") for shape in shapes]
    for gradient in gradients:
        gradient.flat[0] = 0.0
    return gradients


def gradients_of(step: int, dtype: str = "float32") -> list[Any]:
    """`gradient_arrays` as tensors."""
    return [keras.ops.convert_to_tensor(gradient, dtype=dtype) for gradient in gradient_arrays(step)]


def train(optimizer: keras.optimizers.Optimizer, variables: Sequence[keras.Variable], steps: Iterable[int]) -> None:
    """Apply the gradients of each of ``steps``."""
    for step in steps:
        optimizer.apply(gradients_of(step, variables[0].dtype), variables)


def arrays(variables: Iterable[Any]) -> list[np.ndarray]:
    """The values of variables or tensors."""
    return [np.array(keras.ops.convert_to_numpy(variable)) for variable in variables]


def assert_equal(ours: Iterable[Any], theirs: Iterable[Any], tolerance: float = 0.0) -> None:
    """Each array of ``ours`` is that of ``theirs`` within a tolerance, relative and absolute."""
    for a, b in zip(arrays(ours), arrays(theirs), strict=True):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance, equal_nan=False)


def make_model(**layer_arguments: Any) -> keras.Model:
    """Three inputs, two outputs; the same weights at every call."""
    layers = [
        keras.layers.Dense(4, "tanh", kernel_initializer=keras.initializers.RandomNormal(seed=1), name="hidden"),
        keras.layers.Dense(2, kernel_initializer=keras.initializers.RandomNormal(seed=2), name="output"),
    ]
    if layer_arguments:
        layers = [type(layer).from_config(layer.get_config() | layer_arguments) for layer in layers]
    return keras.Sequential([keras.Input((3,)), *layers])


def fit(model: keras.Model, epochs: int = 2, **arguments: Any) -> keras.callbacks.History:
    """Three steps an epoch on fixed data."""
    random = np.random.default_rng(3)
    x, y = random.normal(size=(24, 3)).astype("float32"), random.normal(size=(24, 2)).astype("float32")
    return model.fit(x, y, batch_size=8, epochs=epochs, shuffle=False, verbose=0, **arguments)


def compiled(optimizer: keras.optimizers.Optimizer | str, **arguments: Any) -> keras.Model:
    """`make_model`, compiled."""
    model = make_model()
    model.compile(optimizer, "mse", **arguments)
    return model
