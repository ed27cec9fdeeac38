"""Assembling specs into integer programs and step tables: optimizers as data that one compiled function runs.

An assembled program is `paper_optimizers.program.Program` in arrays of fixed sizes; whatever depends on the step and
not on the tensors (learning rate, schedule factor, decays, bias corrections, momentum) is a table computed beforehand
in float64, so the compiled function holds no schedule at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from paper_optimizers.graph import Graph
from paper_optimizers.namespaces import NUMPY
from paper_optimizers.one_cycle import base_rate, one_cycle_phase
from paper_optimizers.operands import OPERANDS
from paper_optimizers.ops import FUNCTIONS
from paper_optimizers.program import Instruction, Program, compile_spec, evaluate_graph, step_values
from paper_optimizers.simulation import numpy_progress
from paper_optimizers.spec import OptimizerSpec

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int32]

#: The number of each row of the op table in a program; operands first.
OPCODES = {name: code for code, name in enumerate((*OPERANDS, *FUNCTIONS))}


@dataclass(frozen=True)
class Capacity:
    """The fixed sizes of assembled programs; one compilation serves every program that fits.

    The defaults hold every genome of the search space and every optimizer of the catalog.

    Attributes:
        instructions: Operands and functions of the active graph.
        moments: Distinct averages of the gradient's powers.
        states: Nodes with a state of their own.
        decays: Distinct decay functions.
        parameters: Parameters of one op.
    """

    instructions: int = 16
    moments: int = 3
    states: int = 6
    decays: int = 12
    parameters: int = 4


@dataclass(frozen=True)
class Member:
    """One network in training: an optimizer and how it is run.

    Attributes:
        spec: The optimizer.
        rate: Peak learning rate.
        total_steps: T of the schedule and the decays.
        warmup_steps: Linear warm-up to the peak.
        hold_steps: Steps at the peak.
        seed: Of initial weights, batch order, dropout and augmentation.
        factor: A schedule factor that multiplies the rate beside the spec's own, or None.
        nesterov: ``"released"`` adds mu m - eta u; ``"search"`` adds m - eta u, as the published search did.
    """

    spec: OptimizerSpec
    rate: float
    total_steps: int
    warmup_steps: int = 0
    hold_steps: int = 0
    seed: int = 0
    factor: Graph | None = None
    nesterov: Literal["released", "search"] = "released"


class Programs(NamedTuple):
    """Programs of M members in arrays.

    Attributes:
        length: [M] instructions in use; the last one's value is the update.
        op: [M, K] opcodes.
        arguments: [M, K, 2] numbers of the instructions read.
        decays: [M, K, 2] columns of the decay table that multiply them; column 0 is 1.
        moment: [M, K] the average that an operand reads.
        state: [M, K] the state that a node keeps.
        parameters: [M, K, 4] the op's parameters in alphabetical order.
        moment_power: [M, J] power of the gradient of each average.
        moment_beta: [M, J] its decay rate.
    """

    length: IntArray
    op: IntArray
    arguments: IntArray
    decays: IntArray
    moment: IntArray
    state: IntArray
    parameters: FloatArray
    moment_power: FloatArray
    moment_beta: FloatArray


class StepTables(NamedTuple):
    """What each of S steps needs, for M members.

    With update ``u`` and velocity ``m``: ``m <- momentum m - rate u``, then ``w <- w + keep m - direct rate u``.

    Attributes:
        rate: [M, S] learning rate, negative for a spec that ascends.
        momentum: [M, S].
        keep: [M, S].
        direct: [M, S].
        decays: [M, S, 1 + D]; the first column is 1.
        corrections: [M, S, J] bias corrections of the averages.
        state_corrections: [M, S, N] bias corrections of the states.
    """

    rate: FloatArray
    momentum: FloatArray
    keep: FloatArray
    direct: FloatArray
    decays: FloatArray
    corrections: FloatArray
    state_corrections: FloatArray


def fits(spec: OptimizerSpec, capacity: Capacity) -> bool:
    """Whether the compiled program of ``spec`` fits."""
    program = compile_spec(spec)
    return (
        len(program.instructions) <= capacity.instructions
        and len(program.moments) <= capacity.moments
        and len(program.states) <= capacity.states
        and len(program.decays) <= capacity.decays
    )


def assemble(members: Sequence[Member], capacity: Capacity) -> Programs:
    """The programs of ``members`` in arrays.

    Raises:
        ValueError: If a member's program does not fit ``capacity``; the error says which and by how much.
    """
    rows = [_program_row(member, number, capacity) for number, member in enumerate(members)]
    return Programs(*(np.stack(field) for field in zip(*rows, strict=True)))


def _program_row(member: Member, number: int, capacity: Capacity) -> Programs:
    program = compile_spec(member.spec)
    for name, needed in (
        ("instructions", len(program.instructions)),
        ("moments", len(program.moments)),
        ("states", len(program.states)),
        ("decays", len(program.decays)),
    ):
        if needed > getattr(capacity, name):
            raise ValueError(
                f"member {number} needs {needed} {name} and the capacity is {getattr(capacity, name)}; "
                f"pass Capacity({name}={needed})"
            )
    size = capacity.instructions
    row = Programs(
        length=np.asarray(len(program.instructions), np.int32),
        op=np.zeros(size, np.int32),
        arguments=np.zeros((size, 2), np.int32),
        decays=np.zeros((size, 2), np.int32),
        moment=np.zeros(size, np.int32),
        state=np.zeros(size, np.int32),
        parameters=np.zeros((size, capacity.parameters), np.float32),
        moment_power=np.ones(capacity.moments, np.float32),
        moment_beta=np.zeros(capacity.moments, np.float32),
    )
    for index, instruction in enumerate(program.instructions):
        _fill_instruction(row, index, instruction, program)
    for index, key in enumerate(program.moments):
        row.moment_power[index], row.moment_beta[index] = key
    return row


def _fill_instruction(row: Programs, index: int, instruction: Instruction, program: Program) -> None:
    row.op[index] = OPCODES[instruction.op]
    for place, argument in enumerate(instruction.arguments):
        row.arguments[index, place] = argument.register
        row.decays[index, place] = 0 if argument.decay is None else 1 + argument.decay
    if instruction.op in OPERANDS:
        moments = OPERANDS[instruction.op].moments(instruction.values)
        row.moment[index] = program.moments.index(moments[0]) if moments else 0
    elif instruction.slot is not None and FUNCTIONS[instruction.op].needs == "state":
        row.state[index] = instruction.slot
    values = [float(instruction.values[name]) for name in sorted(instruction.values)]
    row.parameters[index, : len(values)] = values


def step_tables(members: Sequence[Member], steps: range, capacity: Capacity) -> StepTables:
    """The tables of ``members`` for the steps ``steps`` of their runs."""
    rows = [_table_row(member, np.arange(steps.start, steps.stop), capacity) for member in members]
    return StepTables(*(np.stack(field).astype(np.float32) for field in zip(*rows, strict=True)))


def _table_row(member: Member, steps: NDArray[np.int64], capacity: Capacity) -> StepTables:
    spec = member.spec
    program = compile_spec(spec)
    phases = (member.total_steps, member.warmup_steps, member.hold_steps)
    held = np.minimum(steps, member.total_steps - 1).astype(np.float64)
    now = numpy_progress(steps, member.total_steps)
    with np.errstate(all="ignore"):
        phase = one_cycle_phase(NUMPY, held, *phases)
        values = step_values(program, NUMPY, count=steps + 1.0, progress=now, one_cycle_phase=phase)
        rate = base_rate(NUMPY, held, member.rate, *phases)
        if member.factor is not None:
            rate = rate * evaluate_graph(member.factor, NUMPY, now)
    rate = rate * (1.0 if values.rate_factor is None else values.rate_factor)
    momentum = _columns([0.0 if values.momentum is None else values.momentum], steps)[:, 0]
    keep, direct = _step_weights(spec.momentum.type, member.nesterov, momentum)
    return StepTables(
        rate=-rate if spec.ascend else rate,
        momentum=momentum,
        keep=keep,
        direct=direct,
        decays=_padded(_columns([1.0, *values.decays], steps), 1 + capacity.decays),
        corrections=_padded(_columns(values.corrections, steps), capacity.moments),
        state_corrections=_padded(_columns(values.state_corrections, steps), capacity.states),
    )


def _step_weights(kind: str, nesterov: str, momentum: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    zeros, ones = np.zeros_like(momentum), np.ones_like(momentum)
    if kind == "none":
        return zeros, ones
    if kind == "classical":
        return ones, zeros
    return (momentum if nesterov == "released" else ones), ones


def _columns(values: Sequence[Any], steps: NDArray[np.int64]) -> NDArray[np.float64]:
    columns = [np.broadcast_to(np.asarray(value, np.float64), steps.shape) for value in values]
    return np.stack(columns, axis=-1) if columns else np.empty((len(steps), 0))


def _padded(columns: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    return np.pad(columns, ((0, 0), (0, width - columns.shape[1])), constant_values=1.0)
