"""One training run: rates and a seed in, the record of a training out."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reproduce.batches import passes
from reproduce.data import Dataset, Part
from reproduce.errors import ProtocolError
from reproduce.libraries import enter_known_keras
from reproduce.models.registry import blank_pixel, build_model
from reproduce.models.settings import ModelSettings, TextModelSettings
from reproduce.outcomes import Training, TrainingCurve, pack_bits
from reproduce.training.augmentation import AugmentedEpochs
from reproduce.training.checkpoint import Checkpoint, libraries, read_checkpoint, run_name, write_checkpoint
from reproduce.training.loop import Answers, GradientSettings, Loop, Steps, evaluate
from reproduce.training.settings import RunLength, TrainingSettings, run_length
from reproduce.training.start import SCRATCH, Start, backbone_shapes, starting_weights
from reproduce.training.state import TrainingState

#: Makes a Keras optimizer, whose learning rate is a variable, for a run of that length.
MakeOptimizer = Callable[[RunLength], Any]

_MAX_STEPS_AT_ONCE = 32


class Fit:
    """Trains one optimizer again and again: the network and the compiled loop are made once.

    Every run starts from weights drawn by its seed (all, or the last layer's alone), a fresh optimizer state and fresh
    random streams, and sees batches shuffled by its seed: for one seed, every optimizer starts from the same weights
    and sees the same batches.

    An optimizer with a method ``move_to_mean`` is measured there, at the weights that it averages: after each epoch for
    the time of measuring, and for good at the end of a run. Running statistics, which are those of the weights that
    were trained, first see some batches of the averaged ones (as Defazio et al. 2024 ask for).

    Args:
        model: The network.
        training: Length, batches and what is done to images and gradients.
        dataset: The task.
        make_optimizer: The optimizer.
        pretrained: The weights file of a network whose start is "pretrained".
        num_devices: Over how many devices batches are split; more than one needs the JAX backend.

    Raises:
        ProtocolError: If the network does not fit the data or its starting weights, parts of it are frozen that start
            from scratch, or a batch is larger than the training part.
    """

    def __init__(
        self,
        model: ModelSettings,
        training: TrainingSettings,
        dataset: Dataset,
        make_optimizer: MakeOptimizer,
        *,
        pretrained: Path | None = None,
        num_devices: int = 1,
    ) -> None:
        import keras

        _check(training, dataset, num_devices)
        keras.utils.clear_session()
        enter_known_keras()
        self._training = training
        self._dataset = dataset
        self.length = run_length(training, len(dataset.train))
        with _devices(num_devices):
            network = build_model(model, dataset, training.precision)
            start = starting_weights(model, backbone_shapes(network), pretrained)
            _freeze(network, training, start)
            optimizer = make_optimizer(self.length)
            if training.precision == "mixed_float16":
                optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
            self._state = TrainingState(network, optimizer, start)
            self._move_to_mean = _mover(network, optimizer)
            gradients = GradientSettings(training.accumulation, training.gradient_noise)
            self._loop = _make_loop(network, optimizer, dataset.train, gradients)
        self._augmented: AugmentedEpochs | None = None
        if training.augmentations and not isinstance(model, TextModelSettings):
            self._augmented = AugmentedEpochs(
                dataset,
                training.augmentations,
                blank_pixel(model, dataset),
                magnitude=training.rand_augment_magnitude,
                per_image=training.rand_augment_per_image,
            )
        self._weights = SCRATCH if start is None else start.weights
        self._settings = json.dumps([asdict(model), asdict(training), self._weights, _description(optimizer)])

    def run(self, rates: NDArray[np.float32], seed: int, *, test: bool, checkpoint: Path | None = None) -> Training:
        """Train the network once, from initial weights to the last epoch.

        Args:
            rates: The learning rate of each of the `length`'s steps.
            seed: Of weights, batches and all that is random.
            test: Whether to measure test accuracy at the end.
            checkpoint: A file for the state after each epoch. A run that finds its own state there goes on from it and
                gives what it would have given. The file is left there: remove it once the result is kept.
        """
        run = _RunProgress(self._state, seed, self._name(rates, seed), checkpoint)
        seeds = np.random.SeedSequence([seed, 3]).generate_state(len(rates)).astype(np.uint32)
        steps = len(rates) // self._training.epochs
        diverged_at: int | None = None
        for epoch, order in enumerate(self._orders(seed, steps)):
            if epoch < len(run.curve):
                continue
            chosen = slice(epoch * steps, (epoch + 1) * steps)
            answers = self._epoch(order, Steps(rates[chosen], seeds[chosen]))
            with self._averaged(order, seeds[chosen]):
                validation_loss, validation_accuracy, _ = evaluate(self._loop, self._dataset.validation)
            failure = first_failure(answers.losses, validation_loss)
            if failure is not None:
                diverged_at = epoch * steps + failure
                break
            labels = order.size * (self._dataset.train.labels.size // len(self._dataset.train))
            train_loss, right = float(answers.losses.mean(dtype=np.float64)), int(answers.right.sum())
            run.add((train_loss, right / labels, validation_loss, validation_accuracy))
        if diverged_at is None:
            self._average(order, seeds[-steps:])
        return self._record(run, diverged_at, steps, test=test)

    def weights(self) -> list[NDArray[Any]]:
        """Return the weights of all layers but the last, as the last run left them; see `reproduce.training.start`."""
        return self._state.backbone()

    @contextmanager
    def _averaged(self, order: NDArray[np.int32], seeds: NDArray[np.uint32]) -> Iterator[None]:
        """Within it the network has its averaged weights, if its optimizer has any; afterwards it is as it was."""
        if self._move_to_mean is None:
            yield
            return
        before = self._state.values()
        self._average(order, seeds)
        yield
        self._state.restore(before)

    def _average(self, order: NDArray[np.int32], seeds: NDArray[np.uint32]) -> None:
        """Leave the averaged weights in the network, and running statistics that come from batches of ``order``."""
        if self._move_to_mean is not None:
            self._move_to_mean()
            few = min(len(order), self._training.statistics_batches)
            self._epoch(order[:few], Steps(np.zeros(few, np.float32), seeds[:few]))

    def _epoch(self, order: NDArray[np.int32], steps: Steps) -> Answers:
        if self._augmented is None:
            return self._loop.epoch(order, steps)
        group = max(size for size in range(1, _MAX_STEPS_AT_ONCE + 1) if len(order) % size == 0)
        batches = self._augmented.epoch(order, int(steps.seeds[0] >> 2), group)
        answers = []
        for n, (inputs, labels) in enumerate(batches):
            chosen = slice(n * group, (n + 1) * group)
            answers.append(self._loop.given(inputs, labels, Steps(steps.rates[chosen], steps.seeds[chosen])))
        return Answers(*(np.concatenate(values) for values in zip(*answers, strict=True)))

    def _orders(self, seed: int, steps: int) -> Iterator[NDArray[np.int32]]:
        """The samples of each epoch's batches."""
        training, count = self._training, len(self._dataset.train)
        more = passes(seed, count, training.batch_size, training.samples)
        ready = np.zeros((0, training.batch_size), np.int32)
        for _ in range(training.epochs):
            while len(ready) < steps:
                ready = np.concatenate([ready, next(more)])
            yield ready[:steps]
            ready = ready[steps:]

    def _record(self, run: _RunProgress, diverged_at: int | None, steps: int, *, test: bool) -> Training:
        diverged = diverged_at is not None
        accuracy = correct = None
        if test and not diverged:
            _, accuracy, right = evaluate(self._loop, self._dataset.test)
            correct = pack_bits(right) if right.ndim == 1 else None
        return Training(
            curve=TrainingCurve.of(run.curve),
            steps=(len(run.curve) + diverged) * steps,
            diverged_at=diverged_at,
            test_accuracy=accuracy,
            test_correct=correct,
            weights=self._weights,
            precision=self._training.precision.removeprefix("mixed_"),
            seconds=run.seconds,
        )

    def _name(self, rates: NDArray[np.float32], seed: int) -> str:
        return run_name(self._settings, self._dataset.checksum(), rates.tobytes(), str(seed), libraries())


class _RunProgress:
    """A run's progress, in the trainer's state, in memory and on file."""

    def __init__(self, state: TrainingState, seed: int, name: str, path: Path | None) -> None:
        self.curve: list[tuple[float, ...]] = []
        self._state = state
        self._name = name
        self._path = path
        self._start = time.perf_counter()
        found = read_checkpoint(path, name) if path else None
        if found is None:
            state.reset(seed)
        else:
            state.restore(found.values)
            self.curve = [tuple(row) for row in found.curve.tolist()]
            self._start -= found.seconds

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self._start

    def add(self, measured: tuple[float, float, float, float]) -> None:
        self.curve.append(measured)
        if self._path:
            values = self._state.values()
            write_checkpoint(self._path, Checkpoint(self._name, np.array(self.curve), self.seconds, values))


def first_failure(losses: NDArray[np.float32], validation_loss: float) -> int | None:
    """The first step of an epoch that was not finite, or the number of its steps if only what came after was not."""
    bad = np.flatnonzero(~np.isfinite(losses))
    if len(bad):
        return int(bad[0])
    return None if np.isfinite(validation_loss) else len(losses)


def _check(training: TrainingSettings, dataset: Dataset, num_devices: int) -> None:
    count = len(dataset.train)
    if training.batch_size > count:
        raise ProtocolError(f"training.batch_size is {training.batch_size} and {dataset.name} has {count} to train on")
    if training.augmentations and dataset.is_text:
        raise ProtocolError(f"training.augmentations are for images, and {dataset.name} is text")
    if training.batch_size // training.accumulation % num_devices:
        raise ProtocolError(
            f"training.batch_size {training.batch_size} in {training.accumulation} parts does not split evenly over "
            f"{num_devices} devices"
        )


def _mover(network: Any, optimizer: Any) -> Callable[[], None] | None:
    """The function that sets the network to its optimizer's averaged weights; None where there are none."""
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    move = getattr(inner, "move_to_mean", None)
    return None if move is None else partial(move, network.trainable_variables)


def _freeze(network: Any, training: TrainingSettings, start: Start | None) -> None:
    if training.frozen == "nothing":
        return
    if start is None:
        raise ProtocolError(
            f"training.frozen is {training.frozen!r}, and the weights are drawn at random: give model.start another "
            "value, or freeze nothing"
        )
    from keras import layers

    for layer in network.layers[:-1]:
        if training.frozen == "backbone" or isinstance(layer, layers.BatchNormalization):
            layer.trainable = False


def _devices(count: int) -> Any:
    """Within it, weights are made on ``count`` devices, each a copy."""
    if count == 1:
        return nullcontext()
    from keras import backend, distribution

    if backend.backend() != "jax":
        raise ProtocolError(f"{count} devices need KERAS_BACKEND=jax; this is {backend.backend()}")
    there = distribution.list_devices()
    if len(there) < count:
        raise ProtocolError(f"{count} devices are asked for, and there are {len(there)}: {', '.join(there)}")
    return distribution.DataParallel(devices=there[:count], auto_shard_dataset=False).scope()


def _description(optimizer: Any) -> str:
    """The optimizer's class and settings as text, without the name, which Keras counts up."""
    config = {key: value for key, value in optimizer.get_config().items() if key != "name"}
    return json.dumps([type(optimizer).__name__, config], default=str, sort_keys=True)


def _make_loop(model: Any, optimizer: Any, part: Part, settings: GradientSettings) -> Loop:
    """The loop for Keras' backend over the samples of ``part``; ``optimizer`` is built for ``model``."""
    import keras

    backend = keras.backend.backend()
    if backend == "tensorflow":
        from reproduce.training.tensorflow_loop import TensorFlowLoop

        return TensorFlowLoop(model, optimizer, part, settings)
    if backend == "jax":
        from reproduce.training.jax_loop import JaxLoop

        return JaxLoop(model, optimizer, part, settings)
    from reproduce.training.torch_loop import TorchLoop

    return TorchLoop(model, optimizer, part, settings)
