"""Assembling specs into integer programs and step tables: optimizers as data that one compiled function runs.

An assembled program is `paper_optimizers.program.Program` in arrays of fixed sizes; whatever depends on the step and
not on the tensors (learning rate, schedule factor, decays, bias corrections, momentum) is a table computed beforehand
in float64, so the compiled function holds no schedule at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Literal, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from paper_optimizers.curves import numpy_progress
from paper_optimizers.graph import Graph
from paper_optimizers.namespaces import NUMPY
from paper_optimizers.one_cycle import one_cycle_phase
from paper_optimizers.operands import OPERANDS
from paper_optimizers.ops import FUNCTIONS, bias_correction
from paper_optimizers.program import Instruction, Program, compile_spec, evaluate_graph
from paper_optimizers.spec import OptimizerSpec
from reproduce.population.rate_shapes import RateShape, shape_of_rates

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int32]
_Curve = NDArray[np.float64]
_Arrays = TypeVar("_Arrays", "Programs", "StepTables")

#: The number of each row of the op table in a program; operands first.
OPCODES = {name: code for code, name in enumerate((*OPERANDS, *FUNCTIONS))}


@dataclass(frozen=True)
class Capacity:
    """The fixed sizes of assembled programs; one compilation serves every program that fits.

    The defaults hold every genome of the search spaces and every optimizer of the catalog.

    Attributes:
        instructions: Operands and functions of the active graph.
        moments: Distinct averages of the gradient's powers.
        states: Nodes with a state of their own.
        decays: Distinct decay functions.
        parameters: Parameters of one op.
    """

    instructions: int = 17
    moments: int = 3
    states: int = 6
    decays: int = 12
    parameters: int = 4


@dataclass(frozen=True)
class Member:
    """One network in training: an optimizer and how it is run.

    Attributes:
        spec: The optimizer; None where a transformation of its population is, `reproduce.population.transformation`.
        rate: Peak learning rate.
        total_steps: T of the schedule and the decays.
        warmup_steps: Linear warm-up to the peak.
        hold_steps: Steps at the peak.
        seed: Of initial weights, batch order, dropout and augmentation.
        factor: A schedule factor that multiplies the rate beside the spec's own, or None.
        nesterov: ``"released"`` adds mu m - eta u; ``"search"`` adds m - eta u, as the published search did.
        shape: How the rate falls after warm-up and hold.
    """

    spec: OptimizerSpec | None
    rate: float
    total_steps: int
    warmup_steps: int = 0
    hold_steps: int = 0
    seed: int = 0
    factor: Graph | None = None
    nesterov: Literal["released", "search"] = "released"
    shape: RateShape = "cosine"

    @cached_property
    def program(self) -> Program:
        """The compiled spec.

        Raises:
            ValueError: If the member has none.
        """
        if self.spec is None:
            raise ValueError(f"{self} has no spec: its population is to be made with a transformation")
        return compile_spec(self.spec)


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
    """The values that each of S steps needs, for M members.

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


def take(arrays: _Arrays, rows: NDArray[np.int64]) -> _Arrays:
    """The same arrays for some of the members."""
    return type(arrays)(*(field[rows] for field in arrays))  # type: ignore[arg-type]


def fits(spec: OptimizerSpec, capacity: Capacity) -> bool:
    """Whether the compiled program of ``spec`` fits."""
    program = compile_spec(spec)
    names = ("instructions", "moments", "states", "decays")
    return all(len(getattr(program, name)) <= getattr(capacity, name) for name in names)


def assemble(members: Sequence[Member], capacity: Capacity) -> Programs:
    """The programs of ``members`` in arrays.

    Raises:
        ValueError: If a member's program does not fit ``capacity``; the error says which and by how much.
    """
    shape = (len(members), capacity.instructions)
    programs = Programs(
        length=np.zeros(shape[0], np.int32),
        op=np.zeros(shape, np.int32),
        arguments=np.zeros((*shape, 2), np.int32),
        decays=np.zeros((*shape, 2), np.int32),
        moment=np.zeros(shape, np.int32),
        state=np.zeros(shape, np.int32),
        parameters=np.zeros((*shape, capacity.parameters), np.float32),
        moment_power=np.ones((shape[0], capacity.moments), np.float32),
        moment_beta=np.zeros((shape[0], capacity.moments), np.float32),
    )
    for row, member in enumerate(members):
        program = member.program
        _check_capacity(program, row, capacity)
        programs.length[row] = len(program.instructions)
        for index, instruction in enumerate(program.instructions):
            _fill_instruction(programs, (row, index), instruction, program)
        for index, key in enumerate(program.moments):
            programs.moment_power[row, index], programs.moment_beta[row, index] = key
    return programs


def _check_capacity(program: Program, number: int, capacity: Capacity) -> None:
    for name in ("instructions", "moments", "states", "decays"):
        needed, available = len(getattr(program, name)), getattr(capacity, name)
        if needed > available:
            raise ValueError(
                f"member {number} needs {needed} {name} and the capacity is {available}; pass Capacity({name}={needed})"
            )


def _fill_instruction(programs: Programs, at: tuple[int, int], instruction: Instruction, program: Program) -> None:
    programs.op[at] = OPCODES[instruction.op]
    for place, argument in enumerate(instruction.arguments):
        programs.arguments[(*at, place)] = argument.register
        programs.decays[(*at, place)] = 0 if argument.decay is None else 1 + argument.decay
    if instruction.op in OPERANDS:
        moments = OPERANDS[instruction.op].moments(instruction.values)
        programs.moment[at] = program.moments.index(moments[0]) if moments else 0
    elif instruction.slot is not None and FUNCTIONS[instruction.op].needs == "state":
        programs.state[at] = instruction.slot
    for index, name in enumerate(sorted(instruction.values)):
        programs.parameters[(*at, index)] = instruction.values[name]


def step_tables(members: Sequence[Member], steps: range, capacity: Capacity) -> StepTables:
    """The tables of ``members`` for the steps ``steps`` of their runs."""
    shape = (len(members), len(steps))
    tables = StepTables(
        rate=np.zeros(shape, np.float32),
        momentum=np.zeros(shape, np.float32),
        keep=np.zeros(shape, np.float32),
        direct=np.zeros(shape, np.float32),
        decays=np.ones((*shape, 1 + capacity.decays), np.float32),
        corrections=np.ones((*shape, capacity.moments), np.float32),
        state_corrections=np.ones((*shape, capacity.states), np.float32),
    )
    span = (steps.start, steps.stop)
    for row, member in enumerate(members):
        _fill_tables(tables, row, member, span)
    return tables


def rates(member: Member, steps: range) -> _Curve:
    """[S] the learning rate of each of the steps: warm-up, hold and the fall to 0, times the factors."""
    span = (steps.start, steps.stop)
    rate = member.rate * _base(member.shape, member.total_steps, member.warmup_steps, member.hold_steps, span)
    for factor in (None if member.spec is None else member.spec.schedule, member.factor):
        if factor is not None:
            rate = rate * _decay(factor, member.total_steps, span)
    return rate


def _fill_tables(tables: StepTables, row: int, member: Member, span: tuple[int, int]) -> None:
    program = member.program
    spec, rate = program.spec, rates(member, range(*span))
    phases = (member.total_steps, member.warmup_steps, member.hold_steps)
    momentum = np.zeros_like(rate)
    if spec.momentum.type != "none":
        momentum += spec.momentum.at(_phase(*phases, span))
    keep, direct = _step_weights(spec.momentum.type, member.nesterov, momentum)
    for table, values in zip(tables[:4], (-rate if spec.ascend else rate, momentum, keep, direct), strict=True):
        table[row] = values
    for column, decay in enumerate(program.decays, start=1):
        tables.decays[row, :, column] = _decay(decay, member.total_steps, span)
    for column, key in enumerate(program.moments):
        tables.corrections[row, :, column] = _correction(key.beta, span)
    for column, beta in enumerate(program.states):
        tables.state_corrections[row, :, column] = _correction(beta, span)


# One list of members shares its run lengths, and decay functions recur: what depends on the step alone is kept.
# The arrays are shared between calls and never written to.


@lru_cache(maxsize=4096)
def _decay(graph: Graph, total_steps: int, span: tuple[int, int]) -> _Curve:
    with np.errstate(all="ignore"):
        values = evaluate_graph(graph, NUMPY, numpy_progress(np.arange(*span), total_steps))
    return np.broadcast_to(np.asarray(values, np.float64), span[1] - span[0])


@lru_cache(maxsize=64)
def _base(shape: RateShape, total_steps: int, warmup_steps: int, hold_steps: int, span: tuple[int, int]) -> _Curve:
    return shape_of_rates(shape, np.arange(*span), total_steps, warmup_steps, hold_steps)


@lru_cache(maxsize=64)
def _phase(total_steps: int, warmup_steps: int, hold_steps: int, span: tuple[int, int]) -> _Curve:
    held = np.minimum(np.arange(*span), total_steps - 1).astype(np.float64)
    return np.asarray(one_cycle_phase(NUMPY, held, total_steps, warmup_steps, hold_steps))


@lru_cache(maxsize=256)
def _correction(beta: float, span: tuple[int, int]) -> _Curve:
    return np.asarray(bias_correction(NUMPY, beta, np.arange(*span) + 1.0))


def _step_weights(kind: str, nesterov: str, momentum: _Curve) -> tuple[_Curve, _Curve]:
    zeros, ones = np.zeros_like(momentum), np.ones_like(momentum)
    if kind == "none":
        return zeros, ones
    if kind == "classical":
        return ones, zeros
    return (momentum if nesterov == "released" else ones), ones
