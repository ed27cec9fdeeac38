"""Scores that need not be computed again: those of other searches under the same protocol and on the same data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from reproduce.outcomes import Outcome
from reproduce.search.algorithm import Stage
from reproduce.search.records import AnyRecord, Header, Sample, StageEvaluation, read_search_records


class Key(NamedTuple):
    """The things that a score depends on beside protocol and data."""

    fingerprint: str
    stage: Stage
    seed: int


class Known(NamedTuple):
    """A score and the search that it was computed in."""

    outcome: Outcome
    origin: str


@dataclass(frozen=True)
class ScoreCache:
    """Known scores by `Key`; empty by default."""

    scores: Mapping[Key, Known] = field(default_factory=dict)

    def get(self, key: Key) -> Known | None:
        """The score, where it is known."""
        return self.scores.get(key)


def read_cache(ledgers: Iterable[tuple[str, Path]], protocol: str, data: Mapping[str, str]) -> ScoreCache:
    """The scores in ``ledgers``, the first to have one giving it its origin.

    Args:
        ledgers: Names and files of other searches; those of another protocol or other data are left out.
        protocol: The protocol's hash.
        data: The data's checksums.

    Raises:
        LedgerError: If one cannot be read.
    """
    scores: dict[Key, Known] = {}
    for name, path in ledgers:
        records = read_search_records(path)
        header = records[0] if records else None
        if isinstance(header, Header) and (header.protocol, header.data) == (protocol, data):
            for key, outcome in _scores(records):
                scores.setdefault(key, Known(outcome, name))
    return ScoreCache(scores)


def _scores(records: Iterable[AnyRecord]) -> Iterable[tuple[Key, Outcome]]:
    fingerprints: dict[int, str] = {}
    for record in records:
        if isinstance(record, Sample):
            fingerprints[record.number] = record.fingerprint
        elif isinstance(record, StageEvaluation):
            yield Key(fingerprints[record.sample], record.stage, record.seed), record.outcome
