"""What is to be run next: a pure function of the protocol and the rows so far.

On each task, every optimizer is tuned over the shared grid. While its best rate is at an edge of its grid, the grid
grows there by one rate, up to the protocol's limit. Then the best rate is run with the final seeds. Since nothing but
rows is remembered, an interrupted experiment goes on as if it had not been.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from reproduce.study.protocol import StudyProtocol
from reproduce.study.rows import Job, Row
from reproduce.tasks.optimizers import Entrant
from reproduce.tasks.rates import Choice


class Plan:
    """What is left to run.

    It depends on the rows alone, not on the order they come in. Rows of an optimizer whose fingerprint is no longer
    the entrant's do not count.

    Args:
        protocol: The settings.
        entrants: The optimizers.
        rows: The rows so far.
    """

    def __init__(self, protocol: StudyProtocol, entrants: Sequence[Entrant], rows: Iterable[Row]) -> None:
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


def choose(protocol: StudyProtocol, rows: Iterable[Row]) -> Choice:
    """The rate for an optimizer with these rows, all of one task: by the mean over seeds of what each rate gave.

    A rate at which any run diverged ranks below every rate at which none did.
    """
    runs: dict[float, dict[int, tuple[float, float]]] = {}
    for row in rows:
        if row.phase == "tune" and row.seed in protocol.seeds.tune:
            runs.setdefault(row.rate, {})[row.seed] = protocol.rates.value(row.training)
    tried = {
        rate: (_mean(accuracy for accuracy, _ in values.values()), _mean(loss for _, loss in values.values()))
        for rate, values in runs.items()
        if len(values) == len(protocol.seeds.tune)
    }
    return protocol.rates.choose(tried)


def _jobs_of(protocol: StudyProtocol, pair: tuple[str, str], rows: Sequence[Row]) -> tuple[list[Job], int]:
    """The jobs of one optimizer on one task that can be run now, and how many final runs come after them."""
    done = {row.job for row in rows}
    choice = choose(protocol, rows)
    wanted = [Job(*pair, "tune", rate, seed) for rate in choice.rates for seed in protocol.seeds.tune]
    if choice.rate is not None:
        wanted += [Job(*pair, "final", choice.rate, seed) for seed in protocol.seeds.final]
    jobs = [job for job in wanted if job not in done]
    return jobs, 0 if choice.rate is not None else len(protocol.seeds.final)


def _mean(values: Iterable[float]) -> float:
    listed = list(values)
    return math.fsum(listed) / len(listed) if -math.inf not in listed else -math.inf
