"""The optimizer interpreter: runs one member's assembled program on its flattened parameters, in JAX.

The functions come from the one op table of `paper_optimizers`; an instruction picks its row with `lax.switch`. Mapped
over members one after another, a switch runs one row; vectorised over members (`jax.vmap`), it computes every row and
keeps the one that is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from paper_optimizers.operands import OPERANDS, MomentKey
from paper_optimizers.ops import FUNCTIONS
from reproduce.population.assembly import OPCODES, Programs, StepTables
from reproduce.population.jax_namespace import JaxNamespace


class OptimizerState(NamedTuple):
    """One member's optimizer: [J, P] averages, [N, P] node states, [P] velocity."""

    moments: jax.Array
    states: jax.Array
    velocity: jax.Array


class _Quantities:
    """One instruction's view of the flattened parameters; satisfies `paper_optimizers.operands.Quantities`."""

    def __init__(self, weight: Any, powers: tuple[Any, Any, Any], before: Any, after: Any, correction: Any) -> None:
        self.weight = weight
        self._powers = powers
        self._before, self._after, self._correction = before, after, correction

    def gradient_power(self, power: Any) -> Any:
        """``g``, ``g^2`` or ``g^3``; ``power`` may be traced."""
        return _select_power(power, self._powers)

    def moment(self, key: MomentKey, *, corrected: Any, delayed: Any) -> Any:
        """The average that the instruction names; its key is already resolved."""
        del key
        average = jnp.where(delayed, self._before, self._after)
        return average / jnp.where(corrected, self._correction, 1.0)


def _select_power(power: Any, powers: tuple[Any, Any, Any]) -> Any:
    if isinstance(power, int):
        return powers[power - 1]
    return jnp.where(power < 1.5, powers[0], jnp.where(power < 2.5, powers[1], powers[2]))


class _Inputs(NamedTuple):
    """What every row of the table is offered."""

    first: Any
    second: Any
    parameters: Any
    weight: Any
    powers: tuple[Any, Any, Any]
    before: Any
    after: Any
    correction: Any
    state: Any
    state_correction: Any
    key: Any


def _branches(xp: JaxNamespace) -> list[Callable[[_Inputs], tuple[Any, Any]]]:
    """A function ``inputs -> (value, state)`` for every opcode, in the order of the opcodes."""
    return [_operand_branch(xp, name) if name in OPERANDS else _function_branch(xp, name) for name in OPCODES]


def _named(parameters: Any, names: Any) -> dict[str, Any]:
    return {name: parameters[index] for index, name in enumerate(sorted(names))}


def _operand_branch(xp: JaxNamespace, name: str) -> Callable[[_Inputs], tuple[Any, Any]]:
    row = OPERANDS[name]

    def branch(inputs: _Inputs) -> tuple[Any, Any]:
        quantities = _Quantities(inputs.weight, inputs.powers, inputs.before, inputs.after, inputs.correction)
        return row.compute(xp, quantities, **_flags(_named(inputs.parameters, row.parameters), row)), inputs.state

    return branch


def _flags(values: dict[str, Any], row: Any) -> dict[str, Any]:
    return {
        name: value > 0.5 if isinstance(row.parameters[name].default, bool) else value for name, value in values.items()
    }


def _function_branch(xp: JaxNamespace, name: str) -> Callable[[_Inputs], tuple[Any, Any]]:
    row = FUNCTIONS[name]

    def branch(inputs: _Inputs) -> tuple[Any, Any]:
        arguments = (inputs.first, inputs.second)[: row.arity]
        values = _named(inputs.parameters, row.parameters)
        if row.needs == "state":
            state: tuple[Any, Any] = row.compute(
                xp, *arguments, previous=inputs.state, correction=inputs.state_correction, **values
            )
            return state
        if row.needs == "random":
            values["uniform"] = jax.random.uniform(inputs.key, inputs.first.shape, inputs.first.dtype)
        return row.compute(xp, *arguments, **values), inputs.state

    return branch


class StepResult(NamedTuple):
    """The weights and the optimizer after a step."""

    weight: jax.Array
    optimizer: OptimizerState


def make_optimizer_step(
    sizes: tuple[int, ...],
) -> Callable[[Programs, StepTables, jax.Array, jax.Array, OptimizerState, jax.Array], StepResult]:
    """The function that moves one member by one step.

    Args:
        sizes: Elements of each weight tensor, in the order of the flat vector of P parameters.

    Returns:
        ``(program, step, gradient, weight, optimizer, key) -> StepResult``, where ``program`` and ``step`` are one
        member's entries of `Programs` and `StepTables` and the arrays are [P].
    """
    branches = _branches(JaxNamespace(sizes))

    def optimizer_step(
        program: Programs, step: StepTables, gradient: Any, weight: Any, optimizer: OptimizerState, key: Any
    ) -> StepResult:
        powers = (gradient, gradient * gradient, gradient * gradient * gradient)
        beta = jnp.asarray(program.moment_beta)[:, None]
        after = beta * optimizer.moments + (1.0 - beta) * jax.vmap(_select_power, (0, None))(
            jnp.asarray(program.moment_power), powers
        )

        def instruction(index: Any, carry: tuple[Any, Any]) -> tuple[Any, Any]:
            registers, states = carry
            first, second = (
                registers[program.arguments[index, place]] * step.decays[program.decays[index, place]]
                for place in (0, 1)
            )
            moment, slot = program.moment[index], program.state[index]
            value, state = lax.switch(
                program.op[index],
                branches,
                _Inputs(
                    first, second, program.parameters[index], weight, powers, optimizer.moments[moment],
                    after[moment], step.corrections[moment], states[slot], step.state_corrections[slot],
                    jax.random.fold_in(key, index),
                ),
            )  # fmt: skip
            return registers.at[index].set(value), states.at[slot].set(state)

        empty = jnp.zeros((program.op.shape[0], *weight.shape), weight.dtype)
        registers, states = lax.fori_loop(0, program.length, instruction, (empty, optimizer.states))
        change = step.rate * registers[program.length - 1]
        velocity = step.momentum * optimizer.velocity - change
        moved = weight + step.keep * velocity - step.direct * change
        return StepResult(moved, OptimizerState(after, states, velocity))

    return optimizer_step
