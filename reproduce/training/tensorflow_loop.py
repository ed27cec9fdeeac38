"""An epoch as one TensorFlow graph."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from reproduce.data import Part
from reproduce.training.loop import Answers, GradientSettings, Steps


class TensorFlowLoop:
    """The loop on TensorFlow; see `reproduce.training.loop.Loop` for what it does."""

    def __init__(self, model: Any, optimizer: Any, part: Part, settings: GradientSettings) -> None:
        self._model = model
        self._optimizer = optimizer
        self._settings = settings
        self._inputs = tf.constant(part.inputs)
        self._labels = tf.constant(part.labels)
        compiled = bool(tf.config.list_physical_devices("GPU"))
        self._run = tf.function(self._epoch, jit_compile=compiled, reduce_retracing=True)
        self._run_given = tf.function(self._given, jit_compile=compiled, reduce_retracing=True)
        self._answer = tf.function(lambda inputs: model(inputs, training=False), reduce_retracing=True)

    def epoch(self, order: NDArray[np.int32], steps: Steps) -> Answers:
        """Take the steps of an epoch in one graph call."""
        losses, right = self._run(tf.constant(order), tf.constant(steps.rates), _seeds(steps))
        return Answers(losses.numpy(), right.numpy())

    def given(self, inputs: NDArray[Any], labels: NDArray[Any], steps: Steps) -> Answers:
        """Take the steps of these batches in one graph call."""
        answers = self._run_given(tf.constant(inputs), tf.constant(labels), tf.constant(steps.rates), _seeds(steps))
        return Answers(*(values.numpy() for values in answers))

    def logits(self, inputs: NDArray[Any]) -> NDArray[np.float32]:
        """Answer in one graph call."""
        answer: NDArray[np.float32] = self._answer(tf.constant(inputs)).numpy()
        return answer

    def _epoch(self, order: Any, rates: Any, seeds: Any) -> tuple[Any, Any]:
        losses, right = _arrays(order)
        for step in tf.range(tf.shape(order)[0]):
            indices = order[step]
            inputs, labels = tf.gather(self._inputs, indices), tf.gather(self._labels, indices)
            loss, count = self._step(inputs, labels, rates[step], seeds[step])
            losses, right = losses.write(step, loss), right.write(step, count)
        return losses.stack(), right.stack()

    def _given(self, inputs: Any, labels: Any, rates: Any, seeds: Any) -> tuple[Any, Any]:
        losses, right = _arrays(inputs)
        for step in tf.range(tf.shape(inputs)[0]):
            loss, count = self._step(inputs[step], labels[step], rates[step], seeds[step])
            losses, right = losses.write(step, loss), right.write(step, count)
        return losses.stack(), right.stack()

    def _step(self, inputs: Any, labels: Any, rate: Any, seed: Any) -> tuple[Any, Any]:
        self._optimizer.learning_rate.assign(rate)
        variables = self._model.trainable_variables
        if self._settings.accumulation == 1:
            gradients, loss, right = self._gradients(inputs, labels)
        else:
            gradients, loss, right = self._accumulated(inputs, labels)
        if self._settings.noise:
            gradients = [self._noisy(each, n, seed) for n, each in enumerate(gradients)]
        self._optimizer.apply(gradients, variables)
        return loss, right

    def _gradients(self, inputs: Any, labels: Any) -> tuple[list[Any], Any, Any]:
        variables = self._model.trainable_variables
        with tf.GradientTape() as tape:
            logits = self._model(inputs, training=True)
            loss = _cross_entropy(logits, labels)
            scaled = self._optimizer.scale_loss(loss)
        gradients = tape.gradient(scaled, variables)
        answers = tf.argmax(logits, axis=-1, output_type=tf.int32)
        wanted = labels if labels.dtype.is_integer else tf.argmax(labels, axis=-1, output_type=tf.int32)
        return gradients, loss, tf.reduce_sum(tf.cast(answers == wanted, tf.int32))

    def _accumulated(self, inputs: Any, labels: Any) -> tuple[list[Any], Any, Any]:
        """GradientSettings over equal parts of the batch, one after another."""
        parts = self._settings.accumulation
        size = tf.shape(inputs)[0] // parts
        sums = [tf.zeros_like(variable.value) for variable in self._model.trainable_variables]
        loss, right = tf.constant(0.0), tf.constant(0)
        for part in tf.range(parts):
            chosen = slice(part * size, (part + 1) * size)
            gradients, part_loss, part_right = self._gradients(inputs[chosen], labels[chosen])
            sums = [total + each for total, each in zip(sums, gradients, strict=True)]
            loss, right = loss + part_loss, right + part_right
        return [total / parts for total in sums], loss / parts, right

    def _noisy(self, gradient: Any, n: int, seed: Any) -> Any:
        size = tf.sqrt(tf.reduce_mean(tf.square(gradient)))
        noise = tf.random.stateless_normal(tf.shape(gradient), seed=tf.stack([seed, n]), dtype=gradient.dtype)
        return gradient + self._settings.noise * size * noise


def _cross_entropy(logits: Any, labels: Any) -> Any:
    if labels.dtype.is_integer:
        return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
    return tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels, logits))


def _arrays(batches: Any) -> tuple[Any, Any]:
    size = tf.shape(batches)[0]
    return tf.TensorArray(tf.float32, size=size), tf.TensorArray(tf.int32, size=size)


def _seeds(steps: Steps) -> Any:
    return tf.constant(steps.seeds.astype(np.int32))
