"""The engine: M networks with M optimizers, rates and seeds trained in one compiled program.

Members live in arrays with a leading axis M. On CPUs they are mapped one after another, each through its whole epoch,
so that its data stay in the cache and an optimizer costs only the ops it uses; on GPUs they are vectorised. A member
that turns NaN or infinite is frozen where it failed and, mapped, costs nothing more.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from numpy.typing import NDArray

from paper_optimizers.graph import Graph, Node
from paper_optimizers.spec import OptimizerSpec
from reproduce.population.assembly import Capacity, Member, StepTables, assemble, step_tables
from reproduce.population.interpreter import (
    Code,
    Counts,
    OptimizerState,
    empty_registers,
    encode,
    make_optimizer_step,
)
from reproduce.population.jax_settings import GENERATOR, engine_settings
from reproduce.population.layout import Layout, default_layout
from reproduce.population.problems import Arrays, Problem

#: The members' optimizers, as the interpreter runs them.
Programs = tuple[Code, Counts]


#: Examples evaluated together: mapped, few enough for what is computed of them to stay in a core's cache.
_EVALUATED: dict[Layout, int] = {"map": 64, "vectorise": 512}


class MemberState(NamedTuple):
    """Everything that training changes; each array has a leading axis M.

    Attributes:
        weight: [M, P] all parameters, flattened.
        optimizer: See `OptimizerState`.
        statistics: The network's running statistics.
        key: [M] random key of each member.
        failed_at: [M] the first step whose loss or weights were not finite, or -1.
        step: [M] steps taken.
    """

    weight: Any
    optimizer: OptimizerState
    statistics: Arrays
    key: Any
    failed_at: Any
    step: Any


class EpochMeasures(NamedTuple):
    """[M, S] the loss and the number of right answers of each batch; NaN and 0 from a failure on."""

    loss: NDArray[np.float32]
    correct: NDArray[np.float32]


class Evaluation(NamedTuple):
    """What members answer over a data set of N examples.

    Attributes:
        loss: [M] means; NaN for a member that has failed.
        accuracy: [M] the same.
        correct: [M, N] the right answers of each example: 0 or 1, or of text the share of its places; 0 for a member
            that has failed.
    """

    loss: NDArray[np.float64]
    accuracy: NDArray[np.float64]
    correct: NDArray[np.float32]


class Population:
    """Trains any list of members on one problem; every list of one size uses one compilation.

    Args:
        problem: Network and loss.
        capacity: Fixed sizes of the optimizers.
        layout: "map" or "vectorise"; None picks that which suits the device.
        gradient_noise: Deviation of the normal noise added to each tensor's gradient, as a share of the gradient's
            root mean square.

    Attributes:
        room: The most members that the device is known to hold at once, None before it is known; see
            `reproduce.population.waves.train_members`.

    Examples:
        ``state = population.start(members)``, then for each epoch ``population.epoch(...)``, at any time
        ``population.evaluate(state, data)``.
    """

    def __init__(
        self,
        problem: Problem,
        capacity: Capacity | None = None,
        layout: Layout | None = None,
        gradient_noise: float = 0.0,
    ) -> None:
        """See the class."""
        self.problem = problem
        self.capacity = capacity or Capacity()
        self.room: int | None = None
        self.layout: Layout = layout or default_layout()
        parameters, _ = problem.initial(np.random.default_rng(0))
        self._shapes = tuple(np.shape(array) for array in parameters)
        self._sizes = tuple(int(np.prod(shape)) for shape in self._shapes)
        self._noise = gradient_noise
        self._optimizer_step = make_optimizer_step(self._sizes)
        self._epoch = jax.jit(self._epoch_of_all, donate_argnums=0)
        self._evaluate = jax.jit(self._evaluate_all)
        self._compiled: dict[Any, Any] = {}
        self._compiling = threading.Lock()

    @property
    def num_parameters(self) -> int:
        """P, the parameters of one member."""
        return sum(self._sizes)

    @engine_settings()
    def start(
        self, members: Sequence[Member], initial: Callable[[int], tuple[Arrays, Arrays]] | None = None
    ) -> tuple[Programs, MemberState]:
        """The programs and the initial state of ``members``.

        Args:
            members: Who is trained.
            initial: ``seed -> (parameters, statistics)``, where training goes on from given weights; None draws the
                problem's own from ``[seed, 0]``.
        """
        draw = initial or (lambda seed: self.problem.initial(np.random.default_rng([seed, 0])))
        initials = {seed: _flattened(*draw(seed)) for seed in {member.seed for member in members}}
        weights, statistics = zip(*(initials[member.seed] for member in members), strict=True)
        count, size, capacity = len(members), self.num_parameters, self.capacity
        state = MemberState(
            weight=jax.device_put(np.stack(weights)),
            optimizer=OptimizerState(
                moments=jnp.zeros((count, capacity.moments, size)),
                states=jnp.zeros((count, capacity.states, size)),
                velocity=jnp.zeros((count, size)),
            ),
            statistics=jax.device_put(tuple(np.stack(arrays) for arrays in zip(*statistics, strict=True))),
            key=jax.vmap(partial(jax.random.key, impl=GENERATOR))(jnp.asarray([member.seed for member in members])),
            failed_at=jnp.full(count, -1, jnp.int32),
            step=jnp.zeros(count, jnp.int32),
        )
        return jax.device_put(encode(assemble(members, capacity), capacity.states)), state

    @engine_settings()
    def bytes_per_member(self, data: Arrays, batch_size: int) -> int:
        """What one more member takes of the device's memory in training.

        Mapped members share the memory that a step works in, and take what is kept of them. Vectorised ones have one
        each: how large it is, the compiler says of a step of one member.
        """
        member = Member(OptimizerSpec(Graph((Node("g", "gradient"),), "g")), 0.0, total_steps=1)
        programs, state = self.start([member])
        tables, order = self.tables([member], range(1)), np.zeros((1, 1, batch_size), np.int32)
        if self.layout == "map":
            return sum(int(array.nbytes) for array in jax.tree.leaves((state, programs, tables, order)))
        needs = self._epoch.lower(state, programs, tables, data, order).compile().memory_analysis()
        arguments = needs.argument_size_in_bytes - sum(array.nbytes for array in data)
        return int(arguments + needs.temp_size_in_bytes)

    def tables(self, members: Sequence[Member], steps: range) -> StepTables:
        """The step tables of ``members`` for ``steps``."""
        return step_tables(members, steps, self.capacity)

    @engine_settings()
    def epoch(
        self, programs: Programs, state: MemberState, tables: StepTables, data: Arrays, orders: NDArray[np.int32]
    ) -> tuple[MemberState, EpochMeasures]:
        """Train every member for S steps.

        Args:
            programs: From `start`.
            state: From `start` or the last epoch; its buffers are given up.
            tables: For these steps.
            data: Arrays over examples, e.g. ``(images, labels)``; best on the device already.
            orders: [M, S, B] the examples of each batch.

        Returns:
            The new state and `EpochMeasures`.
        """
        state, *measures = self._run(self._epoch, state, programs, *jax.device_put((tables, data, orders)))
        return state, EpochMeasures(*jax.device_get(measures))

    @engine_settings()
    def evaluate(self, state: MemberState, data: Arrays, batch_size: int | None = None) -> Evaluation:
        """Loss and accuracy of every member over ``data``, outside training.

        Args:
            state: Of the members.
            data: Arrays over examples.
            batch_size: Examples computed together; None for what suits the layout.
        """
        count, batch_size = len(data[0]), batch_size or _EVALUATED[self.layout]
        padding = -count % batch_size
        batches = tuple(
            jnp.pad(array, ((0, padding), *((0, 0),) * (array.ndim - 1))).reshape(-1, batch_size, *array.shape[1:])
            for array in jax.device_put(data)
        )
        weights = np.pad(np.ones(count, np.float32), (0, padding)).reshape(-1, batch_size)
        *totals, correct = jax.device_get(self._run(self._evaluate, state, batches, jax.device_put(weights)))
        loss, accuracy = (np.asarray(total, np.float64) / count for total in totals)
        return Evaluation(loss, accuracy, correct.reshape(len(correct), -1)[:, :count])

    def _run(self, function: Any, *arguments: Any) -> Any:
        """What a jitted function answers; threads that need the same program wait for one compilation of it."""
        shapes = tuple((array.shape, array.dtype) for array in jax.tree.leaves(arguments))
        with self._compiling:
            program = self._compiled.get((function, shapes))
            if program is None:
                program = self._compiled[function, shapes] = function.lower(*arguments).compile()
        return program(*arguments)

    def _over_members(self, function: Any, arguments: Any) -> Any:
        if self.layout == "map":
            return lax.map(lambda entry: function(*entry), arguments)
        return jax.vmap(function)(*arguments)

    def _epoch_of_all(self, state: MemberState, programs: Programs, tables: Any, data: Arrays, orders: Any) -> Any:
        if self.layout == "map":
            return self._over_members(partial(self._epoch_of_one, data), (state, programs, tables, orders))
        code, counts = programs
        most = jax.tree.map(jnp.max, counts)

        def step(carry: tuple[MemberState, Any], now: Any) -> Any:
            return jax.vmap(lambda *member: self._step(data, member[0], most, *member[1:]))(code, *carry, *now)

        by_step = jax.tree.map(lambda array: jnp.swapaxes(array, 0, 1), (tables, orders))
        registers = jnp.broadcast_to(self._registers(), (len(orders), *self._registers().shape))
        (state, _), (loss, correct) = lax.scan(step, (state, registers), by_step)
        return state, loss.T, correct.T

    def _epoch_of_one(self, data: Arrays, state: MemberState, program: Programs, tables: Any, orders: Any) -> Any:
        """All steps of one member, or those up to its failure."""
        count = len(orders)

        def go_on(carry: Any) -> Any:
            number, (state, _), _ = carry
            return (number < count) & (state.failed_at < 0)

        def step(carry: Any) -> Any:
            number, moving, measures = carry
            now = jax.tree.map(lambda array: array[number], (tables, orders))
            moving, measured = self._step(data, *program, *moving, *now)
            return number + 1, moving, jax.tree.map(lambda all_, one: all_.at[number].set(one), measures, measured)

        measures = (jnp.full(count, jnp.nan), jnp.zeros(count))
        _, (state, _), measures = lax.while_loop(go_on, step, (0, (state, self._registers()), measures))
        return state, *measures

    def _registers(self) -> Any:
        return empty_registers(self.capacity.instructions, self.num_parameters)

    def _step(
        self, data: Arrays, code: Code, counts: Counts, state: MemberState, registers: Any, table: Any, order: Any
    ) -> Any:
        """One step of one member; after a failure its weights are whatever they are, and its measures say so."""
        key = jax.random.fold_in(state.key, state.step)
        train_key, optimizer_key, noise_key = jax.random.split(key, 3)
        batch = tuple(jnp.take(jnp.asarray(array), order, axis=0) for array in data)
        loss_of = jax.value_and_grad(self._loss, has_aux=True)
        (loss, (statistics, correct)), gradient = loss_of(state.weight, state.statistics, batch, train_key)
        if self._noise:
            gradient = self._noisy(gradient, noise_key)
        weight, optimizer, registers = self._optimizer_step(
            code, counts, table, gradient, state.weight, state.optimizer, registers, optimizer_key
        )
        finite = jnp.isfinite(loss) & jnp.isfinite(weight).all()
        failed_at = jnp.where((state.failed_at < 0) & ~finite, state.step, state.failed_at)
        after = MemberState(weight, optimizer, statistics, state.key, failed_at, state.step + 1)
        alive = failed_at < 0
        return (after, registers), (jnp.where(alive, loss, jnp.nan), jnp.where(alive, correct, 0.0))

    def _noisy(self, gradient: Any, key: Any) -> Any:
        size = [jnp.sqrt(jnp.mean(jnp.square(array))) for array in self.unflatten(gradient)]
        size = [jnp.broadcast_to(each, count) for each, count in zip(size, self._sizes, strict=True)]
        return gradient + self._noise * jnp.concatenate(size) * jax.random.normal(key, gradient.shape)

    def _loss(self, weight: Any, statistics: Arrays, batch: Arrays, key: Any) -> Any:
        return self.problem.train(self.unflatten(weight), statistics, batch, key)

    def _evaluate_all(self, state: MemberState, batches: Arrays, weights: Any) -> Any:
        failed = (jnp.float32(jnp.nan), jnp.float32(jnp.nan), jnp.zeros_like(weights))

        def one(weight: Any, statistics: Arrays, failed_at: Any) -> Any:
            return lax.cond(failed_at < 0, lambda: measure(self.unflatten(weight), statistics), lambda: failed)

        def measure(parameters: Arrays, statistics: Arrays) -> Any:

            def batch(totals: Any, now: Any) -> Any:
                measures = self.problem.evaluate(parameters, statistics, now[0])
                # Some GPUs would round what they sum to ten bits.
                sums = (jnp.matmul(each, now[1], precision="highest") for each in (measures.loss, measures.correct))
                totals = tuple(total + each for total, each in zip(totals, sums, strict=True))
                return totals, measures.correct

            totals, correct = lax.scan(batch, (jnp.float32(0.0), jnp.float32(0.0)), (batches, weights))
            return *totals, correct

        return self._over_members(one, (state.weight, state.statistics, state.failed_at))

    def unflatten(self, weight: Any) -> Arrays:
        """The parameters of one member from its flat vector [P]."""
        starts = np.cumsum((0, *self._sizes[:-1]))
        return tuple(
            lax.dynamic_slice_in_dim(weight, int(start), size).reshape(shape)
            for start, size, shape in zip(starts, self._sizes, self._shapes, strict=True)
        )


def _flattened(parameters: Arrays, statistics: Arrays) -> tuple[NDArray[np.float32], Arrays]:
    return np.concatenate([np.ravel(array) for array in parameters]).astype(np.float32), statistics
