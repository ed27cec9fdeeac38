"""The integrity check: does a candidate minimise a quadratic? Thousands of candidates at once.

A candidate is run on five numbers for 35 steps at six rates. Candidates are grouped by the op of each instruction, so
that one NumPy call serves all that share it; the functions are those of the one op table, in float32 as the published
search ran them.

Source: Morgan & Hougen (arXiv 2404.06679), the integrity check.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import special

from paper_optimizers.namespaces import NumpyNamespace
from paper_optimizers.operands import OPERANDS, MomentKey
from paper_optimizers.ops import FUNCTIONS
from paper_optimizers.spec import OptimizerSpec
from reproduce.population.assembly import OPCODES, Capacity, Member, Programs, StepTables, assemble, step_tables, take

_Array = NDArray[np.float32]
_NAMES = tuple(OPCODES)


@dataclass(frozen=True)
class IntegritySettings:
    """The quadratic and when it counts as minimised.

    Attributes:
        start: The first point.
        target: The minimum; the loss is the sum of squared distances to it.
        steps: Steps of a run; the loss that counts is the one before the last of them.
        warmup_steps: Linear warm-up, followed by half a cosine to 0.
        rates: Peak rates tried.
        threshold: A run passes if its loss is below this; the first loss is 7.1525.
        seed: Of dropout masks, which are the same for every candidate.
        nesterov: The form of Nesterov momentum; see `reproduce.population.assembly.Member`.
    """

    start: tuple[float, ...] = (1.1, 0.9, 1.1, 0.9, 1.0)
    target: tuple[float, ...] = (0.5, 1.5, -0.3, -1.2, 0.75)
    steps: int = 35
    warmup_steps: int = 6
    rates: tuple[float, ...] = (1.0, 0.1, 0.01, 1e-3, 1e-4, 1e-5)
    threshold: float = 3.5
    seed: int = 0
    nesterov: Literal["released", "search"] = "released"


@dataclass(frozen=True)
class IntegrityResult:
    """What the check found for C candidates and R rates.

    Attributes:
        plain: [C, R] loss before the last step; NaN or infinite where the run left the numbers.
        flipped: [C, R] the same ascending; NaN where it was not needed.
        passed: [C] whether some rate passed, plain or flipped.
        flip: [C] whether it passed only flipped: the candidate is to ascend its expression.
    """

    plain: _Array
    flipped: _Array
    passed: NDArray[np.bool_]
    flip: NDArray[np.bool_]


def check_integrity(
    specs: Sequence[OptimizerSpec],
    settings: IntegritySettings | None = None,
    *,
    always_flip: bool = False,
    capacity: Capacity | None = None,
) -> IntegrityResult:
    """Check all of ``specs``; a candidate's answer does not depend on the others.

    Args:
        specs: The candidates.
        settings: See `IntegritySettings`.
        always_flip: Run the flipped sign of candidates that passed, too.
        capacity: Fixed sizes of the programs.

    Raises:
        ValueError: If a candidate does not fit the capacity.
    """
    settings = settings or IntegritySettings()
    capacity = capacity or Capacity()
    count, num_rates = len(specs), len(settings.rates)
    if not count:
        empty = np.empty((0, num_rates), np.float32)
        return IntegrityResult(empty, empty, np.empty(0, bool), np.empty(0, bool))
    members = [Member(spec, 1.0, settings.steps, settings.warmup_steps, nesterov=settings.nesterov) for spec in specs]
    programs = assemble(members, capacity)
    tables = step_tables(members, range(settings.steps), capacity)
    plain = _run(programs, tables, settings, sign=1.0)
    passed_plain = (plain < settings.threshold).any(axis=1)
    again = np.arange(count) if always_flip else np.flatnonzero(~passed_plain)
    flipped = np.full((count, num_rates), np.nan, np.float32)
    if len(again):
        flipped[again] = _run(take(programs, again), take(tables, again), settings, sign=-1.0)
    flip = np.asarray(~passed_plain & (flipped < settings.threshold).any(axis=1))
    return IntegrityResult(plain, flipped, np.asarray(passed_plain | flip), flip)


class _RowNamespace(NumpyNamespace):
    """NumPy and SciPy on [candidates, rates, numbers]; a norm is over one candidate's numbers at one rate."""

    erf = staticmethod(special.erf)
    erfc = staticmethod(special.erfc)
    bessel_i1e = staticmethod(special.i1e)
    sigmoid = staticmethod(special.expit)

    def l2_norm(self, x: Any) -> Any:
        """The norm over the last axis."""
        return np.sqrt(np.sum(np.square(x), axis=-1, keepdims=True))


_XP = _RowNamespace()


class _Group:
    """The candidates whose instruction at one place has the same op."""

    def __init__(self, place: int, code: int, rows: NDArray[np.int64], programs: Programs) -> None:
        self.place, self.rows = place, rows
        self.name = _NAMES[code]
        self.operand = OPERANDS.get(self.name)
        self.arguments = programs.arguments[rows, place]
        self.decays = programs.decays[rows, place]
        self.moment = programs.moment[rows, place]
        self.state = programs.state[rows, place]
        self.power = programs.moment_power[rows, self.moment].astype(np.int64)
        row = self.operand or FUNCTIONS[self.name]
        self.values: dict[str, Any] = {
            name: programs.parameters[rows, place, index][:, None, None]
            for index, name in enumerate(sorted(row.parameters))
        }


def _groups(programs: Programs) -> list[_Group]:
    groups = []
    for place in range(int(programs.length.max())):
        used = np.flatnonzero(programs.length > place)
        codes = programs.op[used, place]
        groups += [_Group(place, int(code), used[codes == code], programs) for code in np.unique(codes)]
    return groups


class _GroupQuantities:
    """The operands' view of one group; satisfies `paper_optimizers.operands.Quantities`."""

    def __init__(self, run: _Run, group: _Group, step: int) -> None:
        self._run, self._group, self._step = run, group, step

    @property
    def weight(self) -> _Array:
        """The points of the group."""
        return self._run.weight[self._group.rows]

    def gradient_power(self, power: Any) -> _Array:
        """The gradient to each candidate's own power."""
        gradient = self._run.gradient[self._group.rows]
        powers = np.asarray(power)
        result = gradient.copy()
        for exponent in (2, 3):
            result = np.where(powers >= exponent, result * gradient, result)
        return result

    def moment(self, key: MomentKey, *, corrected: Any, delayed: Any) -> _Array:
        """Each candidate's own average; its key is already resolved."""
        del key
        rows, index = self._group.rows, self._group.moment
        average = np.where(delayed, self._run.before[rows, index], self._run.moments[rows, index])
        correction = self._run.tables.corrections[rows, self._step, index][:, None, None]
        return average / np.where(corrected, correction, np.float32(1.0))


class _Run:
    """All candidates at all rates, one step after another."""

    def __init__(self, programs: Programs, tables: StepTables, settings: IntegritySettings, sign: float) -> None:
        self.tables, self._programs = tables, programs
        self._groups = _groups(programs)
        shape = (len(programs.op), len(settings.rates), len(settings.start))
        self._target = np.asarray(settings.target, np.float32)
        self.weight = np.broadcast_to(np.asarray(settings.start, np.float32), shape).copy()
        self._rates = sign * np.asarray(settings.rates, np.float32)[:, None]
        self.moments = np.zeros((shape[0], programs.moment_beta.shape[1], *shape[1:]), np.float32)
        self._states = np.zeros((shape[0], tables.state_corrections.shape[2], *shape[1:]), np.float32)
        self._velocity = np.zeros(shape, np.float32)
        self._powers = programs.moment_power.astype(np.int64)[:, :, None, None] - 1
        self._registers = np.zeros((programs.op.shape[1], *shape), np.float32)
        self._random = np.random.default_rng(settings.seed)

    def loss(self) -> _Array:
        """[C, R] the loss where it stands."""
        return np.asarray(np.square(self.weight - self._target).sum(axis=-1))

    def step(self, number: int) -> None:
        """Move every candidate at every rate."""
        self.gradient = 2.0 * (self.weight - self._target)
        self.before = self.moments
        beta = self._programs.moment_beta[:, :, None, None]
        square = self.gradient * self.gradient
        powers = np.stack([self.gradient, square, square * self.gradient], axis=1)
        self.moments = beta * self.before + (1.0 - beta) * np.take_along_axis(powers, self._powers, axis=1)
        uniform = self._random.random((len(self._registers), *self.weight.shape[1:]), np.float32)
        for group in self._groups:
            self._registers[group.place, group.rows] = self._value(group, number, uniform[group.place])
        update = self._registers[self._programs.length - 1, np.arange(len(self.weight))]
        rate, momentum, keep, direct = (column[:, number, None, None] for column in self.tables[:4])
        change = rate * self._rates * update
        self._velocity = momentum * self._velocity - change
        self.weight = self.weight + keep * self._velocity - direct * change

    def _value(self, group: _Group, number: int, uniform: _Array) -> Any:
        if group.operand is not None:
            return group.operand.compute(_XP, _GroupQuantities(self, group, number), **group.values)
        function = FUNCTIONS[group.name]
        arguments = [self._argument(group, place, number) for place in range(function.arity)]
        if function.needs == "random":
            return function.compute(_XP, *arguments, uniform=uniform, **group.values)
        if function.needs != "state":
            return function.compute(_XP, *arguments, **group.values)
        where = (group.rows, group.state)
        correction = self.tables.state_corrections[group.rows, number, group.state][:, None, None]
        value, self._states[where] = function.compute(
            _XP, *arguments, previous=self._states[where], correction=correction, **group.values
        )
        return value

    def _argument(self, group: _Group, place: int, number: int) -> _Array:
        value: _Array = self._registers[group.arguments[:, place], group.rows]
        column = group.decays[:, place]
        if not column.any():
            return value
        return value * self.tables.decays[group.rows, number, column][:, None, None]


def _run(programs: Programs, tables: StepTables, settings: IntegritySettings, sign: float) -> _Array:
    with np.errstate(all="ignore"):
        run = _Run(programs, tables, settings, sign)
        for number in range(settings.steps - 1):
            run.step(number)
        return run.loss()
