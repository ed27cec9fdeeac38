"""An epoch as one JAX scan."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from reproduce.data import Part


class JaxLoop:
    """See `reproduce.training.loop.Loop`."""

    def __init__(self, model: Any, optimizer: Any, part: Part) -> None:
        self._model = model
        self._optimizer = optimizer
        self._variables = (
            tuple(model.trainable_variables),
            tuple(model.non_trainable_variables),
            tuple(optimizer.variables),
        )
        rate = optimizer.learning_rate
        self._rate_index = next(n for n, variable in enumerate(optimizer.variables) if variable is rate)
        self._images = jnp.asarray(part.inputs)
        self._labels = jnp.asarray(part.labels)
        self._run = jax.jit(self._epoch)
        self._answer = jax.jit(lambda weights, rest, images: model.stateless_call(weights, rest, images)[0])

    def epoch(
        self, order: NDArray[np.int32], rates: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
        """One compiled call; the variables are read before and written after it."""
        values = tuple([variable.value for variable in group] for group in self._variables)
        values, (losses, right) = self._run(values, self._images, self._labels, order, rates)
        for group, new in zip(self._variables, values, strict=True):
            for variable, value in zip(group, new, strict=True):
                variable.assign(value)
        return np.asarray(losses), np.asarray(right)

    def logits(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """One compiled call."""
        weights, rest = ([variable.value for variable in group] for group in self._variables[:2])
        return np.asarray(self._answer(weights, rest, images))

    def _epoch(self, values: Any, images: Any, labels: Any, order: Any, rates: Any) -> Any:
        def step(carry: Any, batch: Any) -> Any:
            weights, rest, state = carry
            indices, rate = batch
            (loss, (rest, right)), gradients = jax.value_and_grad(self._loss, has_aux=True)(
                weights, rest, images[indices], labels[indices]
            )
            state = [rate if n == self._rate_index else value for n, value in enumerate(state)]
            weights, state = self._optimizer.stateless_apply(state, gradients, weights)
            return (list(weights), list(rest), list(state)), (loss, right)

        return jax.lax.scan(step, values, (order, rates))

    def _loss(self, weights: Any, rest: Any, images: Any, labels: Any) -> Any:
        logits, rest = self._model.stateless_call(weights, rest, images, training=True)
        chosen = jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], axis=1)
        right = jnp.sum((jnp.argmax(logits, axis=-1) == labels).astype(jnp.int32))
        return -jnp.mean(chosen), (rest, right)
