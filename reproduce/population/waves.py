"""Waves: training a list of members of any length to the end, in batches of a few fixed sizes.

Vectorised, the members that failed or were cut short are dropped between epochs and the rest packed into the smallest
size that holds them, so that no length of the list compiles anything new. Mapped, a lane without a member costs
nothing: there nothing is packed, and short lists take as many lanes as others, so that one compilation serves most.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray

from reproduce.errors import ReproduceWarning
from reproduce.population.assembly import Member
from reproduce.population.engine import MemberState, Population
from reproduce.population.jax_settings import engine_settings
from reproduce.population.memory import OutOfMemoryError, available_bytes, is_out_of_memory, members_that_fit
from reproduce.population.problems import Arrays

#: The fewest lanes of a mapped batch, where its largest size has as many.
_MAPPED_LANES = 8

#: ``training so far -> whether to go on``, asked after each epoch.
GoOn = Callable[["Training"], bool]


@dataclass(frozen=True)
class Task:
    """What members are trained and measured on.

    Attributes:
        train: Arrays over the training examples, e.g. ``(images, labels)``.
        validation: The same for validation; measured after each epoch.
        batch_size: Examples of a step.
        steps_per_epoch: Steps between two measurements.
        test: The same for the test, measured once, after the last epoch; or None.
    """

    train: Arrays
    validation: Arrays
    batch_size: int
    steps_per_epoch: int
    test: Arrays | None = None


@dataclass
class Training:
    """How one member's training went, epoch by epoch.

    Attributes:
        member: Who was trained.
        train_loss: Mean loss of each epoch's batches.
        train_accuracy: Share of right answers on what was trained on, as Keras reports it.
        validation_loss: Mean validation loss after each epoch.
        validation_accuracy: Validation accuracy after each epoch.
        failed_at: The first step that was not finite, or None.
        cut: Whether it was stopped before its last epoch.
        test_accuracy: After the last epoch, where the task has a test part and nothing failed.
    """

    member: Member
    train_loss: list[float] = field(default_factory=list)
    train_accuracy: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    validation_accuracy: list[float] = field(default_factory=list)
    failed_at: int | None = None
    cut: bool = False
    test_accuracy: float | None = None

    @property
    def goes_on(self) -> bool:
        """Whether it neither failed nor was cut short."""
        return self.failed_at is None and not self.cut


def batch_sizes(largest: int) -> tuple[int, ...]:
    """The sizes in use, ascending: 1, 2, 4, ... up to ``largest``.

    Raises:
        ValueError: If ``largest`` is less than 1.
    """
    if largest < 1:
        raise ValueError(f"a batch holds at least 1 member; received {largest}")
    powers = [1]
    while powers[-1] * 2 <= largest:
        powers.append(powers[-1] * 2)
    return tuple(powers)


def batches(seed: int, num_examples: int, batch_size: int) -> Iterator[NDArray[np.int32]]:
    """The batches [B] of one seed, without end: a fresh shuffle each pass, its last incomplete batch dropped.

    Raises:
        ValueError: If one batch takes more than all examples.
    """
    if batch_size > num_examples:
        raise ValueError(f"batch_size is {batch_size} and there are {num_examples} training examples")
    random = np.random.default_rng([seed, 1])
    while True:
        order = random.permutation(num_examples)[: num_examples - num_examples % batch_size]
        yield from order.reshape(-1, batch_size).astype(np.int32)


@engine_settings()
def train_members(
    population: Population,
    members: Sequence[Member],
    task: Task,
    epochs: int,
    *,
    largest: int | None = None,
    go_on: GoOn | None = None,
    progress: Callable[[int], None] | None = None,
) -> list[Training]:
    """Train ``members`` for ``epochs`` epochs each.

    Args:
        population: The engine.
        members: Any number of them; what becomes of one does not depend on the others.
        task: See `Task`.
        epochs: Epochs of ``task.steps_per_epoch`` steps.
        largest: The most members trained at once; None for as many as the memory at hand holds. Fewer, where the
            device has refused so many before.
        go_on: Asked after each epoch of each member; where it says no, the member is cut short.
        progress: Told the number of member-epochs done since it was last told.

    Returns:
        One `Training` for each member, in their order.

    Raises:
        OutOfMemoryError: If one member alone does not fit the device.

    Warns:
        ReproduceWarning: If the device's memory did not do and fewer members are trained at once.
    """
    trainings: list[Training] = []
    # Once, where every epoch of every batch finds them: on a GPU a transfer an epoch would be paid for.
    task = replace(task, train=jax.device_put(task.train), validation=jax.device_put(task.validation))
    if largest is None and population.room is None:
        population.room = _fitting(population, task)
    size = batch_sizes(min(each for each in (largest, population.room) if each is not None))[-1]
    while len(trainings) < len(members):
        batch = [Training(member) for member in members[len(trainings) : len(trainings) + size]]
        lanes = _num_lanes(len(batch), min(size, _MAPPED_LANES) if population.layout == "map" else 1)
        try:
            _train_batch(population, batch, task, epochs, lanes, go_on, progress)
        except jax.errors.JaxRuntimeError as error:
            if not is_out_of_memory(error):
                raise
            size = population.room = _smaller(population, lanes)
            continue
        trainings += batch
    return trainings


def _fitting(population: Population, task: Task) -> int:
    return members_that_fit(population.bytes_per_member(task.train, task.batch_size), available_bytes())


def _smaller(population: Population, size: int) -> int:
    """The next smaller size of batch than ``size``, which did not fit."""
    if size == 1:
        raise OutOfMemoryError(
            f"the device's memory does not hold one network of {population.num_parameters} parameters with its "
            "optimizer; make the network, the batch or the data smaller"
        )
    smaller = batch_sizes(size - 1)[-1]
    warnings.warn(
        f"the device's memory does not hold {size} networks at once: going on with {smaller}",
        ReproduceWarning,
        stacklevel=3,
    )
    return smaller


def _train_batch(
    population: Population,
    trainings: list[Training],
    task: Task,
    epochs: int,
    num_lanes: int,
    go_on: GoOn | None,
    progress: Callable[[int], None] | None,
) -> None:
    orders = {
        training.member.seed: batches(training.member.seed, len(task.train[0]), task.batch_size)
        for training in trainings
    }
    # Where an idle lane costs nothing, packing would only compile another size.
    fewest = num_lanes if population.layout == "map" else 1
    lanes = _fill(trainings, num_lanes)
    programs, state = population.start([training.member for training in lanes])
    for epoch in range(epochs):
        state = _with_idle_lanes(state, trainings)
        steps = range(epoch * task.steps_per_epoch, (epoch + 1) * task.steps_per_epoch)
        order = {seed: np.stack([next(stream) for _ in steps]) for seed, stream in orders.items()}
        state, measures = population.epoch(
            programs,
            state,
            population.tables([training.member for training in lanes], steps),
            task.train,
            np.stack([order[training.member.seed] for training in lanes]),
        )
        evaluation = population.evaluate(state, task.validation)
        failed = np.asarray(state.failed_at)
        going = [(lane, training) for lane, training in enumerate(trainings) if training.goes_on]
        for lane, training in going:
            _record(training, task, lane, measures, evaluation, int(failed[lane]))
            if training.goes_on and go_on is not None and epoch + 1 < epochs:
                training.cut = not go_on(training)
        if progress is not None:
            progress(len(going))
        kept = [lane for lane, training in going if training.goes_on]
        if not kept:
            return
        num_lanes = _num_lanes(len(kept), fewest)
        if num_lanes < len(lanes):
            trainings = [trainings[lane] for lane in kept]
            lanes = _fill(trainings, num_lanes)
            rows = np.array([kept[lane % len(kept)] for lane in range(num_lanes)])
            programs, state = jax.tree.map(lambda array, rows=rows: array[rows], (programs, state))
    if task.test is not None:
        accuracies = population.evaluate(state, task.test).accuracy
        for training, accuracy in zip(trainings, accuracies, strict=False):  # Lanes may be more than trainings.
            if training.goes_on:
                training.test_accuracy = float(accuracy)


def _num_lanes(count: int, fewest: int) -> int:
    """The next size that holds ``count`` members; ``fewest``, itself a size, where that is more."""
    return max(fewest, next(size for size in batch_sizes(2 * count) if size >= count))


def _fill(trainings: list[Training], num_lanes: int) -> list[Training]:
    """The trainings, repeated up to the number of lanes."""
    return [trainings[lane % len(trainings)] for lane in range(num_lanes)]


def _with_idle_lanes(state: MemberState, trainings: list[Training]) -> MemberState:
    """Lanes that repeat a training, or whose own was cut short, marked as failed: mapped, they then cost nothing."""
    failed_at = np.array(state.failed_at)
    over = [lane >= len(trainings) or trainings[lane].cut for lane in range(len(failed_at))]
    return state._replace(failed_at=jax.device_put(np.where(over & (failed_at < 0), np.int32(0), failed_at)))


def _record(training: Training, task: Task, lane: int, measures: Any, evaluation: Any, failed_at: int) -> None:
    if failed_at >= 0:
        training.failed_at = failed_at
        return
    if not np.isfinite(evaluation.loss[lane]):
        training.failed_at = (len(training.train_loss) + 1) * task.steps_per_epoch
        return
    examples = measures.correct.shape[1] * task.batch_size
    training.train_loss.append(float(measures.loss[lane].mean(dtype=np.float64)))
    training.train_accuracy.append(float(measures.correct[lane].sum(dtype=np.float64)) / examples)
    training.validation_loss.append(float(evaluation.loss[lane]))
    training.validation_accuracy.append(float(evaluation.accuracy[lane]))
