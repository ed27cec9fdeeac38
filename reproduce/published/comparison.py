"""A replay's rows beside the log: each candidate on both sides, and how far the two agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reproduce.published.agreement import Agreement, Pair, agreement, pooled_noise
from reproduce.published.replay import ReplayRow
from reproduce.published.sample import LoggedFunction


@dataclass(frozen=True)
class Replayed:
    """A candidate on both sides.

    Attributes:
        function: In the log.
        row: Its first run here.
        scores: Of all its runs here.
    """

    function: LoggedFunction
    row: ReplayRow
    scores: tuple[float, ...]

    @property
    def pair(self) -> Pair:
        """Pair scores for the correlation; the first run counts, as in a search."""
        return Pair(self.function.score, len(self.function.scores), self.row.score)


def compare(functions: Sequence[LoggedFunction], rows: Sequence[ReplayRow]) -> list[Replayed]:
    """The candidates that were scored again, in the order of the rows."""
    by_fingerprint = {function.fingerprint: function for function in functions}
    scores: dict[str, list[float]] = {row.fingerprint: [] for row in rows}
    for row in rows:
        if row.score is not None:
            scores[row.fingerprint].append(row.score)
    return [
        Replayed(by_fingerprint[row.fingerprint], row, tuple(scores[row.fingerprint])) for row in rows if row.run == 0
    ]


def agreement_of(functions: Sequence[LoggedFunction], comparisons: Sequence[Replayed], seed: int = 0) -> Agreement:
    """How far the two sides agree.

    Args:
        functions: All of the log's, for its noise.
        comparisons: See `compare`.
        seed: Of the bootstrap and the simulated ceiling.
    """
    return agreement(
        [comparison.pair for comparison in comparisons],
        pooled_noise({function.fingerprint: function.scores for function in functions}),
        pooled_noise({comparison.function.fingerprint: comparison.scores for comparison in comparisons}),
        np.random.default_rng(seed),
    )
