"""What is to be run next: a pure function of the protocol and the rows so far.

Every optimizer is tuned over the shared grid. While its best rate is at an edge of its grid, the grid grows there by
one rate, up to the protocol's limit. Then the best rate is run with the final seeds. Since nothing but rows is
remembered, an interrupted experiment goes on as if it had not been.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reproduce.study.optimizers import Entrant
from reproduce.study.protocol import Protocol
from reproduce.study.rows import Job, Row


@dataclass(frozen=True)
class Choice:
    """What tuning has come to for one optimizer.

    Attributes:
        grid: Its rates, ascending, grown where its best was at an edge.
        rate: The best of them, or None while some are not run.
        validation_accuracy: At that rate, the mean over tuning seeds; None if it diverged, or while rate is None.
        at_edge: Whether the best is at an edge of the grid and the grid may not grow any more.
    """

    grid: tuple[float, ...]
    rate: float | None
    validation_accuracy: float | None
    at_edge: bool


def next_jobs(protocol: Protocol, entrants: Sequence[Entrant], rows: Sequence[Row]) -> list[Job]:
    """All jobs that can be run now and have no row, in the order of the protocol.

    Rows of an optimizer whose fingerprint is no longer the entrant's do not count.
    """
    return [job for entrant in entrants for job in _jobs_of(protocol, entrant, current_rows(entrant, rows))]


def most_jobs_left(protocol: Protocol, entrants: Sequence[Entrant], rows: Sequence[Row]) -> int:
    """How many runs are still to come as far as is known: what is planned, and the final runs after it."""
    left = 0
    for entrant in entrants:
        own = current_rows(entrant, rows)
        tuned = choose(protocol, own).rate is not None
        left += len(_jobs_of(protocol, entrant, own)) + (0 if tuned else len(protocol.seeds.final))
    return left


def choose(protocol: Protocol, rows: Iterable[Row]) -> Choice:
    """The rate for an optimizer with these rows.

    The highest mean validation accuracy at the end of training wins; then the lowest validation loss; then the lowest
    rate. A rate at which any run diverged ranks below every rate at which none did.
    """
    scores = _scores(protocol, rows)
    settings = protocol.rates
    below = above = 0
    while True:
        grid = settings.grown(below, above)
        if any(rate not in scores for rate in grid):
            return Choice(grid, None, None, at_edge=False)
        best = max(grid, key=lambda rate: (scores[rate], -rate))
        at_edge = best in (grid[0], grid[-1])
        if not at_edge or below + above == settings.most_extra_rates:
            break
        below, above = (below + 1, above) if best == grid[0] else (below, above + 1)
    accuracy, _ = scores[best]
    return Choice(grid, best, None if accuracy < 0 else accuracy, at_edge=at_edge)


def current_rows(entrant: Entrant, rows: Iterable[Row]) -> list[Row]:
    """The rows of this optimizer, as it is now."""
    return [row for row in rows if row.optimizer == entrant.name and row.fingerprint == entrant.fingerprint]


def _jobs_of(protocol: Protocol, entrant: Entrant, rows: Sequence[Row]) -> list[Job]:
    done = {row.job for row in rows}
    choice = choose(protocol, rows)
    wanted = [Job(entrant.name, "tune", rate, seed) for rate in choice.grid for seed in protocol.seeds.tune]
    if choice.rate is not None:
        wanted += [Job(entrant.name, "final", choice.rate, seed) for seed in protocol.seeds.final]
    return [job for job in wanted if job not in done]


def _scores(protocol: Protocol, rows: Iterable[Row]) -> dict[float, tuple[float, float]]:
    """Mean validation accuracy and minus mean validation loss of each rate whose tuning seeds are all run."""
    runs: dict[float, dict[int, tuple[float, float]]] = {}
    for row in rows:
        if row.phase == "tune" and row.seed in protocol.seeds.tune:
            runs.setdefault(row.rate, {})[row.seed] = _score(row)
    return {
        rate: (_mean(score for score, _ in of_seed.values()), _mean(loss for _, loss in of_seed.values()))
        for rate, of_seed in runs.items()
        if len(of_seed) == len(protocol.seeds.tune)
    }


def _score(row: Row) -> tuple[float, float]:
    if row.validation_accuracy is None:
        return -math.inf, -math.inf
    return row.validation_accuracy, -row.curve.validation_loss[-1]


def _mean(values: Iterable[float]) -> float:
    listed = list(values)
    return math.fsum(listed) / len(listed) if -math.inf not in listed else -math.inf
