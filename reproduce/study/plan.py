"""What is to be run next: a pure function of the protocol and the rows so far.

On each task, every optimizer is tuned over the shared grid. While its best rate is at an edge of its grid, the grid
grows there by one rate, up to the protocol's limit. Then the best rate is run with the final seeds. Since nothing but
rows is remembered, an interrupted experiment goes on as if it had not been.
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
    """What tuning has come to for one optimizer on one task.

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


class Plan:
    """What is left to run.

    It depends on the rows alone, not on the order they come in. Rows of an optimizer whose fingerprint is no longer
    the entrant's do not count.

    Args:
        protocol: The settings.
        entrants: The optimizers.
        rows: The rows so far.
    """

    def __init__(self, protocol: Protocol, entrants: Sequence[Entrant], rows: Iterable[Row]) -> None:
        self._protocol = protocol
        self._rows: dict[tuple[str, str], list[Row]] = {
            (task.name, entrant.name): [] for task in protocol.tasks for entrant in entrants
        }
        self._prints = {entrant.name: entrant.fingerprint for entrant in entrants}
        for row in rows:
            self._sort_in(row)
        self._jobs = {pair: _jobs_of(protocol, pair, own) for pair, own in self._rows.items()}

    def add(self, row: Row) -> None:
        """A run has ended."""
        pair = self._sort_in(row)
        if pair is not None:
            self._jobs[pair] = _jobs_of(self._protocol, pair, self._rows[pair])

    def jobs(self) -> list[Job]:
        """All jobs that can be run now and have no row, in the order of the protocol's tasks and optimizers."""
        return [job for jobs, _ in self._jobs.values() for job in jobs]

    def left(self) -> int:
        """How many runs are still to come as far as is known: `jobs`, and the final runs after them."""
        return sum(len(jobs) + later for jobs, later in self._jobs.values())

    def _sort_in(self, row: Row) -> tuple[str, str] | None:
        pair = (row.task, row.optimizer)
        if pair not in self._rows or row.fingerprint != self._prints[row.optimizer]:
            return None
        self._rows[pair].append(row)
        return pair


def choose(protocol: Protocol, rows: Iterable[Row]) -> Choice:
    """The rate for an optimizer with these rows, all of one task.

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


def _jobs_of(protocol: Protocol, pair: tuple[str, str], rows: Sequence[Row]) -> tuple[list[Job], int]:
    """The jobs of one optimizer on one task that can be run now, and how many final runs come after them."""
    done = {row.job for row in rows}
    choice = choose(protocol, rows)
    wanted = [Job(*pair, "tune", rate, seed) for rate in choice.grid for seed in protocol.seeds.tune]
    if choice.rate is not None:
        wanted += [Job(*pair, "final", choice.rate, seed) for seed in protocol.seeds.final]
    jobs = [job for job in wanted if job not in done]
    return jobs, 0 if choice.rate is not None else len(protocol.seeds.final)


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
