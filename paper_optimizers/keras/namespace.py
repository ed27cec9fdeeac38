"""The array namespace of Keras: keras.ops on whichever back end Keras runs."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import keras
from keras import ops

from paper_optimizers.namespaces import Namespace


class KerasNamespace(Namespace):
    """keras.ops on whichever back end Keras runs."""

    library = ops

    def maximum(self, a: Any, b: Any) -> Any:
        """The larger one, and NaN where either is NaN."""
        return _kept_nan(ops.maximum(a, b), b)

    def minimum(self, a: Any, b: Any) -> Any:
        """The smaller one, and NaN where either is NaN."""
        return _kept_nan(ops.minimum(a, b), b)

    def sign(self, x: Any) -> Any:
        """-1, 0 or 1, and NaN of NaN, which PyTorch's own makes 0."""
        signs = ops.sign(x)
        return ops.where(ops.isnan(x), x, signs) if keras.backend.backend() == "torch" else signs

    def bessel_i1e(self, x: Any) -> Any:
        """``exp(-|x|) I1(x)`` from the back end's own library: keras.ops has none."""
        backend = keras.backend.backend()
        if backend == "tensorflow":
            import tensorflow as tf

            return tf.math.bessel_i1e(x)
        if backend == "jax":
            from jax.scipy.special import i1e

            return i1e(x)
        if backend == "torch":
            import torch

            return torch.special.i1e(x)
        raise NotImplementedError(
            f"bessel_i1e is not available on the Keras back end {backend!r}; use tensorflow, jax or torch"
        )

    def l2_norm(self, x: Any) -> Any:
        """The Euclidean norm of the whole tensor."""
        return ops.sqrt(ops.sum(ops.square(x)))

    def floating(self, x: Any) -> Any:
        """Convert to float64 where Keras computes so, else to float32: 16 bits do not hold a long run's steps."""
        return ops.cast(x, step_dtype())


def step_dtype() -> str:
    """The type in which what depends on the step alone is computed; see `KerasNamespace.floating`."""
    return "float64" if keras.backend.floatx() == "float64" else "float32"


def _kept_nan(result: Any, second: Any) -> Any:
    """``result``, but NaN where ``second`` is: TensorFlow's compiled maximum and minimum on CPUs pass over it."""
    if keras.backend.backend() != "tensorflow" or isinstance(second, int | float):
        return result
    return ops.where(ops.isnan(second), second, result)


def dense(gradient: Any) -> Any:
    """A gradient as an ordinary tensor, whatever sparse form the back end's embeddings give it."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        # Slices are no sparse tensor to keras.ops. Rows named twice are summed.
        return tf.convert_to_tensor(gradient)
    return ops.convert_to_tensor(gradient, sparse=False)


def waiting_for(tensors: Sequence[Any]) -> AbstractContextManager[Any]:
    """Within it, what a graph of TensorFlow changes is changed only once ``tensors`` are computed.

    A graph runs what depends on no data, such as counting a step, beside the reading of the batch. Where `fit` does not
    know how many batches there are, it tries to read one too many in each epoch; the count would go on without a step.
    """
    if keras.backend.backend() != "tensorflow":
        return nullcontext()
    import tensorflow as tf

    return tf.control_dependencies([each for each in tensors if each is not None])


def is_traced(variable: Any) -> bool:
    """Whether ``variable`` is being read by a step that the back end compiles, and that will not run Python again."""
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        return not tf.executing_eagerly()
    if backend == "jax":
        from jax.core import Tracer

        return isinstance(ops.convert_to_tensor(variable), Tracer)
    if backend == "torch":
        import torch

        return bool(torch.compiler.is_compiling())
    return False


KERAS = KerasNamespace()
