"""One training run: an optimizer, a rate and a seed in, a measured outcome out."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reproduce.data import Dataset, Part
from reproduce.models.surrogate import surrogate_for
from reproduce.study.optimizers import Entrant, RunLength, make_optimizer
from reproduce.study.protocol import Protocol, TrainingSettings
from reproduce.study.rows import Curve, Diverged, Finished, Outcome
from reproduce.training.loop import make_loop

_EVALUATION_BATCH = 512


@dataclass(frozen=True)
class Measured:
    """What one run gave; see `reproduce.study.rows.Row` for the fields."""

    outcome: Outcome
    steps: int
    curve: Curve
    validation_accuracy: float | None
    test_accuracy: float | None
    seconds: float


def run_length(settings: TrainingSettings, num_images: int) -> RunLength:
    """The steps of a run over ``num_images``."""
    total = settings.epochs * (num_images // settings.batch_size)
    warmup = int(total * settings.warmup_fraction)
    return RunLength(total, warmup, int(total * settings.hold_fraction))


def peak_rates(rate: float, length: RunLength) -> NDArray[np.float32]:
    """The learning rate of every step: warm-up to ``rate``, hold, half a cosine to 0."""
    from paper_optimizers import WarmupHoldCosine

    schedule = WarmupHoldCosine(rate, length.total_steps, length.warmup_steps, length.hold_steps)
    return schedule.values(np.arange(length.total_steps)).astype(np.float32)


class Trainer:
    """Trains one optimizer again and again: the network and the compiled loop are made once.

    Every run starts from weights drawn by its seed, a fresh optimizer state and a fresh dropout stream, and sees
    batches shuffled by its seed: for one seed, every optimizer starts from the same weights and sees the same batches.

    Args:
        protocol: The settings.
        dataset: The task.
        entrant: The optimizer.
    """

    def __init__(self, protocol: Protocol, dataset: Dataset, entrant: Entrant) -> None:
        import keras

        keras.utils.clear_session()
        self._settings = protocol.training
        self._dataset = dataset
        self._length = run_length(protocol.training, len(dataset.train))
        self._model = surrogate_for(protocol.model, dataset)
        self._optimizer = make_optimizer(entrant, self._length)
        self._loop = make_loop(self._model, self._optimizer, dataset.train)
        variables = [*self._model.variables, *self._optimizer.variables]
        self._fresh = [(variable, np.asarray(variable.numpy())) for variable in variables]

    def run(self, rate: float, seed: int, *, test: bool) -> Measured:
        """Train once.

        Args:
            rate: Peak learning rate.
            seed: Of weights, batches and dropout.
            test: Whether to measure test accuracy at the end.
        """
        start = time.perf_counter()
        self._reset(seed)
        rates = peak_rates(rate, self._length).reshape(self._settings.epochs, -1)
        curve: list[tuple[float, float, float, float]] = []
        outcome: Outcome = Finished()
        for epoch_rates, order in zip(rates, self._orders(seed), strict=True):
            losses, right = self._loop.epoch(order, epoch_rates)
            validation_loss, validation_accuracy = self._evaluate(self._dataset.validation)
            failure = first_failure(losses, validation_loss)
            if failure is not None:
                outcome = Diverged(len(curve) * len(losses) + failure)
                break
            train_accuracy = float(right.sum()) / order.size
            curve.append((float(losses.mean(dtype=np.float64)), train_accuracy, validation_loss, validation_accuracy))
        finished = isinstance(outcome, Finished)
        steps_run = min(len(curve) + (not finished), self._settings.epochs) * rates.shape[1]
        return Measured(
            outcome=outcome,
            steps=steps_run,
            curve=Curve(*(tuple(values) for values in zip(*curve, strict=True))) if curve else Curve((), (), (), ()),
            validation_accuracy=curve[-1][3] if finished else None,
            test_accuracy=self._evaluate(self._dataset.test)[1] if finished and test else None,
            seconds=time.perf_counter() - start,
        )

    def _reset(self, seed: int) -> None:
        """Initial weights by ``seed``, everything else as it was when it was made."""
        for variable, value in self._fresh:
            variable.assign(value)
        random = np.random.default_rng([seed, 0])
        for layer in self._model.layers:
            if hasattr(layer, "kernel"):
                layer.kernel.assign(glorot_uniform(layer.kernel.shape, random))
            if hasattr(layer, "seed_generator"):
                layer.seed_generator.state.assign(np.array([seed, 0], np.uint32))

    def _orders(self, seed: int) -> Iterator[NDArray[np.int32]]:
        random = np.random.default_rng([seed, 1])
        batch, count = self._settings.batch_size, len(self._dataset.train)
        for _ in range(self._settings.epochs):
            yield random.permutation(count)[: count - count % batch].reshape(-1, batch).astype(np.int32)

    def _evaluate(self, part: Part) -> tuple[float, float]:
        """Mean cross-entropy and accuracy outside training."""
        losses, right = 0.0, 0
        for start in range(0, len(part), _EVALUATION_BATCH):
            images = part.inputs[start : start + _EVALUATION_BATCH]
            labels = part.labels[start : start + _EVALUATION_BATCH]
            logits = self._loop.logits(_padded(images))[: len(labels)].astype(np.float64)
            losses += float(cross_entropies(logits, labels).sum())
            right += int((logits.argmax(-1) == labels).sum())
        return losses / len(part), right / len(part)


def first_failure(losses: NDArray[np.float32], validation_loss: float) -> int | None:
    """The first step of an epoch that was not finite, or the number of its steps if only what came after was not."""
    bad = np.flatnonzero(~np.isfinite(losses))
    if len(bad):
        return int(bad[0])
    return None if np.isfinite(validation_loss) else len(losses)


def glorot_uniform(shape: tuple[int, ...], random: np.random.Generator) -> NDArray[np.float32]:
    """Keras' default initial kernel (Glorot & Bengio 2010), the same on every backend."""
    receptive = int(np.prod(shape[:-2]))
    limit = np.sqrt(6 / (receptive * (shape[-2] + shape[-1])))
    return random.uniform(-limit, limit, shape).astype(np.float32)


def cross_entropies(logits: NDArray[np.float64], labels: NDArray[np.int32]) -> NDArray[np.float64]:
    """The cross-entropy of each row; NaN where a logit is not finite."""
    with np.errstate(invalid="ignore", over="ignore"):
        shifted = logits - logits.max(axis=-1, keepdims=True)
        chosen = np.take_along_axis(shifted, labels[:, None], axis=-1)[:, 0]
        result: NDArray[np.float64] = np.log(np.exp(shifted).sum(axis=-1)) - chosen
    return result


def _padded(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A full evaluation batch, so that one compiled function serves them all."""
    missing = _EVALUATION_BATCH - len(images)
    return np.pad(images, ((0, missing), (0, 0), (0, 0), (0, 0))) if missing else images
