"""What checking a claim comes to, and how the tables' verdicts on optimizers become one finding."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from reproduce.counts import number_of
from reproduce.report.results import number_of_runs
from reproduce.report.statistics import CONFIDENCE, Verdict, holm, paired_difference, paired_p_value
from reproduce.report.table import signed

Status = Literal["PASS", "FAIL", "NOT RUN"]


@dataclass(frozen=True)
class Finding:
    """What a predicate came to.

    Attributes:
        status: "PASS", "FAIL" or "NOT RUN".
        evidence: The numbers behind that, with their data set or benchmark, n and device.
        is_of_profile: Whether they belong to the profile that was asked for; a benchmark's belong to none.
    """

    status: Status
    evidence: str
    is_of_profile: bool = True


def not_run(what: str) -> Finding:
    """The finding where rows that could decide are missing."""
    return Finding("NOT RUN", f"no {what}")


class Compared(NamedTuple):
    """A difference as claims see it: its verdict, mean, number of pairs, and the p-value of the paired t test."""

    verdict: Verdict
    mean: float
    n: int
    p_value: float


def compare(values: Mapping[int, float], reference: Mapping[int, float]) -> Compared | None:
    """How one optimizer's numbers compare with another's by seed; None unless they share two seeds."""
    against, p_value = paired_difference(values, reference), paired_p_value(values, reference)
    if against is None or p_value is None:
        return None
    return Compared(against.verdict, against.mean, against.n, p_value)


def enough(compared: Mapping[str, Compared | None], at_least: int, what: str) -> Finding:
    """Whether enough are better; undecided while those not run could still make it enough.

    Args:
        compared: How each optimizer that may be counted compares; None while it was not run.
        at_least: How many must be better.
        what: They are counted for, for the evidence.

    Returns:
        The finding; its evidence counts ties and worse ones too, since a claim that is not borne out need not be wrong.
    """
    known = {name: found for name, found in compared.items() if found is not None}
    better = {name: found.mean for name, found in known.items() if found.verdict == "better"}
    ties, worse = (sum(found.verdict == verdict for found in known.values()) for verdict in ("tie", "worse"))
    corrected = holm({name: found.p_value for name, found in known.items()})
    certain = sum(corrected[name] < 1 - CONFIDENCE for name in better)
    unknown = len(compared) - len(known)
    named = ", ".join(f"{name} {signed(100 * mean, 1)}" for name, mean in better.items())
    pairs = number_of_runs(found.n for found in known.values())
    evidence = (
        f"{what}: {len(better)} of {len(compared)}{f' ({named})' if named else ''}, {number_of(ties, 'tie')}, "
        f"{worse} worse, {pairs}; {at_least} needed; after Holm's correction {certain}"
    )
    if len(better) >= at_least:
        return Finding("PASS", evidence)
    if len(better) + unknown >= at_least:
        return Finding("NOT RUN", f"{evidence}; {unknown} not run")
    return Finding("FAIL", evidence)
