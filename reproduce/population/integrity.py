"""The integrity check: does a candidate minimise a quadratic? Thousands of candidates at once.

A candidate is run on five numbers for 35 steps at six rates, all candidates on one `reproduce.population.tape`; the
functions are those of the one op table, in float32 as the published search ran them.

Source: Morgan & Hougen (arXiv 2404.06679), the integrity check.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from paper_optimizers.spec import OptimizerSpec
from reproduce.population.assembly import Capacity, Member, Programs, StepTables, assemble, step_tables, take
from reproduce.population.tape import Tape

_Array = NDArray[np.float32]


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


def _run(programs: Programs, tables: StepTables, settings: IntegritySettings, sign: float) -> _Array:
    """[C, R] the loss before the last step."""
    target = np.asarray(settings.target, np.float32)
    rates = sign * np.asarray(settings.rates, np.float32)
    tape = Tape(programs, tables, np.asarray(settings.start, np.float32), rates, settings.seed)
    with np.errstate(all="ignore"):
        for number in range(settings.steps - 1):
            tape.step(number, 2.0 * (tape.weight - target))
        return np.asarray(np.square(tape.weight - target).sum(axis=-1))
