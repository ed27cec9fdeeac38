"""From rows to results: what each optimizer came to on each task, and one frame of all runs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from paper_optimizers import names
from reproduce.report.analysis.levels import SAME_FUNCTION
from reproduce.report.statistics import Summary, summarise
from reproduce.report.table import Source
from reproduce.study.protocol import StudyProtocol
from reproduce.study.rows import Row
from reproduce.study.tuning import tune
from reproduce.tasks.optimizers import Entrant
from reproduce.tasks.pretraining import PretrainingRow
from reproduce.tasks.rates import Choice

#: Studies that compare all optimizers; the others vary one thing for a few of them.
COMPARED = ("main", "transfer", "finetune")
#: The optimizer that others are compared with.
REFERENCE = "Adam"
_COLUMNS = (
    *("profile", "study", "task", "optimizer", "kind", "fingerprint", "schedule", "decay", "phase", "rate"),
    *("weight_decay", "seed"),
    *("weights", "precision", "outcome", "diverged_at", "steps", "validation_accuracy", "test_accuracy", "seconds"),
    *("device", "backend", "protocol", "data"),
)


@dataclass(frozen=True)
class Result:
    """One optimizer on one task of a study; accuracies are shares, with a diverged run counted as guessing.

    Attributes:
        study: The study's name.
        task: The task's name.
        entrant: The optimizer.
        choice: What tuning has come to.
        weight_decay: The weight decay it has come to, of an optimizer that is tuned over several.
        finals: The final runs at the chosen setting, in the order of the protocol's seeds.
        tuning: All runs that chose the rate.
    """

    study: str
    task: str
    entrant: Entrant
    choice: Choice
    weight_decay: float | None
    finals: tuple[Row, ...]
    tuning: tuple[Row, ...]

    @property
    def optimizer(self) -> str:
        """The optimizer's name in the protocol."""
        return self.entrant.name

    @property
    def source(self) -> Source:
        """The final runs, as what stands behind a number."""
        return Source(self.study, self.task, self.optimizer, "final")

    @property
    def tuning_source(self) -> Source:
        """The runs that chose the rate, likewise."""
        return self.source._replace(phase="tune")

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

    @cached_property
    def by_place(self) -> Mapping[tuple[int, str], float]:
        """The same by seed and device: runs are compared with those of one seed on one device."""
        return {(row.seed, row.device): counted_accuracy(row, row.test_accuracy) for row in self.finals}

    @property
    def num_diverged(self) -> int:
        """How many of the final runs diverged."""
        return num_diverged(self.finals)


@dataclass(frozen=True)
class Alike:
    """Optimizers that coincide in something; most groups have one member.

    Attributes:
        names: The optimizers.
    """

    names: tuple[str, ...]

    @property
    def label(self) -> str:
        """The names, joined by commas."""
        return ", ".join(self.names)


@dataclass(frozen=True)
class SameFunction(Alike):
    """Optimizers that are one function on a task, so that they count once there; most are on their own.

    They have equal fingerprints, or differ in terms that did nothing on this task; see `StudyResults.functions`.

    Attributes:
        first: The result of the first of them.
    """

    first: Result


@dataclass(frozen=True)
class StudyResults:
    """A study as far as it has been run.

    Attributes:
        protocol: Its settings.
        entrants: Its optimizers.
        rows: Its rows.
        pretraining: Rows of the trainings whose weights its runs start from.
    """

    protocol: StudyProtocol
    entrants: tuple[Entrant, ...]
    rows: tuple[Row, ...]
    pretraining: tuple[PretrainingRow, ...] = ()

    @property
    def name(self) -> str:
        """The study's name in its profile."""
        return self.protocol.study

    @property
    def title(self) -> str:
        """The name with the profile, for titles: ``"main, profile smoke"``."""
        return f"{self.name}, profile {self.protocol.profile}"

    @property
    def tasks(self) -> tuple[str, ...]:
        """The names of its tasks."""
        return tuple(task.name for task in self.protocol.tasks)

    @cached_property
    def tasks_run(self) -> tuple[str, ...]:
        """The names of the tasks that have rows."""
        run = {row.task for row in self.rows}
        return tuple(task for task in self.tasks if task in run)

    @cached_property
    def results(self) -> Mapping[tuple[str, str], Result]:
        """Results by task and optimizer, run or not, in the protocol's order."""
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
        return [self.results[task, entrant.name] for entrant in self.entrants]

    def functions(self, task: str) -> list[SameFunction]:
        """The optimizers of a task, run or not, those that are one function as one, in the protocol's order.

        One function are optimizers of equal fingerprints, and those whose final runs, at equal settings and seeds, have
        accuracies that differ by `SAME_FUNCTION` at most, on average over epochs and seeds. The seeds are those of the
        first look, so that a study that is run on keeps its families.
        """
        return self._functions.get(task, [])

    @cached_property
    def functions_everywhere(self) -> list[Alike]:
        """The optimizers, those that are one function on every task as one, in the protocol's order."""
        firsts: dict[str, tuple[str, ...]] = {entrant.name: () for entrant in self.entrants}
        for task in self.tasks:
            for each in self.functions(task):
                firsts |= {name: (*firsts[name], each.first.optimizer) for name in each.names}
        return [Alike(names) for names in alike(firsts)]

    @cached_property
    def _functions(self) -> Mapping[str, list[SameFunction]]:
        found: dict[str, list[SameFunction]] = {}
        first = self.protocol.seeds.final
        for task in self.tasks:
            groups: list[list[Result]] = []
            for result in self.of_task(task):
                group = next((group for group in groups if _are_one_function(group[0], result, first)), None)
                groups.append([result]) if group is None else group.append(result)
            found[task] = [SameFunction(tuple(each.optimizer for each in group), group[0]) for group in groups]
        return found

    def result(self, task: str, optimizer: str) -> Result | None:
        """The result of one optimizer on one task; None if it does not take part."""
        return self.results.get((task, optimizer))


def in_catalog_order(entrants: Iterable[Entrant]) -> list[Entrant]:
    """The catalog's optimizers in its order, each with its variants, then others by name."""
    places = _catalog()
    return sorted(entrants, key=lambda each: (places.get(each.base, len(places)), each.name))


def alike(found: Mapping[str, object]) -> list[tuple[str, ...]]:
    """The names of what was found to be equal, as groups in the order of their first members."""
    groups: dict[object, list[str]] = {}
    for name, each in found.items():
        groups.setdefault(each, []).append(name)
    return [tuple(group) for group in groups.values()]


def counted_accuracy(row: Row, accuracy: float | None) -> float:
    """A run's accuracy; what guessing gets where it diverged."""
    return 1 / row.num_classes if accuracy is None else accuracy


def num_diverged(rows: Iterable[Row | PretrainingRow]) -> int:
    """How many of these runs diverged."""
    return sum(row.diverged_at is not None for row in rows)


def number_of_runs(counts: Iterable[int]) -> str:
    """``"n = 3"``, ``"n = 1 to 3"`` or ``"n = 0"``, for titles."""
    listed = sorted(set(counts)) or [0]
    return f"n = {listed[0]}" if len(listed) == 1 else f"n = {listed[0]} to {listed[-1]}"


def frame(rows: Sequence[Row]) -> Any:
    """All runs as a pandas data frame, one line each, in the ledger's order; a diverged run's accuracies are empty."""
    import pandas

    # pandas makes numbers with a decimal point of integers of which some are missing, unless told of them.
    return pandas.DataFrame([_flat(row) for row in rows], columns=list(_COLUMNS)).astype({"diverged_at": "Int64"})


def _result(protocol: StudyProtocol, task: str, entrant: Entrant, rows: Sequence[Row]) -> Result:
    tuning = tune(protocol, entrant.name, rows)
    final = {row.seed: row for row in rows if row.phase == "final" and (row.rate, row.weight_decay) == tuning.setting}
    return Result(
        study=protocol.study,
        task=task,
        entrant=entrant,
        choice=tuning.choice,
        weight_decay=tuning.weight_decay,
        finals=tuple(final[seed] for seed in protocol.seeds.final_of(task) if seed in final),
        tuning=tuple(row for row in rows if row.phase == "tune"),
    )


def _are_one_function(one: Result, other: Result, seeds: Sequence[int]) -> bool:
    """Whether two optimizers are one function on their task by these seeds; see `StudyResults.functions`."""
    if one.entrant.fingerprint is not None and one.entrant.fingerprint == other.entrant.fingerprint:
        return True
    runs, twins = ([row for row in each.finals if row.seed in seeds] for each in (one, other))
    same_seeds = [row.seed for row in runs] == [row.seed for row in twins]
    same_setting = (one.choice.rate, one.weight_decay) == (other.choice.rate, other.weight_decay)
    if not runs or not same_setting or not same_seeds:
        return False
    pairs = list(zip(runs, twins, strict=True))
    if any((row.diverged_at, row.steps) != (twin.diverged_at, twin.steps) for row, twin in pairs):
        return False
    differences = [
        abs(mine - theirs)
        for row, twin in pairs
        for mine, theirs in zip(_accuracies(row), _accuracies(twin), strict=True)
    ]
    return len(differences) > 0 and math.fsum(differences) / len(differences) <= SAME_FUNCTION


def _accuracies(row: Row) -> list[float]:
    """A run's accuracies: on validation images after each epoch, and on test images."""
    return [*row.curve.validation_accuracy, *([] if row.test_accuracy is None else [row.test_accuracy])]


def _flat(row: Row) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in _COLUMNS if hasattr(row, name)}
    return {**values, "outcome": "finished" if row.diverged_at is None else "diverged"}


@cache
def _catalog() -> dict[str, int]:
    return {name: place for place, name in enumerate(names())}
