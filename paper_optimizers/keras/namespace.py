"""The array namespace of Keras: keras.ops on whichever back end Keras runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any

import keras
from keras import ops

from paper_optimizers import special
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

    def arctan(self, x: Any) -> Any:
        """The angle of ``(1, x)``."""
        return self._quick(special.quick_arctan, ops.arctan, x)

    def arcsinh(self, x: Any) -> Any:
        """The inverse hyperbolic sine."""
        return self._quick(special.quick_arcsinh, ops.arcsinh, x)

    def bessel_i1e(self, x: Any) -> Any:
        """``exp(-|x|) I1(x)``."""
        return self._quick(special.quick_bessel_i1e, _bessel_i1e, x)

    def bits(self, x: Any) -> Any:
        """The bits of float32 as int32."""
        return ops.view(x, "int32")

    def from_bits(self, bits: Any) -> Any:
        """The float32 that has these bits."""
        return ops.view(bits, "float32")

    def single(self, integers: Any) -> Any:
        """Integers as float32."""
        return ops.cast(integers, "float32")

    def computed_once(self, x: Any, not_negative: Any) -> Any:
        """``x``, which JAX' compiler is kept from computing anew for each of its uses."""
        if keras.backend.backend() != "jax":
            return x
        from paper_optimizers.jax_namespace import computed_once

        return computed_once(x, not_negative)

    def unless(self, condition: Any, function: Callable[[Any], Any], x: Any) -> Any:
        """``function(x)``, which JAX computes only unless ``condition`` holds."""
        if keras.backend.backend() != "jax":
            return function(x)
        from paper_optimizers.jax_namespace import unless

        return unless(condition, function, x)

    def _quick(self, ours: Callable[[Any, Any], Any], theirs: Callable[[Any], Any], x: Any) -> Any:
        is_single = keras.backend.standardize_dtype(getattr(x, "dtype", "float64")) == "float32"
        if not is_single or not self._is_compiled():
            return theirs(x)
        if keras.backend.backend() != "jax":
            return ours(self, x)
        from paper_optimizers.jax_namespace import with_derivative_of

        return with_derivative_of(theirs, partial(ours, self))(x)

    def _is_compiled(self) -> bool:
        """Whether XLA compiles what is computed here: some of its own functions are slow on processors."""
        return keras.backend.backend() == "jax"

    def l2_norm(self, x: Any) -> Any:
        """The Euclidean norm of the whole tensor."""
        return ops.sqrt(ops.sum(ops.square(x)))

    def floating(self, x: Any) -> Any:
        """Convert to float64 where Keras computes so, else to float32: 16 bits do not hold a long run's steps."""
        return ops.cast(x, step_dtype())


class CompiledNamespace(KerasNamespace):
    """keras.ops where XLA compiles what is computed, on TensorFlow too."""

    def unless(self, condition: Any, function: Callable[[Any], Any], x: Any) -> Any:
        """``function(x)``, which is computed only unless ``condition`` holds."""
        return ops.cond(condition, lambda: ops.zeros((), x.dtype), lambda: function(x))

    def _is_compiled(self) -> bool:
        return True


def _bessel_i1e(x: Any) -> Any:
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


KERAS, COMPILED = KerasNamespace(), CompiledNamespace()
