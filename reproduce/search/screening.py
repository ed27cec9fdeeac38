"""Screening: which draws are worth scoring. New by value, and able to minimise a quadratic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from reproduce.population.integrity import check_integrity
from reproduce.population.integrity_settings import IntegritySettings
from reproduce.search.genome import Genome


@dataclass(frozen=True)
class Screened:
    """What is known of a draw.

    Attributes:
        passed: Whether the integrity check passed, plain or flipped.
        ascend: Whether only the flipped sign passed.
        fingerprint: Of the candidate with its sign; None where the check failed.
    """

    passed: bool
    ascend: bool
    fingerprint: str | None


def screen(
    genomes: Sequence[Genome], settings: IntegritySettings, nesterov: Literal["released", "search"]
) -> list[Screened]:
    """Check many draws at once; the answer for one does not depend on the others.

    The sign is each candidate's own: a child does not inherit its parent's flip.
    """
    found = check_integrity([genome.express() for genome in genomes], settings, nesterov=nesterov)
    return [
        Screened(bool(passed), bool(ascend), genome.express(ascend=bool(ascend)).fingerprint() if passed else None)
        for genome, passed, ascend in zip(genomes, found.passed, found.flip, strict=True)
    ]
