"""Waves: train a list of members of any length to the end, in batches of a few fixed sizes.

A batch has lanes, one for each member. In the layout "vectorise" an empty lane costs as much as a full one. So members
that failed or were cut short are dropped between epochs, and the rest move into the smallest batch that holds them. The
sizes are few and fixed: no length of the list compiles anything new. In the layout "map" an empty lane costs nothing.
So nothing moves, and short lists take as many lanes as others: one compilation serves most lists. Each core takes batch
after batch from the list, smaller ones towards its end, and none waits for another.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import jax
import numpy as np
from numpy.typing import NDArray

from reproduce.batches import passes
from reproduce.errors import ReproduceWarning
from reproduce.libraries import num_threads
from reproduce.outcomes import Training, TrainingCurve, pack_bits
from reproduce.population.assembly import Member
from reproduce.population.device import (
    OutOfMemoryError,
    available_bytes,
    engine_settings,
    is_out_of_memory,
    members_that_fit,
)
from reproduce.population.engine import MemberState, Population
from reproduce.population.problems import Arrays

#: The fewest lanes of a mapped batch, where its largest size has as many.
_MAPPED_LANES = 8

#: ``(member, train accuracy after each epoch so far) -> whether to go on``, asked after each epoch.
GoOn = Callable[[Member, Sequence[float]], bool]
#: ``(member, parameters, statistics) -> None``, told of each member that went on to the end: NumPy arrays of its
#: network, as it is measured then.
Keep = Callable[[Member, Arrays, Arrays], None]


@dataclass(frozen=True)
class Examples:
    """The examples that members are trained and measured on.

    Attributes:
        train: Arrays over the training examples, e.g. ``(images, labels)``.
        validation: The same for validation; measured after each epoch.
        batch_size: Examples of a step.
        steps_per_epoch: Steps between two measurements.
        test: The same for the test, measured once, after the last epoch; or None.
        drawn: Training examples of a member, drawn anew by its seed; None for all.
        statistics_batches: The most batches of an epoch from which running statistics are taken anew where members are
            measured at other weights than those that are trained.
    """

    train: Arrays
    validation: Arrays
    batch_size: int
    steps_per_epoch: int
    test: Arrays | None = None
    drawn: int | None = None
    statistics_batches: int = 50

    def batches(self, seed: int) -> Iterator[NDArray[np.int32]]:
        """The batches [B] of one seed, without end; see `reproduce.batches.passes`."""
        for order in passes(seed, len(self.train[0]), self.batch_size, self.drawn):
            yield from order


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


@engine_settings()
def train_members(
    population: Population,
    members: Sequence[Member],
    examples: Examples,
    epochs: int,
    *,
    largest: int | None = None,
    go_on: GoOn | None = None,
    keep: Keep | None = None,
    cores: int | None = None,
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
        keep: See `Keep`.
        cores: Batches trained side by side where members are mapped; None for the threads that this process has.
            It changes no training.

    Returns:
        One `Training` for each member, in their order.

    Raises:
        OutOfMemoryError: If one member alone does not fit the device.

    Warns:
        ReproduceWarning: If the device's memory did not do and fewer members are trained at once.
    """
    # Once, where every epoch of every batch finds them: on a GPU a transfer an epoch would be paid for.
    examples = replace(examples, train=jax.device_put(examples.train), validation=jax.device_put(examples.validation))
    if largest is None and population.room is None:
        needed = population.bytes_per_member(examples.train, examples.batch_size)
        population.room = members_that_fit(needed, available_bytes())
    size = batch_sizes(min(each for each in (largest, population.room) if each is not None))[-1]
    cores = max(1, min(cores or num_threads(), len(members))) if population.layout == "map" else 1
    waiting = _Waiting(len(members), size, cores)
    trained: dict[int, Training] = {}

    @engine_settings()
    def train() -> None:
        while (chosen := waiting.take()) is not None:
            lanes = _num_lanes(len(chosen), min(waiting.size, _MAPPED_LANES) if population.layout == "map" else 1)
            batch = [members[number] for number in chosen]
            try:
                found = _train_batch(_Batch(population, batch, examples, lanes), epochs, go_on, keep, waiting)
            except jax.errors.JaxRuntimeError as error:
                if not is_out_of_memory(error):
                    raise
                population.room = waiting.give_back(chosen, _smaller(population, lanes))
            else:
                trained.update(zip(chosen, found, strict=True))

    _on_cores(train, cores, waiting)
    return [trained[number] for number in range(len(members))]


class _Waiting:
    """The numbers of the members that no core has taken.

    Args:
        count: How many there are.
        size: The most of a batch.
        cores: How many take them. Towards the end a batch has less than an equal share of what is left, so that all
            cores end at about the same time (guided self-scheduling, Polychronopoulos & Kuck 1987).

    Attributes:
        size: As given, or less.
        closed: Whether training is given up.
    """

    def __init__(self, count: int, size: int, cores: int) -> None:
        self.size, self.closed = size, False
        self._numbers, self._cores, self._lock = list(range(count)), cores, threading.Lock()

    def take(self) -> list[int] | None:
        """A batch; None where there is none."""
        with self._lock:
            if self.closed or not self._numbers:
                return None
            share = -(-len(self._numbers) // (2 * self._cores)) if self._cores > 1 else self.size
            count = min(self.size, share)
            taken, self._numbers = self._numbers[:count], self._numbers[count:]
            return taken

    def give_back(self, numbers: list[int], size: int) -> int:
        """Have them taken again, in batches of at most ``size`` or what another core said; the smaller is answered."""
        with self._lock:
            self.size, self._numbers = min(self.size, size), [*numbers, *self._numbers]
            return self.size


def _on_cores(train: Callable[[], None], cores: int, waiting: _Waiting) -> None:
    """Call ``train`` in as many threads; what one raises ends the others."""
    if cores == 1:
        train()
        return

    def one() -> None:
        try:
            train()
        except BaseException:
            waiting.closed = True
            raise

    with ThreadPoolExecutor(cores, "members") as pool:
        try:
            for thread in [pool.submit(one) for _ in range(cores)]:
                thread.result()
        finally:  # An interrupt, too, waits for no more than an epoch.
            waiting.closed = True


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


def _train_batch(
    batch: _Batch, epochs: int, go_on: GoOn | None, keep: Keep | None, waiting: _Waiting
) -> list[Training]:
    for epoch in range(epochs):
        if waiting.closed:
            return batch.trainings()
        batch.train(epoch)
        if go_on is not None and epoch + 1 < epochs:
            batch.cut_short(go_on)
        if not batch.pack():
            return batch.trainings()
    batch.test()
    if keep is not None:
        batch.hand_over(keep)
    return batch.trainings()


@dataclass
class _Course:
    """A member in training: what was measured after each epoch, in the order of `TrainingCurve`."""

    member: Member
    epochs: list[tuple[float, float, float, float]] = field(default_factory=list)
    diverged_at: int | None = None
    cut: bool = False
    test_accuracy: float | None = None
    test_correct: str | None = None

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
        self._orders = {member.seed: examples.batches(member.seed) for member in members}
        self._programs, self._state = population.start(self._members())
        self._measured: MemberState | None = None

    def train(self, epoch: int) -> None:
        """Take the steps of an epoch, then measure validation."""
        population, examples, members = self._population, self._examples, self._members()
        steps = range(epoch * examples.steps_per_epoch, (epoch + 1) * examples.steps_per_epoch)
        orders = {seed: np.stack([next(stream) for _ in steps]) for seed, stream in self._orders.items()}
        order = np.stack([orders[member.seed] for member in members])
        self._measured = None  # Its memory is free before the epoch takes its own.
        self._state, measures = population.epoch(
            self._programs, self._with_idle_lanes(), population.tables(members, steps), examples.train, order
        )
        if population.is_measured_elsewhere:
            few = order[:, : examples.statistics_batches]
            self._measured = population.to_measure(self._state, examples.train, few)
        evaluation = population.evaluate(self._measured or self._state, examples.validation)
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
            all_lanes = self._programs, self._state, self._measured
            self._programs, self._state, self._measured = jax.tree.map(lambda array: array[rows], all_lanes)
        return bool(kept)

    def test(self) -> None:
        """Measure those that went on to the end, where there is a test part."""
        if self._examples.test is not None:
            found = self._population.evaluate(self._measured or self._state, self._examples.test)
            is_whole = self._examples.test[1].ndim == 1  # Of text a sample's answer is more than right or wrong.
            for lane, course in enumerate(self._in_lanes):
                if course.goes_on:
                    course.test_accuracy = float(found.accuracy[lane])
                    course.test_correct = pack_bits(found.correct[lane] == 1) if is_whole else None

    def hand_over(self, keep: Keep) -> None:
        """Tell of the networks that went on to the end."""
        measured = self._measured or self._state
        for lane, course in enumerate(self._in_lanes):
            if course.goes_on:
                keep(course.member, *self._population.network(measured, lane))

    def trainings(self) -> list[Training]:
        """The record of each member."""
        return [
            Training(
                TrainingCurve.of(course.epochs),
                (len(course.epochs) + (course.diverged_at is not None)) * self._examples.steps_per_epoch,
                course.diverged_at,
                course.cut,
                course.test_accuracy,
                course.test_correct,
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
