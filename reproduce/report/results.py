"""From rows to results: what each optimizer came to on each task, and one frame of all runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from reproduce.report.statistics import Summary, summarise
from reproduce.study.optimizers import Entrant
from reproduce.study.plan import Choice, choose
from reproduce.study.protocol import Protocol
from reproduce.study.rows import Row

_COLUMNS = (
    *("profile", "study", "task", "optimizer", "kind", "fingerprint", "schedule", "decay", "phase", "rate", "seed"),
    *("weights", "precision", "outcome", "diverged_at", "steps", "validation_accuracy", "test_accuracy", "seconds"),
    *("device", "backend", "protocol", "data"),
)


@dataclass(frozen=True)
class Result:
    """One optimizer on one task; accuracies are shares, with a diverged run counted as guessing.

    Attributes:
        task: The task's name.
        optimizer: The optimizer's.
        kind: "catalog" or "keras".
        choice: What tuning has come to.
        finals: The final runs at the chosen rate, in the order of the protocol's seeds.
        tuning: All runs that chose the rate.
    """

    task: str
    optimizer: str
    kind: str
    choice: Choice
    finals: tuple[Row, ...]
    tuning: tuple[Row, ...]

    @cached_property
    def test(self) -> Summary | None:
        """Test accuracy of the final runs; None if none was run."""
        return summarise(list(self.test_by_seed.values()))

    @cached_property
    def validation(self) -> Summary | None:
        """Validation accuracy of the final runs; None if none was run."""
        return summarise([counted_accuracy(row, row.validation_accuracy) for row in self.finals])

    @cached_property
    def test_by_seed(self) -> Mapping[int, float]:
        """Test accuracy of each final run."""
        return {row.seed: counted_accuracy(row, row.test_accuracy) for row in self.finals}

    @property
    def num_diverged(self) -> int:
        """How many of the final runs diverged."""
        return sum(row.diverged_at is not None for row in self.finals)


@dataclass(frozen=True)
class StudyResults:
    """A study as far as it has been run.

    Attributes:
        protocol: Its settings.
        entrants: Its optimizers.
        rows: Its rows.
    """

    protocol: Protocol
    entrants: tuple[Entrant, ...]
    rows: tuple[Row, ...]

    @property
    def name(self) -> str:
        """The study's name."""
        return self.protocol.study

    @property
    def tasks(self) -> tuple[str, ...]:
        """The names of its tasks."""
        return tuple(task.name for task in self.protocol.tasks)

    @cached_property
    def results(self) -> Mapping[tuple[str, str], Result]:
        """By task and optimizer, run or not, in the protocol's order."""
        rows: dict[tuple[str, str, str | None], list[Row]] = {}
        for row in self.rows:
            rows.setdefault((row.task, row.optimizer, row.fingerprint), []).append(row)
        return {
            (task, entrant.name): _result(
                self.protocol, task, entrant, rows.get((task, entrant.name, entrant.fingerprint), [])
            )
            for task in self.tasks
            for entrant in self.entrants
        }

    @cached_property
    def rows_by_task(self) -> tuple[Row, ...]:
        """The rows, those of one task after those of another in the protocol's order."""
        places = {task: place for place, task in enumerate(self.tasks)}
        return tuple(sorted(self.rows, key=lambda row: places.get(row.task, len(places))))

    def of_task(self, task: str) -> list[Result]:
        """The results of one task, in the protocol's order of optimizers."""
        return [result for result in self.results.values() if result.task == task]

    def result(self, task: str, optimizer: str) -> Result | None:
        """The result of one optimizer on one task; None if it does not take part."""
        return self.results.get((task, optimizer))


def same_results(results: Iterable[Result]) -> list[tuple[str, ...]]:
    """Optimizers whose final runs on a task gave the same rate and the same accuracies after every epoch, as groups.

    Such optimizers differ in terms that did nothing on this task.
    """
    groups: dict[object, list[str]] = {}
    for result in results:
        if result.finals:
            runs = [(row.rate, row.seed, row.curve.validation_accuracy, row.test_accuracy) for row in result.finals]
            groups.setdefault(tuple(runs), []).append(result.optimizer)
    return [tuple(group) for group in groups.values() if len(group) > 1]


def counted_accuracy(row: Row, accuracy: float | None) -> float:
    """A run's accuracy; what guessing gets where it diverged."""
    return 1 / row.num_classes if accuracy is None else accuracy


def frame(rows: Sequence[Row]) -> Any:
    """All runs as a pandas data frame, one line each, in the ledger's order; a diverged run's accuracies are empty."""
    import pandas

    # pandas makes numbers with a decimal point of integers of which some are missing, unless told of them.
    return pandas.DataFrame([_flat(row) for row in rows], columns=list(_COLUMNS)).astype({"diverged_at": "Int64"})


def _result(protocol: Protocol, task: str, entrant: Entrant, rows: Sequence[Row]) -> Result:
    choice = choose(protocol, rows)
    final = {row.seed: row for row in rows if row.phase == "final" and row.rate == choice.rate}
    return Result(
        task=task,
        optimizer=entrant.name,
        kind=entrant.kind,
        choice=choice,
        finals=tuple(final[seed] for seed in protocol.seeds.final if seed in final),
        tuning=tuple(row for row in rows if row.phase == "tune"),
    )


def _flat(row: Row) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in _COLUMNS if hasattr(row, name)}
    return {**values, "outcome": "finished" if row.diverged_at is None else "diverged"}
