"""An epoch as one JAX scan; over several devices where Keras' distribution says so."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import NamedSharding, PartitionSpec
from numpy.typing import NDArray

from reproduce.data import Part
from reproduce.training.loop import Answers, GradientSettings, Steps


class JaxLoop:
    """The loop on JAX; see `reproduce.training.loop.Loop` for what it does."""

    def __init__(self, model: Any, optimizer: Any, part: Part, settings: GradientSettings) -> None:
        self._model = model
        self._optimizer = optimizer
        self._settings = settings
        self._variables = (
            tuple(model.trainable_variables),
            tuple(model.non_trainable_variables),
            tuple(optimizer.variables),
        )
        rate = optimizer.learning_rate
        self._rate_index = next(n for n, variable in enumerate(optimizer.variables) if variable is rate)
        self._devices = _Devices(self._variables[0][0].value)
        self._inputs = self._devices.whole(part.inputs)
        self._labels = self._devices.whole(part.labels)
        self._run = jax.jit(self._epoch)
        self._run_given = jax.jit(self._given)
        self._answer = jax.jit(lambda weights, rest, inputs: model.stateless_call(weights, rest, inputs)[0])

    def epoch(self, order: NDArray[np.int32], steps: Steps) -> Answers:
        """One compiled call; the variables are read before and written after it."""
        return self._write(self._run(self._read(), self._inputs, self._labels, self._devices.batches(order), steps))

    def given(self, inputs: NDArray[Any], labels: NDArray[Any], steps: Steps) -> Answers:
        """One compiled call; the variables are read before and written after it."""
        batches = self._devices.batches(inputs), self._devices.batches(labels)
        return self._write(self._run_given(self._read(), *batches, steps))

    def logits(self, inputs: NDArray[Any]) -> NDArray[np.float32]:
        """Answer in one compiled call."""
        weights, rest, _ = self._read()
        return np.asarray(self._answer(weights, rest, self._devices.whole(inputs)))

    def _read(self) -> tuple[list[Any], ...]:
        return tuple([variable.value for variable in group] for group in self._variables)

    def _write(self, answer: Any) -> Answers:
        values, (losses, right) = answer
        for group, new in zip(self._variables, values, strict=True):
            for variable, value in zip(group, new, strict=True):
                variable.assign(value)
        return Answers(np.asarray(losses), np.asarray(right))

    def _epoch(self, values: Any, inputs: Any, labels: Any, order: Any, steps: Any) -> Any:
        def step(carry: Any, batch: Any) -> Any:
            indices, one = batch
            return self._step(carry, inputs[indices], labels[indices], one)

        return jax.lax.scan(step, values, (order, steps))

    def _given(self, values: Any, inputs: Any, labels: Any, steps: Any) -> Any:
        return jax.lax.scan(lambda carry, batch: self._step(carry, *batch), values, (inputs, labels, steps))

    def _step(self, values: Any, inputs: Any, labels: Any, step: Steps) -> Any:
        weights, rest, state = values
        rest, gradients, loss, right = self._gradients(weights, rest, state, inputs, labels)
        if self._settings.noise:
            keys = jax.random.split(jax.random.key(step.seeds, impl="threefry2x32"), len(gradients))
            gradients = [self._noisy(each, key) for each, key in zip(gradients, keys, strict=True)]
        state = [step.rates if n == self._rate_index else value for n, value in enumerate(state)]
        weights, state = self._optimizer.stateless_apply(state, gradients, weights)
        return (list(weights), list(rest), list(state)), (loss, right)

    def _gradients(self, weights: Any, rest: Any, state: Any, inputs: Any, labels: Any) -> Any:
        """GradientSettings over equal parts of the batch, one after another."""
        parts = self._settings.accumulation
        find = jax.grad(self._loss, has_aux=True)
        if parts == 1:
            gradients, (rest, loss, right) = find(weights, rest, state, inputs, labels)
            return rest, gradients, loss, right

        def add(carry: Any, part: Any) -> Any:
            rest, sums, loss, right = carry
            gradients, (rest, part_loss, part_right) = find(weights, rest, state, *part)
            sums = [total + each for total, each in zip(sums, gradients, strict=True)]
            return (list(rest), sums, loss + part_loss, right + part_right), None

        start = (rest, [jnp.zeros_like(weight) for weight in weights], jnp.float32(0), jnp.int32(0))
        split = [values.reshape(parts, -1, *values.shape[1:]) for values in (inputs, labels)]
        (rest, sums, loss, right), _ = jax.lax.scan(add, start, tuple(split))
        return rest, [total / parts for total in sums], loss / parts, right

    def _loss(self, weights: Any, rest: Any, state: Any, inputs: Any, labels: Any) -> Any:
        logits, rest = self._model.stateless_call(weights, rest, inputs, training=True)
        logarithms = jax.nn.log_softmax(logits)
        if jnp.issubdtype(labels.dtype, jnp.integer):
            wanted = labels
            chosen = jnp.take_along_axis(logarithms, labels[..., None], axis=-1)
        else:
            wanted = jnp.argmax(labels, axis=-1)
            chosen = jnp.sum(labels * logarithms, axis=-1)
        loss = -jnp.mean(chosen)
        right = jnp.sum((jnp.argmax(logits, axis=-1) == wanted).astype(jnp.int32))
        return self._scaled(loss, state), (list(rest), loss, right)

    def _scaled(self, loss: Any, state: Any) -> Any:
        """The loss as the optimizer wants it differentiated: float16 asks for a larger one."""
        from keras import StatelessScope

        mapping = zip(self._optimizer.variables, state, strict=True)
        with StatelessScope(state_mapping=list(mapping)):
            return self._optimizer.scale_loss(loss)

    def _noisy(self, gradient: Any, key: Any) -> Any:
        size = jnp.sqrt(jnp.mean(jnp.square(gradient)))
        return gradient + self._settings.noise * size * jax.random.normal(key, gradient.shape, gradient.dtype)


class _Devices:
    """Where arrays go: whole to every device that the weights are on, batches split among them."""

    def __init__(self, weight: Any) -> None:
        self._mesh = getattr(weight.sharding, "mesh", None)

    def whole(self, array: NDArray[Any]) -> Any:
        if self._mesh is None:
            return jnp.asarray(array)
        return jax.device_put(array, NamedSharding(self._mesh, PartitionSpec()))

    def batches(self, array: NDArray[Any]) -> Any:
        """Return the batches of an epoch, of shape (steps, batch, ...)."""
        if self._mesh is None:
            return jnp.asarray(array)
        return jax.device_put(array, NamedSharding(self._mesh, PartitionSpec(None, self._mesh.axis_names[0])))
