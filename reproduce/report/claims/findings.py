"""What checking a claim comes to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

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
