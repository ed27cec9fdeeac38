"""Plan of the runs to come: a pure function of the protocol and the rows so far.

On each task, every optimizer is tuned (`reproduce.study.tuning`). Then what was chosen is run with the final seeds.
Since nothing but rows is remembered, an interrupted experiment goes on as if it had not been.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reproduce.study.protocol import StudyProtocol
from reproduce.study.rows import Job, Row
from reproduce.study.tuning import tune
from reproduce.tasks.optimizers import Entrant


class Plan:
    """The runs that are left.

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
        """All jobs that can be run now and have no row, by the protocol's tasks, phases, final seeds and optimizers.

        One final seed goes over all optimizers before the next: a study that is cut short, or goes on on another
        machine, compares all of them seed by seed.
        """
        places = {task.name: place for place, task in enumerate(self._protocol.tasks)}
        seeds = {
            (task.name, seed): place
            for task in self._protocol.tasks
            for place, seed in enumerate(self._protocol.seeds.final_of(task.name))
        }
        listed = [job for jobs, _ in self._jobs.values() for job in jobs]
        return sorted(
            listed, key=lambda job: (places[job.task], seeds[job.task, job.seed] if job.phase == "final" else -1)
        )

    def left(self) -> int:
        """How many runs are still to come as far as is known: `jobs`, and those after them."""
        return sum(len(jobs) + later for jobs, later in self._jobs.values())

    def _sort_in(self, row: Row) -> tuple[str, str] | None:
        pair = (row.task, row.optimizer)
        if pair not in self._rows or row.fingerprint != self._prints[row.optimizer]:
            return None
        self._rows[pair].append(row)
        return pair


def _jobs_of(protocol: StudyProtocol, pair: tuple[str, str], rows: Sequence[Row]) -> tuple[list[Job], int]:
    """The jobs of one optimizer on one task that can be run now, and how many come after them at least."""
    done = {row.job for row in rows}
    tuning, finals = tune(protocol, pair[1], rows), protocol.seeds.final_of(pair[0])
    wanted = [Job(*pair, "tune", setting.rate, seed, setting.weight_decay) for setting, seed in tuning.wanted]
    if tuning.setting is not None:
        rate, decay = tuning.setting
        wanted += [Job(*pair, "final", rate, seed, decay) for seed in finals]
    jobs = [job for job in wanted if job not in done]
    return jobs, 0 if tuning.setting is not None else tuning.later + len(finals)
