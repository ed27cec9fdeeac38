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

from reproduce.population.assembly import Capacity, Member
from reproduce.population.device import GENERATOR, Layout, default_layout, engine_settings, give_back_freed
from reproduce.population.interpreter import Specs
from reproduce.population.problems import Arrays, Problem
from reproduce.population.stepper import Optimizers, Programs
from reproduce.population.weights import FlatWeights, first_weights

#: The most examples that are evaluated together, vectorised.
_VECTORISED = 512
#: Mapped, where nothing of them is prepared: few enough to stay in a core's cache.
_MAPPED = 64
#: Mapped, where something is: the most, and the bytes that what is prepared of them may take. Both were found by timing
#: the surrogate at the five sizes of `reproduce.bench.step_sizes`.
_PREPARED, _PREPARED_BYTES = 128, 4_000_000
#: Whole vectors of any processor.
_MULTIPLE = 16


class MemberState(NamedTuple):
    """Everything that training changes; each array has a leading axis M.

    Attributes:
        weight: [M, P] all parameters, flattened.
        optimizer: What the optimizer keeps, a tree of arrays.
        statistics: The network's running statistics.
        key: [M] random key of each member.
        failed_at: [M] the first step whose loss or weights were not finite, or -1.
        step: [M] steps taken.
    """

    weight: Any
    optimizer: Any
    statistics: Arrays
    key: Any
    failed_at: Any
    step: Any


class EpochMeasures(NamedTuple):
    """[M, S] the loss and the number of right answers of each batch; NaN and 0 from a failure on."""

    loss: NDArray[np.float32]
    correct: NDArray[np.float32]


class Evaluation(NamedTuple):
    """The answers of members over a data set of N examples.

    Attributes:
        loss: [M] means; NaN for a member that has failed.
        accuracy: [M] the same.
        correct: [M, N] the right answers of each example: 0 or 1, or of text the share of its places; 0 for a member
            that has failed.
    """

    loss: NDArray[np.float64]
    accuracy: NDArray[np.float64]
    correct: NDArray[np.float32]


_SPECS = Specs(Capacity())


class Population:
    """Trains any list of members on one problem; every list of one size uses one compilation.

    Args:
        problem: Network and loss.
        optimizers: What moves members: specs, unless a transformation is given.
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
        optimizers: Optimizers = _SPECS,
        layout: Layout | None = None,
        gradient_noise: float = 0.0,
    ) -> None:
        self.problem = problem
        self.room: int | None = None
        self.layout: Layout = layout or default_layout()
        self._weights = FlatWeights(problem)
        self._stepper = optimizers.stepper(self._weights)
        self._noise = gradient_noise
        self._epoch = jax.jit(self._epoch_of_all, donate_argnums=0)
        self._evaluate = jax.jit(self._evaluate_all)
        self._settle = jax.jit(self._settle_all)
        self._compiled: dict[Any, Any] = {}
        self._compiling = threading.Lock()

    @property
    def num_parameters(self) -> int:
        """P, the parameters of one member."""
        return self._weights.count

    @property
    def is_measured_elsewhere(self) -> bool:
        """Whether members are measured at other weights than those that are trained; see `to_measure`."""
        return self._stepper.is_measured_elsewhere

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
        initials = {seed: draw(seed) for seed in {member.seed for member in members}}
        flat = {seed: first_weights(parameters) for seed, (parameters, _) in initials.items()}
        weight = jax.device_put(np.stack([flat[member.seed] for member in members]))
        statistics = zip(*(initials[member.seed][1] for member in members), strict=True)
        programs, optimizer = self._stepper.start(members, weight)
        state = MemberState(
            weight=weight,
            optimizer=optimizer,
            statistics=jax.device_put(tuple(np.stack(arrays) for arrays in statistics)),
            key=jax.vmap(partial(jax.random.key, impl=GENERATOR))(jnp.asarray([member.seed for member in members])),
            failed_at=jnp.full(len(members), -1, jnp.int32),
            step=jnp.zeros(len(members), jnp.int32),
        )
        return jax.device_put(programs), state

    @engine_settings()
    def network(self, state: MemberState, place: int) -> tuple[Arrays, Arrays]:
        """The parameters and the running statistics of the member at ``place`` of a state, as NumPy arrays."""
        own = self._weights.tensors(state.weight[place]), tuple(array[place] for array in state.statistics)
        parameters, statistics = jax.device_get(own)
        return parameters, statistics

    @engine_settings()
    def bytes_per_member(self, data: Arrays, batch_size: int) -> int:
        """The bytes of the device's memory that one more member takes in training.

        Mapped members share the memory that a step works in, and take what is kept of them. Vectorised ones have one
        each: how large it is, the compiler says of a step of one member.
        """
        member = self._stepper.example()
        programs, state = self.start([member])
        tables, order = self.tables([member], range(1)), np.zeros((1, 1, batch_size), np.int32)
        if self.layout == "map":
            return sum(int(array.nbytes) for array in jax.tree.leaves((state, programs, tables, order)))
        needs = _compile(self._epoch, state, programs, tables, data, order).memory_analysis()
        arguments = needs.argument_size_in_bytes - sum(array.nbytes for array in data)
        return int(arguments + needs.temp_size_in_bytes)

    def tables(self, members: Sequence[Member], steps: range) -> Any:
        """Make what the optimizers of ``members`` need for each of ``steps``, as a tree of arrays [M, S, ...]."""
        return self._stepper.tables(members, steps)

    @engine_settings()
    def epoch(
        self, programs: Programs, state: MemberState, tables: Any, data: Arrays, orders: NDArray[np.int32]
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
    def to_measure(self, state: MemberState, data: Arrays, orders: NDArray[np.int32]) -> MemberState:
        """The members at the weights that they are measured at, with running statistics that fit these.

        Statistics are those of the weights that were trained. Those of other weights come from batches that the
        network sees with them, as in training; nothing is trained on these.

        Args:
            state: Of the members; it goes on from there. Its buffers are shared.
            data: The training examples.
            orders: [M, N, B] the examples of N batches.
        """
        if not self.is_measured_elsewhere:
            return state
        weight, statistics = self._run(self._settle, state, *jax.device_put((data, orders)))
        return state._replace(weight=weight, statistics=statistics)

    @engine_settings()
    def evaluate(self, state: MemberState, data: Arrays, batch_size: int | None = None) -> Evaluation:
        """Loss and accuracy of every member over ``data``, outside training.

        Args:
            state: Of the members.
            data: Arrays over examples.
            batch_size: Examples computed together; None for what suits the layout.

        Raises:
            ValueError: If there are no examples.
        """
        count = len(data[0])
        if not count:
            raise ValueError("data has no examples, and a mean over none is no number; pass at least one")
        batch_size = batch_size or self._evaluated_together(data)
        padding = -count % batch_size
        batches = tuple(
            jnp.pad(array, ((0, padding), *((0, 0),) * (array.ndim - 1))).reshape(-1, batch_size, *array.shape[1:])
            for array in jax.device_put(data)
        )
        weights = np.pad(np.ones(count, np.float32), (0, padding)).reshape(-1, batch_size)
        measured = (state.weight, state.statistics, state.failed_at)
        *totals, correct = jax.device_get(self._run(self._evaluate, measured, batches, jax.device_put(weights)))
        loss, accuracy = (np.asarray(total, np.float64) / count for total in totals)
        return Evaluation(loss, accuracy, correct.reshape(len(correct), -1)[:, :count])

    def _evaluated_together(self, data: Arrays) -> int:
        """Examples of a batch that suits the layout: as many batches as must be, of one size, with little padding."""
        most, count = self._most_together(data), len(data[0])
        size = -(-count // -(-count // most))
        return min(most, -(-size // _MULTIPLE) * _MULTIPLE)

    def _most_together(self, data: Arrays) -> int:
        if self.layout == "vectorise":
            return _VECTORISED
        if self.problem.prepare is None:
            return _MAPPED
        one = tuple(jax.ShapeDtypeStruct((1, *array.shape[1:]), array.dtype) for array in data)
        prepared = jax.tree.leaves(jax.eval_shape(self.problem.prepare, one))
        fitting = _PREPARED_BYTES // sum(array.size * array.dtype.itemsize for array in prepared)
        return min(_PREPARED, max(_MULTIPLE, fitting // _MULTIPLE * _MULTIPLE))

    def _run(self, function: Any, *arguments: Any) -> Any:
        """The result of a jitted function; threads that need the same program wait for one compilation of it."""
        shapes = tuple((array.shape, array.dtype) for array in jax.tree.leaves(arguments))
        with self._compiling:
            program = self._compiled.get((function, shapes))
            if program is None:
                program = self._compiled[function, shapes] = _compile(function, *arguments)
        return program(*arguments)

    def _over_members(self, function: Any, arguments: Any) -> Any:
        if self.layout == "map":
            return lax.map(lambda entry: function(*entry), arguments)
        return jax.vmap(function)(*arguments)

    def _epoch_of_all(self, state: MemberState, programs: Programs, tables: Any, data: Arrays, orders: Any) -> Any:
        if self.layout == "map":
            return self._over_members(partial(self._epoch_of_one, data), (state, programs, tables, orders))
        own, shared = programs
        most = jax.tree.map(jnp.max, shared)

        def step(carry: tuple[MemberState, Any], now: Any) -> Any:
            return jax.vmap(lambda *member: self._step(data, (member[0], most), *member[1:]))(own, *carry, *now)

        by_step = jax.tree.map(lambda array: jnp.swapaxes(array, 0, 1), (tables, orders))
        workspaces = jax.tree.map(
            lambda array: jnp.broadcast_to(array, (len(orders), *array.shape)), self._stepper.workspace()
        )
        (state, _), (loss, correct) = lax.scan(step, (state, workspaces), by_step)
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
            moving, measured = self._step(data, program, *moving, *now)
            return number + 1, moving, jax.tree.map(lambda all_, one: all_.at[number].set(one), measures, measured)

        measures = (jnp.full(count, jnp.nan), jnp.zeros(count))
        _, (state, _), measures = lax.while_loop(go_on, step, (0, (state, self._stepper.workspace()), measures))
        return state, *measures

    def _step(self, data: Arrays, program: Programs, state: MemberState, workspace: Any, table: Any, order: Any) -> Any:
        """One step of one member; after a failure its weights are whatever they are, and its measures say so."""
        key = jax.random.fold_in(state.key, state.step)
        train_key, optimizer_key, noise_key = jax.random.split(key, 3)
        batch = tuple(jnp.take(jnp.asarray(array), order, axis=0) for array in data)
        loss_of = jax.value_and_grad(self._loss, has_aux=True)
        (loss, (statistics, correct)), gradient = loss_of(state.weight, state.statistics, batch, train_key)
        if self._noise:
            gradient = self._noisy(gradient, noise_key)
        weight, optimizer, workspace = self._stepper.step(
            program, table, gradient, state.weight, state.optimizer, workspace, optimizer_key
        )
        finite = jnp.isfinite(loss) & jnp.isfinite(weight).all()
        failed_at = jnp.where((state.failed_at < 0) & ~finite, state.step, state.failed_at)
        after = MemberState(weight, optimizer, statistics, state.key, failed_at, state.step + 1)
        alive = failed_at < 0
        return (after, workspace), (jnp.where(alive, loss, jnp.nan), jnp.where(alive, correct, 0.0))

    def _noisy(self, gradient: Any, key: Any) -> Any:
        size = [jnp.sqrt(jnp.mean(jnp.square(array))) for array in self._weights.tensors(gradient)]
        size = [jnp.broadcast_to(each, count) for each, count in zip(size, self._weights.sizes, strict=True)]
        return gradient + self._noise * jnp.concatenate(size) * jax.random.normal(key, gradient.shape)

    def _loss(self, weight: Any, statistics: Arrays, batch: Arrays, key: Any) -> Any:
        return self.problem.train(self._weights.tensors(weight), statistics, batch, key)

    def _settle_all(self, state: MemberState, data: Arrays, orders: Any) -> Any:

        def one(state: MemberState, order: Any) -> tuple[Any, Arrays]:
            weight = self._stepper.measured(state.weight, state.optimizer)

            def see(statistics: Arrays, now: Any) -> tuple[Arrays, None]:
                batch = tuple(jnp.take(jnp.asarray(array), now[0], axis=0) for array in data)
                return self._loss(weight, statistics, batch, jax.random.fold_in(state.key, now[1]))[1][0], None

            def seen() -> Arrays:
                if not state.statistics:
                    return ()
                return lax.scan(see, state.statistics, (order, state.step + jnp.arange(len(order))))[0]

            return weight, lax.cond(state.failed_at < 0, seen, lambda: state.statistics)

        return self._over_members(one, (state, orders))

    def _evaluate_all(self, measured: Any, batches: Arrays, weights: Any) -> Any:
        """Batch after batch, each prepared once and measured by all members."""
        failed = (jnp.float32(jnp.nan), jnp.float32(jnp.nan), jnp.zeros_like(weights[0]))

        def add_batch(totals: Any, now: Any) -> Any:
            batch, weight_of_examples = now
            prepared = self.problem.prepared(batch)

            def results(weight: Any, statistics: Arrays) -> Any:
                loss, correct = self.problem.measure(self._weights.tensors(weight), statistics, prepared)
                # Some GPUs would round what they sum to ten bits.
                sums = (jnp.matmul(each, weight_of_examples, precision="highest") for each in (loss, correct))
                return *sums, correct

            def one(weight: Any, statistics: Arrays, failed_at: Any) -> Any:
                if self.layout == "map":
                    return lax.cond(failed_at < 0, lambda: results(weight, statistics), lambda: failed)
                # Vectorised, both sides of a condition are computed, and it would copy what is prepared to each member.
                own = results(weight, statistics)
                return jax.tree.map(lambda found, none: jnp.where(failed_at < 0, found, none), own, failed)

            *sums, correct = self._over_members(one, measured)
            return tuple(total + each for total, each in zip(totals, sums, strict=True)), correct

        nothing = jnp.zeros(len(measured[-1]))
        totals, correct = lax.scan(add_batch, (nothing, nothing), (batches, weights))
        return *totals, correct.swapaxes(0, 1)


def _compile(function: Any, *arguments: Any) -> Any:
    """The compiled program of a jitted function."""
    program = function.lower(*arguments).compile()
    give_back_freed()
    return program
