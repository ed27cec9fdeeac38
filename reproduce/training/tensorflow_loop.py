"""An epoch as one TensorFlow graph."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from reproduce.data import Part


class TensorFlowLoop:
    """See `reproduce.training.loop.Loop`."""

    def __init__(self, model: Any, optimizer: Any, part: Part) -> None:
        self._model = model
        self._optimizer = optimizer
        self._images = tf.constant(part.inputs)
        self._labels = tf.constant(part.labels)
        compiled = bool(tf.config.list_physical_devices("GPU"))
        self._run = tf.function(self._epoch, jit_compile=compiled, reduce_retracing=True)
        self._answer = tf.function(lambda images: model(images, training=False), reduce_retracing=True)

    def epoch(
        self, order: NDArray[np.int32], rates: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
        """One graph call."""
        losses, right = self._run(tf.constant(order), tf.constant(rates))
        return losses.numpy(), right.numpy()

    def logits(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """One graph call."""
        answer: NDArray[np.float32] = self._answer(tf.constant(images)).numpy()
        return answer

    def _epoch(self, order: Any, rates: Any) -> tuple[Any, Any]:
        losses = tf.TensorArray(tf.float32, size=order.shape[0])
        right = tf.TensorArray(tf.int32, size=order.shape[0])
        for step in tf.range(order.shape[0]):
            loss, count = self._step(order[step], rates[step])
            losses = losses.write(step, loss)
            right = right.write(step, count)
        return losses.stack(), right.stack()

    def _step(self, indices: Any, rate: Any) -> tuple[Any, Any]:
        images, labels = tf.gather(self._images, indices), tf.gather(self._labels, indices)
        self._optimizer.learning_rate.assign(rate)
        variables = self._model.trainable_variables
        with tf.GradientTape() as tape:
            logits = self._model(images, training=True)
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
        self._optimizer.apply(tape.gradient(loss, variables), variables)
        answers = tf.argmax(logits, axis=-1, output_type=tf.int32)
        return loss, tf.reduce_sum(tf.cast(answers == labels, tf.int32))
