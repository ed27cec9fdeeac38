"""The integrity check: does a candidate minimise a quadratic? Thousands of candidates at once.

A candidate is run on a few numbers for some steps at several rates, all candidates on one `reproduce.population.tape`;
the functions are those of the one op table, in float32 as the published search ran them.

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
from reproduce.population.integrity_settings import IntegritySettings
from reproduce.population.tape import Tape

_Array = NDArray[np.float32]


@dataclass(frozen=True)
class IntegrityResult:
    """The check's findings for C candidates and R rates.

    Attributes:
        plain: [C, R] loss before the last step; NaN or infinite where it had become so.
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
    nesterov: Literal["released", "search"] = "released",
    always_flip: bool = False,
    capacity: Capacity | None = None,
) -> IntegrityResult:
    """Check all of ``specs``; a candidate's answer does not depend on the others.

    Args:
        specs: The candidates.
        settings: See `IntegritySettings`; the published ones unless given.
        nesterov: The form of Nesterov momentum; see `reproduce.population.assembly.Member`.
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
    members = [Member(spec, 1.0, settings.steps, settings.warmup_steps, nesterov=nesterov) for spec in specs]
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
