"""Which candidates of the published log are scored again, how often, and from which seeds."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from paper_optimizers.spec import OptimizerSpec
from reproduce.published.log import LoggedEvaluation

#: The most runs of one candidate, and the seeds that each of them may take.
MOST_RUNS = 8
_SEEDS = 2**28


@dataclass(frozen=True)
class LoggedFunction:
    """A function of the log's evolution stage.

    Attributes:
        text: Its first text there.
        spec: What it says.
        fingerprint: Of it.
        scores: Its scores in the log.
        rejected: How often the log rejected it.
    """

    text: str
    spec: OptimizerSpec
    fingerprint: str
    scores: tuple[float, ...]
    rejected: int

    @property
    def score(self) -> float | None:
        """The mean of its scores; None where it has none."""
        return sum(self.scores) / len(self.scores) if self.scores else None


class LoggedRun(NamedTuple):
    """A function and which run of it."""

    function: LoggedFunction
    run: int


def logged_functions(rows: Sequence[LoggedEvaluation], fingerprints: Sequence[str]) -> list[LoggedFunction]:
    """List what the evolution stage scored or rejected, each function once.

    Args:
        rows: The log.
        fingerprints: One for each row.
    """
    found: dict[str, LoggedFunction] = {}
    for row, fingerprint in zip(rows, fingerprints, strict=True):
        if row.stage != "evolution":
            continue
        known = found.get(fingerprint) or LoggedFunction(row.text, row.spec, fingerprint, (), 0)
        if row.score is None:
            found[fingerprint] = replace(known, rejected=known.rejected + 1)
        else:
            found[fingerprint] = replace(known, scores=(*known.scores, row.score))
    return list(found.values())


def stratified_sample(functions: Sequence[LoggedFunction], count: int) -> list[LoggedFunction]:
    """``count`` functions from all along the ranking of the log: rejected ones first, then by score.

    A larger sample begins with the smaller one, so that a replay can grow. (Places follow van der Corput's sequence,
    whose every beginning is spread evenly.)
    """
    ranked = sorted(functions, key=lambda each: (each.score is not None, each.score or 0.0, each.fingerprint))
    places: dict[int, None] = {}
    number = 0
    while len(places) < min(count, len(ranked)):
        places[int(_van_der_corput(number) * len(ranked))] = None
        number += 1
    return [ranked[place] for place in places]


def _van_der_corput(number: int) -> float:
    """The digits of ``number`` in base 2, mirrored at the point."""
    value, weight = 0.0, 0.5
    while number:
        value += weight * (number & 1)
        number, weight = number >> 1, weight / 2
    return value


def seed_of(fingerprint: str, run: int) -> int:
    """The seed of a run of a candidate: its own, whatever the sample."""
    digest = hashlib.sha256(fingerprint.encode()).digest()
    return int.from_bytes(digest[:4], "big") % _SEEDS + run * _SEEDS


def jobs_of(sample: Sequence[LoggedFunction], repeats: int, runs: int) -> list[LoggedRun]:
    """Every function once, then the first ``repeats`` that the log scored, up to ``runs`` times each.

    Raises:
        ValueError: If ``runs`` is not between 1 and `MOST_RUNS`.
    """
    if not 1 <= runs <= MOST_RUNS:
        raise ValueError(f"runs must be between 1 and {MOST_RUNS}; received {runs}")
    repeated = [function for function in sample if function.scores][:repeats]
    return [LoggedRun(function, 0) for function in sample] + [
        LoggedRun(function, run) for run in range(1, runs) for function in repeated
    ]
