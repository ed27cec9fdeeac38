"""Tensors that are large enough for the quicker forms of a step follow the float64 oracle as small ones do."""

from typing import Any

import keras
import numpy as np
import pytest

import paper_optimizers as po
from paper_optimizers.keras import quick
from paper_optimizers.namespaces import NUMPY
from paper_optimizers.one_cycle import RunPhases
from paper_optimizers.program import compile_spec
from paper_optimizers.step import PureOptimizer
from tests.paper_optimizers.keras_contract.worlds import BACKEND

SHAPES = ((2 * quick.LEAST,), (3, 2))
STEPS, RATE = 4, 0.05
#: The weight decay of those that have one here.
DECAYS = {"Opt7": 0.01, "Opt10": 0.01}


def gradients() -> list[list[np.ndarray]]:
    """Of each step; those of the large tensor over many orders of magnitude."""
    random = np.random.default_rng(0)
    return [
        [random.normal(size=shape) * 10.0 ** random.uniform(-6, 0, shape) for shape in SHAPES] for _ in range(STEPS)
    ]


def oracle(spec: Any, start: list[np.ndarray], weight_decay: float | None) -> list[list[np.ndarray]]:
    """Weights after each step."""
    pure = PureOptimizer(compile_spec(spec), NUMPY, RunPhases(STEPS))
    weights, state = [each.astype(np.float64) for each in start], pure.init(start)
    path = [weights]
    for each in gradients():
        weights, state = pure.step(each, state, weights, RATE, weight_decay=weight_decay)
        path.append(weights)
    return path


@pytest.mark.parametrize(("name", "weight_decay"), [(name, DECAYS.get(name)) for name in po.names()])
def test_large_and_small_tensors_follow_the_oracle(name: str, weight_decay: float | None) -> None:
    random = np.random.default_rng(1)
    start = [random.normal(size=shape).astype(np.float32) for shape in SHAPES]
    variables = [keras.Variable(array) for array in start]
    optimizer = po.GraphOptimizer(name, lambda: RATE, total_steps=STEPS, weight_decay=weight_decay)
    path = oracle(po.get(name), start, weight_decay)
    for step, each in enumerate(gradients()):
        optimizer.apply([keras.ops.convert_to_tensor(array.astype(np.float32)) for array in each], variables)
        for variable, before, after in zip(variables, path[step], path[step + 1], strict=True):
            error = np.abs(keras.ops.convert_to_numpy(variable.value) - after).max()
            assert error < 2e-6 + 1e-5 * np.abs(after - before).max(), step


@pytest.mark.skipif(BACKEND != "tensorflow", reason="elsewhere nothing is compiled apart")
def test_a_large_tensor_is_compiled_and_a_small_one_is_not() -> None:
    program = compile_spec(po.get("Opt10"))
    large, small = (keras.Variable(np.zeros(shape, np.float32)) for shape in SHAPES)
    assert quick.is_compiled_apart(large, program)
    assert not quick.is_compiled_apart(small, program)
    assert not quick.is_compiled_apart(large, compile_spec(po.from_text("None ~ drop(g, 0.5)")))


@pytest.mark.skipif(BACKEND != "tensorflow", reason="elsewhere nothing is compiled apart")
def test_large_tensors_of_one_size_are_compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    traced = []
    move = PureOptimizer.move

    def counted(self: PureOptimizer, *arguments: Any, **keywords: Any) -> Any:
        traced.append(tuple(arguments[3].shape))
        return move(self, *arguments, **keywords)

    monkeypatch.setattr(PureOptimizer, "move", counted)
    shapes = [(128, 256), (256, 128), (2, 64, 256), (128, 257)]
    optimizer = po.GraphOptimizer(po.from_text("None ~ tanh((g)+(g))"), 0.5)
    variables = [keras.Variable(np.zeros(shape, np.float32)) for shape in shapes]
    for _ in range(2):
        optimizer.apply([keras.ops.ones(shape) for shape in shapes], variables)
    # What is smaller are trials of whether rows can be moved alone.
    assert sorted(shape for shape in traced if np.prod(shape) >= quick.LEAST) == [(32768,), (32896,)]
    for shape, variable in zip(shapes, variables, strict=True):
        np.testing.assert_allclose(variable.numpy(), np.full(shape, -np.tanh(2.0)), rtol=1e-5)


@pytest.mark.skipif(BACKEND != "torch", reason="the door's forms are those of PyTorch")
def test_what_is_moved_together_and_what_is_not() -> None:
    optimizer = po.Opt1(0.1)
    variables = [keras.Variable(np.ones(3, np.float32)), keras.Variable(np.ones(3, np.float32))]
    optimizer.build(variables)
    counter = optimizer.iterations
    movables = [
        quick.Movable(keras.ops.ones(3), variable, slots, 0.0)
        for variable, slots in zip(variables, optimizer._slots, strict=True)
    ]
    scope = keras.StatelessScope()
    with scope:
        assert quick.move_together(optimizer._pure, counter, counter, 0.1, movables) == movables
    assert quick.move_together(optimizer._pure, counter, counter, 0.1, movables) == []
    moved = [keras.ops.convert_to_numpy(variable.value) for variable in variables]
    assert (moved[0] < 1).all()
    np.testing.assert_array_equal(*moved)
