"""Docstrings of the learning-rate schedules at every door, written from the catalog's files.

Each has the formula with its symbols bound to arguments, when to use it, which peak to begin with, and an example.
"""

from __future__ import annotations

import inspect
from functools import cache
from typing import Any, NamedTuple, TypeVar

import numpy as np

from paper_optimizers.catalog import ScheduleEntry, describe_schedule, schedule_names
from paper_optimizers.curves import numpy_progress
from paper_optimizers.docstrings import explained, filled, indented, inherited, listed
from paper_optimizers.namespaces import NUMPY
from paper_optimizers.one_cycle import FIRST_RATE, base_rate
from paper_optimizers.program import evaluate_graph

_Made = TypeVar("_Made")
#: The run by which schedules are compared: its steps, and those of its warm-up.
_STEPS, _WARMUP = 1_000, 100
_BASE = """\
Use it with {optimizers}: the catalog's rates were measured with it. In step ``t`` (from 0) of ``T`` the rate is

    P t / W                                               while t < W
    P                                                     while t <= W + H
    P (1 + cos(pi * (t - W - H) / (T - W - H))) / 2       after that

where

- ``P`` is {peak};
- ``T`` is ``total_steps``, ``W`` is ``warmup_steps`` and ``H`` is ``hold_steps``;
- ``t`` counts {counted}.

Begin with a tenth of ``total_steps`` as ``warmup_steps``, and no hold. For an optimizer of the catalog
``describe("Opt4").first_rate`` is the peak to begin with; for others take what would serve with any cosine."""
_EVOLVED = """\
Use it in place of `{base}`, with {optimizers}, to try what evolution found. In step ``t`` (from 0) of ``T`` the rate is

    1e-7          in step 0, as released (the factor of LR8 is 10^7 there)
    b(t) f(t)     after that

where

- ``b(t)`` is the rate of `{base}` with the same arguments;
- ``f(t)`` is ``factor``, which may exceed 1, so the rate may exceed {peak};
- ``T`` is ``total_steps``, and ``t`` counts {counted};
{symbols}

These are the factors of the catalog, with a number before each. Multiply the peak that serves with `{base}` by it: over
a run with a tenth of warm-up the mean rate is then the same. That is a start for tuning, no more.

{table}

artifact/RESULTS.md has what they did for Adam and SGD in our runs."""


class ScheduleManual(NamedTuple):
    """A door's words in the docstrings of its schedules.

    Attributes:
        base: The name of the schedule without a factor.
        optimizers: The optimizers that take its schedules.
        peak: The argument for the largest rate.
        counted: The unit of a step.
    """

    base: str
    optimizers: str
    peak: str
    counted: str

    def of_base(self, made: _Made) -> _Made:
        """Decorate the schedule without a factor: its docstring gets the formula before its arguments."""
        return _before_arguments(made, _BASE.format(**self._asdict()))

    def of_evolved(self, made: _Made) -> _Made:
        """Decorate the schedule with any factor: its docstring gets formula, symbols and the catalog's factors."""
        entries = [describe_schedule(name) for name in schedule_names()]
        symbols = listed(explained(" ".join(entry.equation for entry in entries)))
        table = indented("\n".join(f"{each.name}   {mean_ratio(each):.2f}  {each.equation}" for each in entries))
        return _before_arguments(made, _EVOLVED.format(**self._asdict(), symbols=symbols, table=table))


def schedule_docstring(entry: ScheduleEntry, manual: ScheduleManual, base: Any, example: str) -> str:
    """Write the docstring of a class that has one factor; ``base`` is the class whose arguments it takes."""
    parts = [
        f"{entry.name}: `{manual.base}` times {entry.equation}.",
        filled(f"Use it with {manual.optimizers}, in place of `{manual.base}`, to try what evolution found."),
        "In step ``t`` (from 0) of ``T`` the rate is\n\n"
        f"    1e-7          in step 0, as released\n    b(t) f(t)     after that\n\n    f(t) = {entry.equation}",
        f"where\n\n- ``b(t)`` is the rate of `{manual.base}` with the same arguments, whose peak is {manual.peak};\n"
        f"- ``T`` is ``total_steps``, and ``t`` counts {manual.counted};\n{listed(explained(entry.equation))}",
        filled(
            f"Begin with {mean_ratio(entry):.2f} times the peak that serves with `{manual.base}`: over a run with a "
            "tenth of warm-up the mean rate is then the same. Its largest rate is "
            f"{largest_ratio(entry):.2f} times its peak. That is a start for tuning, no more: artifact/RESULTS.md has "
            "what the schedule did for Adam and SGD in our runs."
        ),
        *([filled(f"Deviations from the publication: {entry.deviations}")] if entry.deviations else []),
        *inherited(base),
        f"Examples:\n{indented(example)}",
        f"References:\n    {entry.origin}.",
    ]
    return "\n\n".join(parts)


def mean_ratio(entry: ScheduleEntry) -> float:
    """The base schedule's mean rate, in units of this one's, over a run with a tenth of warm-up."""
    base, evolved = _rates(entry.name)
    return float(base.mean() / evolved.mean())


def largest_ratio(entry: ScheduleEntry) -> float:
    """The largest rate of such a run, in units of the peak."""
    return float(_rates(entry.name)[1].max())


@cache
def _rates(name: str) -> tuple[Any, Any]:
    """Compute the rates of a run with the peak 1: of the base schedule, and of an evolved one."""
    steps = np.arange(_STEPS)
    base = np.asarray(base_rate(NUMPY, steps.astype(np.float64), 1.0, _STEPS, _WARMUP, 0))
    evolved = base * evaluate_graph(describe_schedule(name).factor, NUMPY, numpy_progress(steps, _STEPS))
    evolved[0] = FIRST_RATE
    return base, evolved


def _before_arguments(made: _Made, text: str) -> _Made:
    before, heading, after = inspect.cleandoc(made.__doc__ or "").partition("Args:\n")
    paragraphs = (each if each.startswith(("    ", "- ")) else filled(each) for each in text.split("\n\n"))
    made.__doc__ = before + "\n\n".join(paragraphs) + "\n\n" + heading + after
    return made
