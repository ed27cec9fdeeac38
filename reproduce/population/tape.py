"""Many optimizers on one small weight tensor each, at several rates: every op of all of them in one NumPy call.

What costs time at this size is not arithmetic but calls. The instructions of all candidates are therefore put on one
tape, ordered by how deep they lie in their graph and then by op: whatever stands in a row has its arguments before it
and is computed together. Only the averages that a candidate reads are kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from paper_optimizers.namespaces import NumpyNamespace
from paper_optimizers.operands import OPERANDS, MomentKey
from paper_optimizers.ops import FUNCTIONS, moving_average
from paper_optimizers.step import move_each
from reproduce.population.assembly import OPCODES, Programs, StepTables

FloatArray = NDArray[np.float32]
_Indices = NDArray[np.int64]
_NAMES = tuple(OPCODES)


class _RowNamespace(NumpyNamespace):
    """NumPy and SciPy on [rows, rates, numbers]; a norm is over one candidate's numbers at one rate."""

    erf = staticmethod(special.erf)
    erfc = staticmethod(special.erfc)
    bessel_i1e = staticmethod(special.i1e)
    sigmoid = staticmethod(special.expit)

    def l2_norm(self, x: Any) -> Any:
        """The norm over the last axis."""
        return np.sqrt(np.sum(np.square(x), axis=-1, keepdims=True))


_XP = _RowNamespace()


@dataclass(frozen=True)
class _ArgumentSource:
    """The source of one argument of a group: registers [n], and decays [S, n, 1, 1] or None where none multiplies."""

    registers: _Indices
    decays: FloatArray | None


@dataclass(frozen=True)
class _OpGroup:
    """Instructions of one op that are computed together; they write the registers of ``span``.

    Attributes:
        name: The op.
        span: Their registers.
        candidates: [n] whose they are.
        places: [n] where they stand in their candidates' programs, which names their random draw.
        values: The op's parameters; a scalar, or [n, 1, 1] where the group differs.
        sources: One for each argument of the op.
        slot: [n] the averages that operands read, or the states that functions keep.
        corrections: [S, n, 1, 1] bias corrections of these.
    """

    name: str
    span: slice
    candidates: _Indices
    places: _Indices
    values: dict[str, Any]
    sources: tuple[_ArgumentSource, ...]
    slot: _Indices
    corrections: FloatArray


class Tape:
    """All candidates at all rates, one step after another.

    Args:
        programs: Of C candidates.
        tables: For the steps to come, from the first.
        start: [N] where each candidate's weight starts.
        rates: [R] what the tables' rates are multiplied by; negative to ascend.
        seed: Of random draws, which are the same for every candidate.
    """

    def __init__(self, programs: Programs, tables: StepTables, start: FloatArray, rates: FloatArray, seed: int) -> None:
        self._tables, self._rates = tables, rates[:, None]
        shape = (len(programs.op), len(rates), len(start))
        self.weight = np.broadcast_to(start, shape).copy()
        self._num_places = programs.op.shape[1]
        order = _order(programs)
        self._averages = _used_averages(programs, order)
        register = _numbered(programs.op.shape, (order.candidates, order.places))
        allocation = _Allocation(programs, tables, register, _numbered(programs.moment_beta.shape, self._averages))
        self._groups = _groups(allocation, order)
        self._result = register[np.arange(shape[0]), programs.length - 1]
        candidates, averages = self._averages
        self._powers = programs.moment_power[candidates, averages].astype(np.int64) - 1
        self._betas = programs.moment_beta[candidates, averages][:, None, None]
        self._now = self._before = np.zeros((len(candidates), *shape[1:]), np.float32)
        num_states = shape[0] * tables.state_corrections.shape[2]
        self._states = np.zeros((num_states, *shape[1:]), np.float32)
        self._registers = np.zeros((len(order.candidates), *shape[1:]), np.float32)
        self._velocity = np.zeros(shape, np.float32)
        self._random = np.random.default_rng(seed)

    def step(self, number: int, gradient: FloatArray) -> None:
        """Move every candidate at every rate.

        Args:
            number: Of the step; each follows the one before.
            gradient: [C, R, N] of the loss at `weight`.
        """
        square = gradient * gradient
        self.powers = np.stack([gradient, square, square * gradient])
        self._before = self._now
        power = self.powers[self._powers, self._averages[0]]
        self._now = moving_average(self._betas, self._before, power)
        uniform = self._random.random((self._num_places, *self.weight.shape[1:]), np.float32)
        for group in self._groups:
            self._registers[group.span] = self._value(group, number, uniform)
        update = np.take(self._registers, self._result, axis=0)
        rate, momentum, keep, direct = (column[:, number, None, None] for column in self._tables[:4])
        self.weight, self._velocity = move_each(
            update, self.weight, self._velocity, rate * self._rates, momentum, keep, direct
        )

    def average(self, slot: _Indices, *, delayed: bool) -> FloatArray:
        """[n, R, N] averages after, or before, this step's update."""
        return np.take(self._before if delayed else self._now, slot, axis=0)

    def _value(self, group: _OpGroup, number: int, uniform: FloatArray) -> Any:
        if group.name in OPERANDS:
            return OPERANDS[group.name].compute(_XP, _GroupQuantities(self, group, number), **group.values)
        function = FUNCTIONS[group.name]
        arguments = [self._argument(source, number) for source in group.sources]
        if function.needs == "random":
            return function.compute(_XP, *arguments, uniform=uniform[group.places], **group.values)
        if function.needs != "state":
            return function.compute(_XP, *arguments, **group.values)
        value, self._states[group.slot] = function.compute(
            _XP, *arguments, previous=self._states[group.slot], correction=group.corrections[number], **group.values
        )
        return value

    def _argument(self, source: _ArgumentSource, number: int) -> FloatArray:
        value: FloatArray = np.take(self._registers, source.registers, axis=0)
        return value if source.decays is None else value * source.decays[number]


class _GroupQuantities:
    """The operands' view of one group; satisfies `paper_optimizers.operands.Quantities`."""

    def __init__(self, tape: Tape, group: _OpGroup, step: int) -> None:
        self._tape, self._group, self._step = tape, group, step

    @property
    def weight(self) -> FloatArray:
        """The weights of the group."""
        return np.take(self._tape.weight, self._group.candidates, axis=0)

    def gradient_power(self, power: Any) -> FloatArray:
        """The gradient to each candidate's own power."""
        if np.ndim(power) == 0:
            return np.take(self._tape.powers[int(power) - 1], self._group.candidates, axis=0)
        each: FloatArray = self._tape.powers[np.ravel(power).astype(np.int64) - 1, self._group.candidates]
        return each

    def moment(self, key: MomentKey, *, corrected: Any, delayed: Any) -> FloatArray:
        """Each candidate's own average; its key is already resolved."""
        del key
        if np.ndim(delayed) == 0:
            average = self._tape.average(self._group.slot, delayed=bool(delayed))
        else:
            before, now = (self._tape.average(self._group.slot, delayed=each) for each in (True, False))
            average = np.where(delayed, before, now)
        if np.ndim(corrected) == 0 and not corrected:
            return average
        correction: Any = np.where(corrected, self._group.corrections[self._step], np.float32(1.0))
        return average / correction


class _Order(NamedTuple):
    """The instructions as they stand on the tape: whose, at which place of the program, and where groups begin."""

    candidates: _Indices
    places: _Indices
    starts: _Indices


def _order(programs: Programs) -> _Order:
    level = np.zeros(programs.op.shape, np.int64)
    everyone = np.arange(len(level))
    for place in range(int(programs.length.max())):
        first, second = (level[everyone, programs.arguments[:, place, argument]] for argument in (0, 1))
        level[:, place] = np.where(programs.op[:, place] < len(OPERANDS), 0, 1 + np.maximum(first, second))
    candidates, places = np.nonzero(np.arange(programs.op.shape[1]) < programs.length[:, None])
    keys = level[candidates, places], programs.op[candidates, places]
    order = np.lexsort(keys[::-1])
    levels, ops = (np.diff(key[order], prepend=-1) != 0 for key in keys)
    return _Order(candidates[order], places[order], np.flatnonzero(levels | ops))


def _used_averages(programs: Programs, order: _Order) -> tuple[_Indices, _Indices]:
    """The candidate and the number of every average that an operand names."""
    used = np.zeros(programs.moment_beta.shape, bool)
    used[order.candidates, programs.moment[order.candidates, order.places]] = True
    candidates, averages = np.nonzero(used)
    return candidates, averages


@dataclass(frozen=True)
class _Allocation:
    """Where everything lies: the register of each instruction [C, K] and the row of each average kept [C, J]."""

    programs: Programs
    tables: StepTables
    register: _Indices
    average: _Indices

    def group(self, candidates: _Indices, places: _Indices, start: int) -> _OpGroup:
        """Instructions of one op that lie from register ``start`` on."""
        programs, at = self.programs, (candidates, places)
        name = _NAMES[programs.op[at][0]]
        row = OPERANDS.get(name) or FUNCTIONS[name]
        if name in OPERANDS:
            arity, kept = 0, programs.moment[at]
            slot, corrections = self.average[candidates, kept], self.tables.corrections
        else:
            arity, kept = FUNCTIONS[name].arity, programs.state[at]
            corrections = self.tables.state_corrections
            slot = candidates * corrections.shape[2] + kept
        return _OpGroup(
            name=name,
            span=slice(start, start + len(candidates)),
            candidates=candidates,
            places=places,
            values={key: _shared(programs.parameters[(*at, n)]) for n, key in enumerate(sorted(row.parameters))},
            sources=tuple(self._source(candidates, places, number) for number in range(arity)),
            slot=slot,
            corrections=_by_step(corrections[candidates, :, kept]),
        )

    def _source(self, candidates: _Indices, places: _Indices, number: int) -> _ArgumentSource:
        column = self.programs.decays[candidates, places, number]
        decays = _by_step(self.tables.decays[candidates, :, column]) if column.any() else None
        return _ArgumentSource(self.register[candidates, self.programs.arguments[candidates, places, number]], decays)


def _numbered(shape: tuple[int, ...], at: tuple[_Indices, _Indices]) -> _Indices:
    """The rank of each entry among those ``at``; 0 where it is none of them."""
    numbers = np.zeros(shape, np.int64)
    numbers[at] = np.arange(len(at[0]))
    return numbers


def _groups(allocation: _Allocation, order: _Order) -> list[_OpGroup]:
    ends = (*order.starts[1:], len(order.candidates))
    return [
        allocation.group(order.candidates[start:end], order.places[start:end], int(start))
        for start, end in zip(order.starts, ends, strict=True)
    ]


def _by_step(values: FloatArray) -> FloatArray:
    """[n, S] to [S, n, 1, 1]."""
    return np.ascontiguousarray(values.T)[:, :, None, None]


def _shared(values: FloatArray) -> Any:
    """A parameter's value where the group shares it, else [n, 1, 1]."""
    return values[0] if (values == values[0]).all() else values[:, None, None]
