"""The optimizer interpreter: runs one member's assembled program on its flattened parameters, in JAX.

The functions come from the one op table of `paper_optimizers`; an instruction picks its row with `lax.switch`. Mapped
over members one after another, a switch runs one row; vectorised over members (`jax.vmap`), it computes every row and
keeps the one that is asked for.

What costs time here is not arithmetic but passes over the P parameters, so a step makes few: operands are computed
from the averages as they stood before the step, an average or state is advanced in place only where a program keeps
it, and the registers are a workspace that the caller carries from step to step (`artifact/ENGINE.md`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from numpy.typing import NDArray

from paper_optimizers.graph import Graph, Node
from paper_optimizers.operands import OPERANDS, MomentKey
from paper_optimizers.ops import FUNCTIONS, moving_average
from paper_optimizers.spec import OptimizerSpec
from paper_optimizers.step import move_each
from reproduce.population.assembly import OPCODES, Capacity, Member, Programs, StepTables, assemble, step_tables
from reproduce.population.jax_namespace import FlatNamespace
from reproduce.population.stepper import StepResult
from reproduce.population.weights import FlatWeights

_NAMES = tuple(OPCODES)
_STATEFUL = [name for name, row in FUNCTIONS.items() if row.needs == "state"]
_AVERAGED = {
    name
    for name, row in OPERANDS.items()
    if row.moments({key: parameter.default for key, parameter in row.parameters.items()})
}


@dataclass(frozen=True)
class Specs:
    """All specs whose programs fit, as optimizers of one population; see `reproduce.population.stepper.Optimizers`.

    Attributes:
        capacity: Fixed sizes of the programs.
    """

    capacity: Capacity

    def stepper(self, weights: FlatWeights) -> SpecStepper:
        """Make the interpreter."""
        return SpecStepper(self.capacity, weights)


class SpecStepper:
    """The interpreter as a `reproduce.population.stepper.Stepper`; members are measured where they are trained.

    Args:
        capacity: Fixed sizes of the programs.
        weights: How the parameters lie.
    """

    is_measured_elsewhere = False

    def __init__(self, capacity: Capacity, weights: FlatWeights) -> None:
        self._capacity, self._num_parameters = capacity, weights.count
        self._step = make_optimizer_step(weights.sizes)

    def example(self) -> Member:
        """Give gradient descent, as an example of a program."""
        return Member(OptimizerSpec(Graph((Node("g", "gradient"),), "g")), 0.0, total_steps=1)

    def start(self, members: Sequence[Member], weights: Any) -> tuple[tuple[Code, Counts], OptimizerState]:
        """Their code and how much of it each uses; averages, states and velocities of 0."""
        count, size, capacity = len(members), self._num_parameters, self._capacity
        del weights
        state = OptimizerState(
            moments=jnp.zeros((count, capacity.moments, size)),
            states=jnp.zeros((count, capacity.states, size)),
            velocity=jnp.zeros((count, size)),
        )
        return encode(assemble(members, capacity), capacity.states), state

    def tables(self, members: Sequence[Member], steps: range) -> StepTables:
        """See `StepTables`."""
        return step_tables(members, steps, self._capacity)

    def workspace(self) -> jax.Array:
        """Make the registers."""
        return empty_registers(self._capacity.instructions, self._num_parameters)

    def step(
        self, program: Any, table: Any, gradient: Any, weight: Any, optimizer: Any, workspace: Any, key: Any
    ) -> StepResult:
        """See `make_optimizer_step`."""
        code, counts = program
        return self._step(code, counts, table, gradient, weight, optimizer, workspace, key)

    def measured(self, weight: Any, optimizer: Any) -> Any:
        """The weights that are trained."""
        del optimizer
        return weight


class OptimizerState(NamedTuple):
    """One member's optimizer: [J, P] averages, [N, P] node states, [P] velocity."""

    moments: jax.Array
    states: jax.Array
    velocity: jax.Array


class Counts(NamedTuple):
    """How much of its arrays a program uses; [M] each, or the largest of all members."""

    operands: Any
    functions: Any
    moments: Any
    states: Any


class Block(NamedTuple):
    """The operands of M programs, or their functions; arrays [M, K], [M, K, 2] and [M, K, 4].

    Attributes:
        row: The row of the table of operands or of functions.
        slot: The average that an operand reads, or the state that a function keeps.
        parameters: The row's parameters in alphabetical order.
        arguments: Registers read by a function.
        decays: Columns of the decay table that multiply them.
    """

    row: Any
    slot: Any
    parameters: Any
    arguments: Any
    decays: Any


class Code(NamedTuple):
    """M programs as the interpreter runs them: first the operands, then the functions.

    Operand ``i`` writes register ``i`` and function ``i`` register ``K + i``, for programs of up to K instructions.

    Attributes:
        operands: See `Block`.
        functions: See `Block`.
        result: [M] the register of the update.
        keeper: [M, N] the function that keeps each state.
        kind: [M, N] the place of that function in the list of functions that keep a state.
        moment_power: [M, J] power of the gradient of each average.
        moment_beta: [M, J] its decay rate.
    """

    operands: Block
    functions: Block
    result: Any
    keeper: Any
    kind: Any
    moment_power: Any
    moment_beta: Any


def encode(programs: Programs, num_states: int) -> tuple[Code, Counts]:
    """The code of M assembled programs and what each uses of it.

    Args:
        programs: From `reproduce.population.assembly.assemble`.
        num_states: N of `reproduce.population.assembly.Capacity`.
    """
    rows = [_encode_one(Programs(*fields), num_states) for fields in zip(*programs, strict=True)]
    code, counts = jax.tree.map(lambda *arrays: np.stack(arrays), *rows)
    return code, counts


def _encode_one(program: Programs, num_states: int) -> tuple[Code, Counts]:
    used = np.arange(len(program.op)) < program.length
    is_operand = program.op < len(OPERANDS)
    operands, functions = np.flatnonzero(used & is_operand), np.flatnonzero(used & ~is_operand)
    register = np.zeros_like(program.op)
    register[operands] = np.arange(len(operands))
    register[functions] = len(program.op) + np.arange(len(functions))
    names = [_NAMES[code] for code in program.op]
    averages = {int(program.moment[index]) for index in operands if names[index] in _AVERAGED}
    kept = [
        (_STATEFUL.index(name), place)
        for place, name in enumerate(names[index] for index in functions)
        if name in _STATEFUL
    ]
    keeper, kind = np.zeros((2, num_states), np.int32)
    for stateful, place in kept:
        slot = program.state[functions[place]]
        keeper[slot], kind[slot] = place, stateful
    code = Code(
        operands=_block(program, operands, program.op, program.moment, register),
        functions=_block(program, functions, program.op - len(OPERANDS), program.state, register),
        result=register[program.length - 1],
        keeper=keeper,
        kind=kind,
        moment_power=program.moment_power,
        moment_beta=program.moment_beta,
    )
    counts = Counts(*(np.int32(count) for count in (len(operands), len(functions), len(averages), len(kept))))
    return code, counts


def _block(program: Programs, chosen: NDArray[Any], row: Any, slot: Any, register: NDArray[np.int32]) -> Block:
    fields = (row, slot, program.parameters, register[program.arguments], program.decays)
    block = Block(*(np.zeros_like(field) for field in fields))
    for target, field in zip(block, fields, strict=True):
        target[: len(chosen)] = field[chosen]
    return block


class _Site(NamedTuple):
    """Everything that instruction ``index`` may read; satisfies `paper_optimizers.operands.Quantities`."""

    block: Block
    index: Any
    code: Code
    step: StepTables
    gradient: Any
    weight: Any
    moments: Any
    states: Any
    key: Any

    def gradient_power(self, power: Any) -> Any:
        """``g``, ``g^2`` or ``g^3``; ``power`` may be traced."""
        return _power(self.gradient, power)

    def moment(self, key: MomentKey, *, corrected: Any, delayed: Any) -> Any:
        """The average that the operand's slot names; ``key`` is the same in values that are traced."""
        del key
        slot = self.block.slot[self.index]
        average = jnp.where(delayed, self.moments[slot], _advanced(self.code, slot, self.moments, self.gradient))
        return average / jnp.where(corrected, self.step.corrections[slot], 1.0)

    def argument(self, registers: Any, place: int) -> Any:
        """The register that the instruction reads at this place, times its decay."""
        decay = self.step.decays[self.block.decays[self.index, place]]
        return registers[self.block.arguments[self.index, place]] * decay

    def values(self, row: Any) -> dict[str, Any]:
        """The parameters of the table's row ``row``."""
        values = {name: self.block.parameters[self.index, place] for place, name in enumerate(sorted(row.parameters))}
        flags = {name for name, parameter in row.parameters.items() if isinstance(parameter.default, bool)}
        return {name: value > 0.5 if name in flags else value for name, value in values.items()}


def _power(gradient: Any, power: Any) -> Any:
    result = gradient
    for exponent in (2, 3):
        result = jnp.where(power > exponent - 0.5, result * gradient, result)
    return result


def _advanced(code: Code, slot: Any, moments: Any, gradient: Any) -> Any:
    return moving_average(code.moment_beta[slot], moments[slot], _power(gradient, code.moment_power[slot]))


def _operand(xp: FlatNamespace, name: str) -> Callable[[_Site], Any]:
    row = OPERANDS[name]
    return lambda site: row.compute(xp, site, **site.values(row))


def _function(xp: FlatNamespace, name: str) -> Callable[[_Site, Any, Any], Any]:
    row = FUNCTIONS[name]

    def value(site: _Site, first: Any, second: Any) -> Any:
        arguments, values = (first, second)[: row.arity], site.values(row)
        if row.needs == "state":
            slot = site.block.slot[site.index]
            return _advance_state(xp, name, site, slot, site.states[slot], first)[0]
        if row.needs == "random":
            values["uniform"] = jax.random.uniform(jax.random.fold_in(site.key, site.index), first.shape, first.dtype)
        return row.compute(xp, *arguments, **values)

    return value


def _advance_state(xp: FlatNamespace, name: str, site: _Site, slot: Any, previous: Any, argument: Any) -> Any:
    row = FUNCTIONS[name]
    correction = site.step.state_corrections[slot]
    return row.compute(xp, argument, previous=previous, correction=correction, **site.values(row))


def _new_state(xp: FlatNamespace, name: str) -> Callable[[_Site, Any, Any, Any], Any]:
    return lambda site, slot, previous, argument: _advance_state(xp, name, site, slot, previous, argument)[1]


#: ``(code, counts, step, gradient, weight, optimizer, registers, key) -> StepResult``; see `make_optimizer_step`.
OptimizerStep = Callable[[Code, Counts, StepTables, Any, Any, OptimizerState, Any, Any], StepResult]


def empty_registers(num_instructions: int, num_parameters: int) -> jax.Array:
    """A workspace for one member's programs of up to ``num_instructions``."""
    return jnp.zeros((2 * num_instructions, num_parameters))


def make_optimizer_step(sizes: tuple[int, ...]) -> OptimizerStep:
    """The function that moves one member by one step.

    Args:
        sizes: Elements of each weight tensor, in the order of the flat vector of P parameters.

    Returns:
        `OptimizerStep`. ``code`` and ``step`` are one member's entries of `Code` and `StepTables`; ``counts`` is its
        own, or the largest of all members where these are vectorised, so that all run the same number of instructions;
        ``gradient`` and ``weight`` are [P]; what ``registers`` holds, from `empty_registers`, does not matter.
    """
    xp = FlatNamespace(sizes)
    operands, functions = ([make(xp, name) for name in table] for make, table in (
        (_operand, OPERANDS), (_function, FUNCTIONS)))  # fmt: skip
    new_states = [_new_state(xp, name) for name in _STATEFUL]

    def optimizer_step(
        code: Code, counts: Counts, step: StepTables, gradient: Any, weight: Any, optimizer: OptimizerState,
        registers: Any, key: Any,
    ) -> StepResult:  # fmt: skip
        first_function = len(registers) // 2

        def site(block: Block, index: Any) -> _Site:
            return _Site(block, index, code, step, gradient, weight, optimizer.moments, optimizer.states, key)

        def operand(index: Any, registers: Any) -> Any:
            value = lax.switch(code.operands.row[index], operands, site(code.operands, index))
            return registers.at[index].set(value)

        def function(index: Any, registers: Any) -> Any:
            here = site(code.functions, index)
            arguments = (here.argument(registers, place) for place in (0, 1))
            value = lax.switch(code.functions.row[index], functions, here, *arguments)
            return registers.at[first_function + index].set(value)

        def advance_state(slot: Any, states: Any) -> Any:
            here = site(code.functions, code.keeper[slot])._replace(states=None)
            new = lax.switch(code.kind[slot], new_states, here, slot, states[slot], here.argument(registers, 0))
            return states.at[slot].set(new)

        def advance_moment(slot: Any, moments: Any) -> Any:
            return moments.at[slot].set(_advanced(code, slot, moments, gradient))

        registers = lax.fori_loop(0, counts.operands, operand, registers)
        registers = lax.fori_loop(0, counts.functions, function, registers)
        states = lax.fori_loop(0, counts.states, advance_state, optimizer.states)
        moments = lax.fori_loop(0, counts.moments, advance_moment, optimizer.moments)
        rates = (step.rate, step.momentum, step.keep, step.direct)
        moved, velocity = move_each(registers[code.result], weight, optimizer.velocity, *rates)
        return StepResult(moved, OptimizerState(moments, states, velocity), registers)

    return optimizer_step
