"""Quicker forms of the step on processors, where a back end would run it operation by operation over whole tensors.

JAX compiles the whole training step, and needs none. On TensorFlow, which compiles nothing on a processor unless it is
told to, the step of each large tensor is compiled by XLA. On PyTorch all tensors are moved as
`paper_optimizers.torch` moves them.
"""

from __future__ import annotations

import functools
import platform
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import keras
import numpy as np

from paper_optimizers.keras.namespace import COMPILED
from paper_optimizers.namespaces import NUMPY
from paper_optimizers.program import Program
from paper_optimizers.step import PureOptimizer, TensorState, is_long_and_used_twice

#: Numbers in a tensor from which on TensorFlow compiles its step: below, the call costs as much as it saves.
LEAST = 2**14


def is_compiled_apart(variable: Any, program: Program) -> bool:
    """Whether TensorFlow compiles the step of this variable by itself."""
    if keras.backend.backend() != "tensorflow" or program.num_draws or platform.system() == "Darwin":
        return False
    import tensorflow as tf

    variable = variable.value if isinstance(variable, keras.Variable) else variable
    large = variable.shape.is_fully_defined() and variable.shape.num_elements() >= LEAST
    return large and "CPU" in (variable.device or "") and not tf.distribute.has_strategy()


@functools.lru_cache(maxsize=64)
def compiled_move(program: Program) -> Any:
    """`PureOptimizer.move` of a program without masks, compiled by TensorFlow for each size and kind of arguments.

    Tensors are flat there, so that those of one size share what is compiled, whatever their shapes.
    """
    import tensorflow as tf

    pure = PureOptimizer(program, COMPILED)

    def update(values: Any, rate: Any, gradient: Any, weight: Any, state: Any, weight_decay: Any) -> Any:
        return pure.update(values, gradient, pure.decayed(values, rate, weight, weight_decay), state)

    def rest(update: Any, values: Any, rate: Any, weight: Any, state: Any, weight_decay: Any) -> Any:
        return pure.move_by(update, values, rate, weight, state, weight_decay=weight_decay)

    def move(values: Any, rate: Any, gradient: Any, weight: Any, state: Any, weight_decay: Any) -> Any:
        return pure.move(values, rate, gradient, weight, state, weight_decay=weight_decay)

    first, second = (tf.function(each, jit_compile=True, autograph=False) for each in (update, rest))
    whole = tf.function(move, jit_compile=True, autograph=False)

    def flat(value: Any) -> Any:
        return tf.reshape(value.value if isinstance(value, keras.Variable) else value, [-1])

    def call(values: Any, rate: Any, gradient: Any, weight: Any, state: TensorState, weight_decay: Any) -> Any:
        shape, gradient, weight, state = weight.shape, flat(gradient), flat(weight), state.map(flat)
        if not is_long_and_used_twice(program):
            weight, state = whole(values, rate, gradient, weight, state, weight_decay)
        else:
            result, state = first(values, rate, gradient, weight, state, weight_decay)
            weight, state = second(result, values, rate, weight, state, weight_decay)
        return tf.reshape(weight, shape), state.map(lambda array: tf.reshape(array, shape))

    return call


class Movable(NamedTuple):
    """A variable to be moved.

    Attributes:
        gradient: Its gradient.
        variable: A Keras variable.
        slots: Its averages, states and momentum, which are Keras variables.
        weight_decay: How much of it is taken before the step, times the applied rate; 0 for none.
    """

    gradient: Any
    variable: Any
    slots: TensorState
    weight_decay: float


def move_together(
    pure: PureOptimizer, counter: keras.Variable, updates: Any, rate: Any, movables: Sequence[Movable]
) -> list[Movable]:
    """Move variables of PyTorch on a processor at once, in place, and return those that must be moved one by one.

    Args:
        pure: The compiled spec over its run.
        counter: The optimizer's own variable.
        updates: How many there were.
        rate: The learning rate, without the spec's schedule factor.
        movables: The variables with their gradients and state.
    """
    import torch

    from paper_optimizers.torch.moving import Mover
    from paper_optimizers.torch.namespace import TORCH

    if torch.compiler.is_compiling() or pure.program.num_draws or _is_stateless(counter):
        return list(movables)
    alike: dict[Any, list[Any]] = {}
    left = []
    for movable in movables:
        row = _row(movable)
        if row is None:
            left.append(movable)
        else:
            alike.setdefault((row[0].dtype, row[1].dtype, movable.weight_decay), []).append(row)
    if alike:
        with np.errstate(all="ignore"):
            values = replace(pure, xp=NUMPY).values(int(updates))
        numbers = values.map(lambda value: None if value is None else float(value))
        with torch.no_grad():
            for (*_, weight_decay), rows in alike.items():
                mover = Mover(replace(pure, xp=TORCH), numbers, float(rate), weight_decay)
                mover.move_together(rows, in_pieces=True)
    return left


def _is_stateless(counter: Any) -> bool:
    """Whether variables stand for tensors of someone else, as in a `keras.StatelessScope`.

    There an assignment puts another tensor in the place of the old one, which is changed in place elsewhere.
    """
    before = counter.value
    counter.assign(before + 0)
    return counter.value is not before


def _row(movable: Movable) -> tuple[Any, ...] | None:
    """Weight, gradient and what is kept, as tensors that may be changed in place; None where they may not be."""
    import torch

    from paper_optimizers.torch.moving import is_plain

    weight, *arrays = (each.value.detach() for each in (movable.variable, *movable.slots.arrays()))
    row = (weight, movable.gradient.detach(), *arrays)
    plain = all(is_plain(each) and each.device.type == "cpu" and each.layout == torch.strided for each in row)
    return row if plain and weight.numel() and weight.shape == movable.gradient.shape else None
