"""A replay's rows beside the log: the agreement, as files and on screen."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from rich.console import Console

from reproduce.files import csv_text, write_text
from reproduce.published.agreement import Agreement, Interval, Pair, agreement
from reproduce.published.noise import pooled_noise
from reproduce.published.replay import ReplayRow
from reproduce.published.sample import LoggedFunction
from reproduce.screen import say, screen_table, show_table

_COLUMNS = (
    "text",
    "published_score",
    "published_count",
    "published_rejections",
    "our_score",
    "our_outcome",
    "our_runs",
)


@dataclass(frozen=True)
class Comparison:
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
        """For the correlation; here the first run counts, as in a search."""
        return Pair(self.function.score, len(self.function.scores), self.row.score)


def compare(functions: Sequence[LoggedFunction], rows: Sequence[ReplayRow]) -> list[Comparison]:
    """The candidates that were scored again, in the order of the rows."""
    by_fingerprint = {function.fingerprint: function for function in functions}
    scores: dict[str, list[float]] = {row.fingerprint: [] for row in rows}
    for row in rows:
        if row.score is not None:
            scores[row.fingerprint].append(row.score)
    return [
        Comparison(by_fingerprint[row.fingerprint], row, tuple(scores[row.fingerprint])) for row in rows if row.run == 0
    ]


def agreement_of(functions: Sequence[LoggedFunction], comparisons: Sequence[Comparison], seed: int = 0) -> Agreement:
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


def write_replay(found: Agreement, comparisons: Sequence[Comparison], origin: str, folder: Path) -> None:
    """Write ``agreement.json`` and ``pairs.csv``.

    Args:
        found: The agreement.
        comparisons: The candidates.
        origin: What was computed on what, in a sentence.
        folder: Where to.

    Raises:
        ReproduceError: If the folder cannot be written.
    """
    document = {"origin": origin} | asdict(found)
    write_text(folder / "agreement.json", json.dumps(document, indent=2, allow_nan=False) + "\n")
    write_text(folder / "pairs.csv", csv_text(_COLUMNS, map(_line, comparisons)))


def _line(comparison: Comparison) -> tuple[object, ...]:
    """The values of `_COLUMNS`."""
    there, here = comparison.function, comparison.row
    published = (there.text, there.score, len(there.scores), there.rejected)
    return (*published, here.score, here.outcome.kind, len(comparison.scores))


def show_replay(found: Agreement, origin: str, console: Console) -> None:
    """Print the agreement."""
    counts = screen_table(("candidates", "scored here", "rejected here"), (False, True, True))
    counts.add_row("scored in the log", str(found.both), str(found.published_only))
    counts.add_row("rejected in the log", str(found.ours_only), str(found.neither))
    table = screen_table(("Spearman's rank correlation", "value", "95 % interval"), (False, True, True))
    for name, interval in (
        (f"scored on both sides, n = {found.both}", found.correlation),
        (f"rejected here ranks last, n = {found.both + found.published_only}", found.with_rejected),
        ("the most that noise leaves", found.ceiling),
    ):
        table.add_row(name, *_shown(interval))
    for each in (counts, table):
        show_table(console, each)
        console.print()
    ours, theirs = found.our_noise, found.published_noise
    say(
        console,
        f"One score's standard deviation: {theirs.sd:.4f} in the log ({theirs.degrees_of_freedom} degrees of freedom), "
        f"{ours.sd:.4f} here ({ours.degrees_of_freedom}). {origin}",
    )


def _shown(interval: Interval | None) -> tuple[str, str]:
    if interval is None:
        return "-", "-"
    return f"{interval.value:.3f}", f"{interval.low:.3f} to {interval.high:.3f}"
