"""Sparse gradients: the rows of a weight tensor that a gradient names, moved alone.

TensorFlow's embeddings give `tf.IndexedSlices`; on JAX a gradient may be a `BCOO` of whole rows. PyTorch's are dense.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import keras
from keras import ops


class Rows(NamedTuple):
    """Rows of a tensor; a row may be named more than once, each time with the sum of all that was given for it.

    Attributes:
        numbers: [n] the rows, in ascending order.
        values: [n, ...] the gradient of each.
    """

    numbers: Any
    values: Any

    def read(self, variable: Any) -> Any:
        """These rows of ``variable``."""
        if keras.backend.backend() == "tensorflow":
            import tensorflow as tf

            return tf.gather(variable.value if isinstance(variable, keras.Variable) else variable, self.numbers)
        return ops.convert_to_tensor(variable)[self.numbers]

    def replaced(self, variable: Any, values: Any) -> Any:
        """Make the value that assigns ``values`` to these rows of ``variable`` where `write` takes it."""
        if keras.backend.backend() == "tensorflow":
            import tensorflow as tf

            return tf.IndexedSlices(values, self.numbers, variable.shape)
        from jax.experimental.sparse import BCOO

        return BCOO((values, self.numbers[:, None]), shape=variable.shape)


def is_sparse(gradient: Any) -> bool:
    """Whether a gradient names whole rows, so that `rows_of` can read it."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return isinstance(gradient, tf.IndexedSlices)
    if keras.backend.backend() == "jax":
        from jax.experimental.sparse import BCOO

        return isinstance(gradient, BCOO) and (gradient.n_batch, gradient.n_sparse) == (0, 1)
    return False


def rows_of(gradient: Any) -> Rows:
    """The rows of a sparse gradient, sorted so that equal numbers stand together, however many differ."""
    on_jax = keras.backend.backend() == "jax"
    numbers, values = (gradient.indices[:, 0], gradient.data) if on_jax else (gradient.indices, gradient.values)
    order = ops.argsort(numbers)
    numbers, values = ops.take(numbers, order, axis=0), ops.take(values, order, axis=0)
    first = ops.concatenate([ops.zeros_like(numbers[:1]), ops.cast(numbers[1:] != numbers[:-1], numbers.dtype)])
    group = ops.cumsum(first)
    return Rows(numbers, ops.take(ops.segment_sum(values, group, ops.shape(numbers)[0]), group, axis=0))


def with_rows(variable: Any, value: Any) -> Any:
    """Make the value to assign: ``value``, or on JAX the whole tensor with the rows of a sparse one replaced."""
    if keras.backend.backend() != "jax":
        return value
    from jax.experimental.sparse import BCOO

    if not isinstance(value, BCOO):
        return value
    return ops.convert_to_tensor(variable).at[value.indices[:, 0]].set(value.data)
