"""The step: how gradients move weights, as pure functions over any array namespace.

`PureOptimizer` is a compiled spec as two functions: ``init(weights) -> state`` and ``step(gradients, state, weights,
learning_rate) -> weights, state``. A step computes once what depends on its number alone (`StepValues`), and then moves
each weight tensor: the averages and the update ``u`` first (`PureOptimizer.update`), then momentum and the weight
(`PureOptimizer.move`). Nothing is changed in place.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from paper_optimizers.curves import Progress, progress
from paper_optimizers.namespaces import NUMPY, Namespace
from paper_optimizers.one_cycle import UNKNOWN_RUN, RunPhases, one_cycle_phase
from paper_optimizers.operands import OPERANDS, MomentKey
from paper_optimizers.ops import FUNCTIONS, bias_correction, moving_average
from paper_optimizers.program import Program, evaluate_graph

#: Functions so long that computing them twice costs more than keeping the result.
_LONG = ("bessel_i1e",)
#: Steps after which `moves_rows_alone` looks at what a zero gradient does.
_TRIALS = 6

#: ``(number of the draw, tensor it is for) -> uniform random numbers in [0, 1), one per weight``.
Draw = Callable[[int, Any], Any]


class StepValues(NamedTuple):
    """The scalars that one step needs beside the tensors.

    Attributes:
        decays: The value of each of the program's decays.
        corrections: The bias correction ``1 - beta^count`` of each of its moments.
        state_corrections: The same for each of its states.
        rate_factor: The factor of the learning rate, or None for 1.
        momentum: The momentum coefficient, or None without momentum.
    """

    decays: tuple[Any, ...]
    corrections: tuple[Any, ...]
    state_corrections: tuple[Any, ...]
    rate_factor: Any
    momentum: Any

    def map(self, function: Callable[[Any], Any]) -> StepValues:
        """The same with ``function`` applied to every value."""
        return StepValues(*(tuple(map(function, each)) if isinstance(each, tuple) else function(each) for each in self))

    def applied(self, learning_rate: Any) -> Any:
        """The learning rate times the spec's schedule factor: what multiplies the update and the weight decay."""
        return learning_rate if self.rate_factor is None else learning_rate * self.rate_factor


class TensorState(NamedTuple):
    """The state of one weight tensor kept from step to step, each part of its shape and 0 before the first.

    Attributes:
        moments: One average for each of the program's moments.
        states: One for each of its states.
        velocity: ``m`` of the momentum, or None without momentum.
    """

    moments: tuple[Any, ...]
    states: tuple[Any, ...]
    velocity: Any

    def arrays(self) -> tuple[Any, ...]:
        """The arrays: averages, states of nodes, then the momentum, if there is one."""
        return self.moments + self.states + (() if self.velocity is None else (self.velocity,))

    def map(self, function: Callable[[Any], Any]) -> TensorState:
        """The same with ``function`` applied to every array."""
        velocity = None if self.velocity is None else function(self.velocity)
        return TensorState(tuple(map(function, self.moments)), tuple(map(function, self.states)), velocity)


class State(NamedTuple):
    """The state kept from step to step: the number of steps, and a `TensorState` for each weight tensor."""

    count: Any
    tensors: tuple[TensorState, ...]


@dataclass(frozen=True)
class PureOptimizer:
    """A compiled spec as pure functions.

    Args:
        program: The compiled spec.
        xp: The array namespace that weights and gradients belong to.
        phases: The run; of unknown length only where ``program.spec.needs_total_steps`` is False.

    Examples:
        >>> import numpy as np
        >>> from paper_optimizers import get
        >>> from paper_optimizers.namespaces import NUMPY
        >>> from paper_optimizers.program import compile_spec
        >>> optimizer = PureOptimizer(compile_spec(get("SGD")), NUMPY)
        >>> weights = [np.ones(2)]
        >>> weights, state = optimizer.step([np.ones(2)], optimizer.init(weights), weights, 0.25)
        >>> weights[0].tolist(), state.count
        ([0.75, 0.75], 1)
    """

    program: Program
    xp: Namespace
    phases: RunPhases = UNKNOWN_RUN

    def init(self, weights: Sequence[Any]) -> State:
        """The state before the first step."""

        def zeros(weight: Any) -> Callable[[str], Any]:
            return lambda name: self.xp.full_like(weight, 0.0)

        return State(0, tuple(self.init_tensor(zeros(weight)) for weight in weights))

    def init_tensor(self, make: Callable[[str], Any]) -> TensorState:
        """The state of one weight tensor, each of whose arrays is what ``make`` gives for its name."""
        program = self.program
        return TensorState(
            tuple(make(f"moment_{power}_{beta:g}") for power, beta in program.moments),
            tuple(make(f"state_{number}") for number in range(len(program.states))),
            None if program.spec.momentum.type == "none" else make("velocity"),
        )

    def step(
        self,
        gradients: Sequence[Any],
        state: State,
        weights: Sequence[Any],
        learning_rate: Any,
        *,
        weight_decay: float | None = None,
        draw: Draw | None = None,
    ) -> tuple[list[Any], State]:
        """The weights and the state after one step; see `move`."""
        values = self.values(state.count)
        moved = [
            self.move(values, learning_rate, *tensors, weight_decay=weight_decay, draw=draw)
            for tensors in zip(gradients, weights, state.tensors, strict=True)
        ]
        return [weight for weight, _ in moved], State(state.count + 1, tuple(tensor for _, tensor in moved))

    def values(self, count: Any, skipped: Any = 0) -> StepValues:
        """The scalars of the step that ``count`` others went before, an integer of Python or of the array library.

        In ``skipped`` of them there was no gradient, so that averages are corrected for the others alone.
        """
        xp, total = self.xp, self.phases.total_steps
        now = phase = None
        if total is not None:
            held = xp.minimum(count, total - 1)
            now = progress(xp, held, total)
            phase = one_cycle_phase(xp, xp.floating(held), total, self.phases.warmup_steps, self.phases.hold_steps)
        return step_values(
            self.program, xp, count=xp.floating(count + 1 - skipped), progress=now, one_cycle_phase=phase
        )

    def move(
        self,
        values: StepValues,
        learning_rate: Any,
        gradient: Any,
        weight: Any,
        state: TensorState,
        *,
        weight_decay: float | None = None,
        draw: Draw | None = None,
    ) -> tuple[Any, TensorState]:
        """One weight tensor and its state after a step.

        Args:
            values: The step's scalars.
            learning_rate: The rate, without the spec's schedule factor.
            gradient: The gradient, of the weight's shape.
            weight: The weights before the step.
            state: Their state before the step.
            weight_decay: Takes so much of the weight, times the applied rate, before all else.
            draw: Source of randomness; needed where the program draws masks.
        """
        weight = self.decayed(values, learning_rate, weight, weight_decay)
        change, state = self._change(values, values.applied(learning_rate), gradient, weight, state, draw)
        return weight + change, state

    def move_by(
        self,
        update: Any,
        values: StepValues,
        learning_rate: Any,
        weight: Any,
        state: TensorState,
        *,
        weight_decay: float | None = None,
    ) -> tuple[Any, TensorState]:
        """Do the rest of `move` once `update` has given the update, of the weight after decay, and the state."""
        weight = self.decayed(values, learning_rate, weight, weight_decay)
        change, state = self._applied(update, values, values.applied(learning_rate), state)
        return weight + change, state

    def decayed(self, values: StepValues, learning_rate: Any, weight: Any, weight_decay: float | None) -> Any:
        """A weight after decay, which comes before all else."""
        return weight if weight_decay is None else weight - weight * (weight_decay * values.applied(learning_rate))

    def change(
        self,
        values: StepValues,
        learning_rate: Any,
        gradient: Any,
        weight: Any,
        state: TensorState,
        *,
        weight_decay: Any = None,
        draw: Draw | None = None,
    ) -> tuple[Any, TensorState]:
        """Compute what `move` adds to the weight, weight decay included, for libraries that add it themselves."""
        rate = values.applied(learning_rate)
        if weight_decay is None:
            return self._change(values, rate, gradient, weight, state, draw)
        lost = weight * (weight_decay * rate)
        change, state = self._change(values, rate, gradient, weight - lost, state, draw)
        return change - lost, state

    def _change(
        self, values: StepValues, rate: Any, gradient: Any, weight: Any, state: TensorState, draw: Draw | None
    ) -> tuple[Any, TensorState]:
        """The change that update and momentum add to a weight that has decayed, at the applied rate."""
        update, state = self.update(values, gradient, weight, state, draw=draw)
        if is_long_and_used_twice(self.program):
            update = self.xp.computed_once(update, values.momentum)
        return self._applied(update, values, rate, state)

    def _applied(self, update: Any, values: StepValues, rate: Any, state: TensorState) -> tuple[Any, TensorState]:
        """The change of the weight after momentum, and the state with the new velocity."""
        change = -rate * update
        if state.velocity is not None:
            velocity = values.momentum * state.velocity + change
            nesterov = self.program.spec.momentum.type == "nesterov"
            change = values.momentum * velocity + change if nesterov else velocity
            state = state._replace(velocity=velocity)
        return change, state

    def update(
        self, values: StepValues, gradient: Any, weight: Any, state: TensorState, *, draw: Draw | None = None
    ) -> tuple[Any, TensorState]:
        """The update ``u`` of one weight tensor, sign applied, and the state with its averages advanced; see `move`."""
        quantities = _TensorQuantities(self.program, values, gradient, weight, state.moments)
        states = list(state.states)
        registers: list[Any] = []
        for op, parameters, arguments, slot in self.program.instructions:
            if op in OPERANDS:
                registers.append(OPERANDS[op].compute(self.xp, quantities, **parameters))
                continue
            inputs = [
                registers[register] if decay is None else registers[register] * values.decays[decay]
                for register, decay in arguments
            ]
            function = FUNCTIONS[op]
            if slot is None:
                value = function.compute(self.xp, *inputs, **parameters)
            elif function.needs == "random":
                if draw is None:
                    raise ValueError("this spec has dropout nodes; pass draw=, a source of uniform random numbers")
                value = function.compute(self.xp, *inputs, uniform=draw(slot, inputs[0]), **parameters)
            else:
                correction = values.state_corrections[slot]
                value, states[slot] = function.compute(
                    self.xp, *inputs, previous=states[slot], correction=correction, **parameters
                )
            registers.append(value)
        update = -registers[-1] if self.program.spec.ascend else registers[-1]
        return update, TensorState(quantities.moments, tuple(states), state.velocity)


def is_long_and_used_twice(program: Program) -> bool:
    """Whether a compiler that computes the update for the velocity, and again for the weight, takes much longer."""
    return program.spec.momentum.type != "none" and any(each.op in _LONG for each in program.instructions)


def move_each(
    update: Any, weight: Any, velocity: Any, rate: Any, momentum: Any, keep: Any, direct: Any
) -> tuple[Any, Any]:
    """Weights and velocities after a step in which each may have a momentum of its own type.

    ``m <- momentum m - rate u``, then ``w <- w + keep m - direct rate u``, where (keep, direct) is (0, 1) without
    momentum, (1, 0) for the classical one and (momentum, 1) for Nesterov's.
    """
    change = rate * update
    velocity = momentum * velocity - change
    return weight + keep * velocity - direct * change, velocity


@functools.cache
def moves_rows_alone(program: Program) -> bool:
    """Whether a weight whose gradient is 0 stays as it is, and its state too, whatever they are.

    Where it does, the rows that a sparse gradient names can be moved alone. True of SGD and Adagrad, not of what
    averages, has momentum or decays weights. Found by exact trial, in every part of a run; what looks at a whole tensor
    or draws numbers is left out.
    """
    if any(FUNCTIONS[each.op].needs in ("tensor", "random") for each in program.instructions if each.op in FUNCTIONS):
        return False
    optimizer = PureOptimizer(program, NUMPY, RunPhases(_TRIALS))
    random = np.random.default_rng(0)
    weights = [random.normal(size=64) * 10.0 ** random.uniform(-6, 3, 64)]
    state = optimizer.init(weights)
    with np.errstate(all="ignore"):
        for _ in range(_TRIALS):
            moved, still = optimizer.step([np.zeros(64)], state, weights, 1.0)
            before, after = (*weights, *state.tensors[0].arrays()), (*moved, *still.tensors[0].arrays())
            if not all(map(np.array_equal, before, after)):
                return False
            _, state = optimizer.step([random.normal(size=64)], state, weights, 1.0)
    return True


def step_values(
    program: Program, xp: Namespace, *, count: Any, progress: Progress | None, one_cycle_phase: Any | None
) -> StepValues:
    """The scalars of one step.

    Args:
        program: The compiled spec.
        xp: The array namespace.
        count: The step's number from 1, as a floating-point scalar.
        progress: Training progress; may be None only if the spec does not need the total number of steps.
        one_cycle_phase: 1 where one-cycle momentum stands at its high value, 0 at its low one; see
            `paper_optimizers.one_cycle.one_cycle_phase`. May be None without one-cycle momentum.
    """
    spec = program.spec
    factor = None if spec.schedule is None else evaluate_graph(spec.schedule, xp, _given(progress))
    momentum: Any = None
    if spec.momentum.type != "none":
        momentum = spec.momentum.at(_given(one_cycle_phase) if spec.momentum.varies else None)
    return StepValues(
        decays=tuple(evaluate_graph(decay, xp, _given(progress)) for decay in program.decays),
        corrections=tuple(bias_correction(xp, key.beta, count) for key in program.moments),
        state_corrections=tuple(bias_correction(xp, beta, count) for beta in program.states),
        rate_factor=factor,
        momentum=momentum,
    )


def _given(value: Any) -> Any:
    if value is None:
        raise ValueError("this spec reads training progress; pass the total number of steps")
    return value


class _TensorQuantities:
    """The operands' view of one weight tensor: EMAs are advanced once, powers of the gradient computed once."""

    def __init__(self, program: Program, values: StepValues, gradient: Any, weight: Any, moments: Any) -> None:
        self.weight = weight
        self._powers = {1: gradient}
        self._index = {key: index for index, key in enumerate(program.moments)}
        self._corrections = values.corrections
        self._before = moments
        self.moments = tuple(
            moving_average(key.beta, before, self.gradient_power(key.power))
            for key, before in zip(program.moments, moments, strict=True)
        )

    def gradient_power(self, power: int) -> Any:
        if power not in self._powers:
            self._powers[power] = self.gradient_power(power - 1) * self._powers[1]
        return self._powers[power]

    def moment(self, key: MomentKey, *, corrected: bool, delayed: bool) -> Any:
        index = self._index[key]
        average = (self._before if delayed else self.moments)[index]
        return average / self._corrections[index] if corrected else average
