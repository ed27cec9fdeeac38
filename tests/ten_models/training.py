"""Gradients of a model on one batch, and an optimizer's step on them, compiled where the back end compiles."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import ops


class Gradients:
    """The loss of a model in training and its gradients, compiled once for all optimizers.

    A call computes both at the weights as they are, and updates what the model itself changes in training, such as the
    means of batch normalization.
    """

    def __init__(self, model: keras.Model, inputs: Any, classes: Any) -> None:
        self._model, self._inputs, self._classes = model, inputs, ops.convert_to_tensor(classes)
        self._compute = getattr(self, "_on_" + keras.backend.backend())()

    def __call__(self) -> tuple[Any, Sequence[Any]]:
        """The loss, and a gradient for each trainable weight."""
        loss, gradients = self._compute()
        return loss, gradients

    def _loss(self, logits: Any) -> Any:
        losses = keras.losses.sparse_categorical_crossentropy(self._classes, logits, from_logits=True)
        return ops.mean(losses)

    def _on_jax(self) -> Callable[[], tuple[Any, Any]]:
        import jax

        model = self._model

        def loss(trained: Any, others: Any) -> Any:
            logits, others = model.stateless_call(trained, others, self._inputs, training=True)
            return self._loss(logits), others

        compiled = jax.jit(jax.value_and_grad(loss, has_aux=True))

        def compute() -> tuple[Any, Any]:
            trained = [each.value for each in model.trainable_variables]
            others = [each.value for each in model.non_trainable_variables]
            (value, others), gradients = compiled(trained, others)
            for variable, new in zip(model.non_trainable_variables, others, strict=True):
                variable.assign(new)
            return value, gradients

        return compute

    def _on_tensorflow(self) -> Callable[[], tuple[Any, Any]]:
        import tensorflow as tf

        weights = [each.value for each in self._model.trainable_variables]

        @tf.function
        def compute() -> tuple[Any, Any]:
            with tf.GradientTape() as tape:
                loss = self._loss(self._model(self._inputs, training=True))
            return loss, tape.gradient(loss, weights)

        return compute

    def _on_torch(self) -> Callable[[], tuple[Any, Any]]:
        import torch

        weights = [each.value for each in self._model.trainable_variables]

        def compute() -> tuple[Any, Any]:
            loss = self._loss(self._model(self._inputs, training=True))
            return loss.detach(), torch.autograd.grad(loss, weights)

        return compute


def apply_compiled(optimizer: Any, variables: Sequence[Any]) -> Callable[[Sequence[Any]], None]:
    """A step of ``optimizer``, already built, as a function of the gradients."""
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        return tf.function(lambda gradients: optimizer.apply(gradients, variables))
    if backend == "torch":
        import torch

        with torch.no_grad():
            return lambda gradients: optimizer.apply(gradients, variables)
    import jax

    compiled = jax.jit(optimizer.stateless_apply)

    def apply(gradients: Sequence[Any]) -> None:
        state = [each.value for each in optimizer.variables]
        weights, state = compiled(state, gradients, [each.value for each in variables])
        for variable, new in zip((*variables, *optimizer.variables), (*weights, *state), strict=True):
            variable.assign(new)

    return apply
