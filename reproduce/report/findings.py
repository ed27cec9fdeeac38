"""What checking a claim comes to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal["PASS", "FAIL", "NOT RUN"]


@dataclass(frozen=True)
class Finding:
    """What a predicate came to, and the numbers behind it."""

    status: Status
    evidence: str


def not_run(what: str) -> Finding:
    """The finding where rows that could decide are missing."""
    return Finding("NOT RUN", f"no {what}")
