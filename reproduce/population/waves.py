"""Waves: training a list of members of any length to the end, in batches of a few fixed sizes.

Vectorised, the members that failed or were cut short are dropped between epochs and the rest packed into the smallest
size that holds them, so that no length of the list compiles anything new. Mapped, a lane without a member costs
nothing: there nothing is packed, and short lists take as many lanes as others, so that one compilation serves most.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import jax
import numpy as np
from numpy.typing import NDArray

from reproduce.errors import ReproduceWarning
from reproduce.outcomes import Training, TrainingCurve
from reproduce.population.assembly import Member
from reproduce.population.engine import MemberState, Population
from reproduce.population.jax_settings import engine_settings
from reproduce.population.memory import OutOfMemoryError, available_bytes, is_out_of_memory, members_that_fit
from reproduce.population.problems import Arrays

#: The fewest lanes of a mapped batch, where its largest size has as many.
_MAPPED_LANES = 8

#: ``(member, train accuracy after each epoch so far) -> whether to go on``, asked after each epoch.
GoOn = Callable[[Member, Sequence[float]], bool]


@dataclass(frozen=True)
class Examples:
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
    examples: Examples,
    epochs: int,
    *,
    largest: int | None = None,
    go_on: GoOn | None = None,
) -> list[Training]:
    """Train ``members`` for ``epochs`` epochs each.

    Args:
        population: The engine.
        members: Any number of them; what becomes of one does not depend on the others.
        examples: See `Examples`.
        epochs: Epochs of ``examples.steps_per_epoch`` steps.
        largest: The most members trained at once; None for as many as the memory at hand holds. Fewer, where the
            device has refused so many before.
        go_on: See `GoOn`; where it says no, the member is cut short.

    Returns:
        One `Training` for each member, in their order.

    Raises:
        OutOfMemoryError: If one member alone does not fit the device.

    Warns:
        ReproduceWarning: If the device's memory did not do and fewer members are trained at once.
    """
    trainings: list[Training] = []
    # Once, where every epoch of every batch finds them: on a GPU a transfer an epoch would be paid for.
    examples = replace(examples, train=jax.device_put(examples.train), validation=jax.device_put(examples.validation))
    if largest is None and population.room is None:
        needed = population.bytes_per_member(examples.train, examples.batch_size)
        population.room = members_that_fit(needed, available_bytes())
    size = batch_sizes(min(each for each in (largest, population.room) if each is not None))[-1]
    while len(trainings) < len(members):
        chosen = members[len(trainings) : len(trainings) + size]
        lanes = _num_lanes(len(chosen), min(size, _MAPPED_LANES) if population.layout == "map" else 1)
        try:
            trainings += _train_batch(_Batch(population, chosen, examples, lanes), epochs, go_on)
        except jax.errors.JaxRuntimeError as error:
            if not is_out_of_memory(error):
                raise
            size = population.room = _smaller(population, lanes)
    return trainings


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


def _num_lanes(count: int, fewest: int) -> int:
    """The next size that holds ``count`` members; ``fewest``, itself a size, where that is more."""
    return max(fewest, next(size for size in batch_sizes(2 * count) if size >= count))


def _train_batch(batch: _Batch, epochs: int, go_on: GoOn | None) -> list[Training]:
    for epoch in range(epochs):
        batch.train(epoch)
        if go_on is not None and epoch + 1 < epochs:
            batch.cut_short(go_on)
        if not batch.pack():
            return batch.trainings()
    batch.test()
    return batch.trainings()


@dataclass
class _Course:
    """A member in training: what was measured after each epoch, in the order of `TrainingCurve`."""

    member: Member
    epochs: list[tuple[float, float, float, float]] = field(default_factory=list)
    diverged_at: int | None = None
    cut: bool = False
    test_accuracy: float | None = None

    @property
    def goes_on(self) -> bool:
        """Whether it neither diverged nor was cut short."""
        return self.diverged_at is None and not self.cut


class _Batch:
    """Members trained together, one in each lane of the population's arrays; lanes that are left over repeat some."""

    def __init__(self, population: Population, members: Sequence[Member], examples: Examples, num_lanes: int) -> None:
        self._population = population
        self._examples = examples
        self._courses = [_Course(member) for member in members]
        self._in_lanes = self._courses
        self._num_lanes = num_lanes
        # Where an idle lane costs nothing, packing would only compile another size.
        self._fewest = num_lanes if population.layout == "map" else 1
        self._orders = {
            member.seed: batches(member.seed, len(examples.train[0]), examples.batch_size) for member in members
        }
        self._programs, self._state = population.start(self._members())

    def train(self, epoch: int) -> None:
        """Take the steps of an epoch, then measure validation."""
        population, examples, members = self._population, self._examples, self._members()
        steps = range(epoch * examples.steps_per_epoch, (epoch + 1) * examples.steps_per_epoch)
        orders = {seed: np.stack([next(stream) for _ in steps]) for seed, stream in self._orders.items()}
        self._state, measures = population.epoch(
            self._programs,
            self._with_idle_lanes(),
            population.tables(members, steps),
            examples.train,
            np.stack([orders[member.seed] for member in members]),
        )
        evaluation = population.evaluate(self._state, examples.validation)
        failed = np.asarray(self._state.failed_at)
        for lane, course in enumerate(self._in_lanes):
            if not course.goes_on:
                continue
            if failed[lane] >= 0:
                course.diverged_at = int(failed[lane])
            elif not np.isfinite(evaluation.loss[lane]):
                course.diverged_at = steps.stop
            else:
                loss = float(measures.loss[lane].mean(dtype=np.float64))
                right = float(measures.correct[lane].sum(dtype=np.float64)) / (len(steps) * examples.batch_size)
                validation = float(evaluation.loss[lane]), float(evaluation.accuracy[lane])
                course.epochs.append((loss, right, *validation))

    def cut_short(self, go_on: GoOn) -> None:
        """End those that are not to go on."""
        for course in self._in_lanes:
            if course.goes_on:
                course.cut = not go_on(course.member, [accuracy for _, accuracy, _, _ in course.epochs])

    def pack(self) -> bool:
        """Give those that go on the fewest lanes that hold them; whether there are any."""
        kept = [lane for lane, course in enumerate(self._in_lanes) if course.goes_on]
        count = _num_lanes(len(kept), self._fewest) if kept else 0
        if 0 < count < self._num_lanes:
            rows = np.array([kept[lane % len(kept)] for lane in range(count)])
            self._in_lanes, self._num_lanes = [self._in_lanes[lane] for lane in kept], count
            self._programs, self._state = jax.tree.map(lambda array: array[rows], (self._programs, self._state))
        return bool(kept)

    def test(self) -> None:
        """Measure those that went on to the end, where there is a test part."""
        if self._examples.test is not None:
            accuracies = self._population.evaluate(self._state, self._examples.test).accuracy
            for lane, course in enumerate(self._in_lanes):
                if course.goes_on:
                    course.test_accuracy = float(accuracies[lane])

    def trainings(self) -> list[Training]:
        """The record of each member."""
        return [
            Training(
                TrainingCurve.of(course.epochs),
                (len(course.epochs) + (course.diverged_at is not None)) * self._examples.steps_per_epoch,
                course.diverged_at,
                course.cut,
                course.test_accuracy,
            )
            for course in self._courses
        ]

    def _members(self) -> list[Member]:
        return [self._in_lanes[lane % len(self._in_lanes)].member for lane in range(self._num_lanes)]

    def _with_idle_lanes(self) -> MemberState:
        """Lanes that repeat a member, or whose own was cut short, marked as failed: mapped, they then cost nothing."""
        failed_at = np.array(self._state.failed_at)
        idle = [lane >= len(self._in_lanes) or self._in_lanes[lane].cut for lane in range(self._num_lanes)]
        marked = np.where(idle & (failed_at < 0), np.int32(0), failed_at)
        return self._state._replace(failed_at=jax.device_put(marked))
