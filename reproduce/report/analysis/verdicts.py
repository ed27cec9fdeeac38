"""Verdicts: the words of claims, tables, cards and figures, and how verdicts on several things make one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import Literal, get_args

#: SUPPORTED: the interval lies above 0. CONTRADICTED: below 0. EQUIVALENT: it holds 0 and lies within the margin.
#: UNDECIDED: none of these. NOT RUN: planned runs are missing.
Verdict = Literal["SUPPORTED", "CONTRADICTED", "EQUIVALENT", "UNDECIDED", "NOT RUN"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
#: Of a claim that holds in every place only if it holds in each: the first of these that any place has.
_DECISIVE: tuple[Verdict, ...] = ("CONTRADICTED", "EQUIVALENT", "NOT RUN", "UNDECIDED", "SUPPORTED")


def verdict_of(low: float, high: float, margin: float) -> Verdict:
    """The verdict on "greater than 0" by an interval, where what is within ``margin`` of 0 is as good as 0."""
    if low > 0:
        return "SUPPORTED"
    if high < 0:
        return "CONTRADICTED"
    return "EQUIVALENT" if -margin < low and high < margin else "UNDECIDED"


def several(verdicts: Collection[Verdict], at_least: int) -> Verdict:
    """The verdict on "``at_least`` of these are better", each with its own verdict from simultaneous intervals.

    What could still be better is SUPPORTED, UNDECIDED or NOT RUN. Where too few could, the claim is CONTRADICTED, or
    EQUIVALENT if it fails by those that are EQUIVALENT alone.
    """
    count = Counter(verdicts)
    if count["SUPPORTED"] >= at_least:
        return "SUPPORTED"
    if len(verdicts) - count["CONTRADICTED"] < at_least:
        return "CONTRADICTED"
    if len(verdicts) - count["CONTRADICTED"] - count["EQUIVALENT"] < at_least:
        return "EQUIVALENT"
    return "NOT RUN" if count["NOT RUN"] else "UNDECIDED"


def all_of(verdicts: Collection[Verdict]) -> Verdict:
    """The verdict on a claim that holds only if it holds in each of these places; NOT RUN of none.

    Each place may use the whole level: the claim is wrongly SUPPORTED only if it is in the place where it is wrong
    (an intersection-union test).
    """
    return next((each for each in _DECISIVE if each in verdicts), "NOT RUN")
