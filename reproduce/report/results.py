"""From rows to results: one frame of all runs, and a summary of each optimizer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from reproduce.report.statistics import Difference, Summary, paired_difference, summarise
from reproduce.study.optimizers import Entrant, Kind
from reproduce.study.plan import choose, current_rows
from reproduce.study.protocol import Protocol
from reproduce.study.rows import Finished, Row

_COLUMNS = (
    *("profile", "task", "optimizer", "kind", "fingerprint", "phase", "rate", "seed", "outcome", "diverged_at"),
    *("steps", "validation_accuracy", "test_accuracy", "seconds", "device", "backend", "protocol", "data"),
)


@dataclass(frozen=True)
class Result:
    """One optimizer's line in the main table; accuracies are shares, with a diverged run counted as guessing.

    Attributes:
        optimizer: Its name.
        kind: "catalog" or "keras".
        rate: The chosen rate; None while tuning is not done.
        at_edge: Whether that rate is at the edge of a grid that could not grow any more.
        validation: Validation accuracy of the final runs; None if none was run.
        test: Test accuracy of the final runs; None if none was run.
        num_diverged: How many of the final runs diverged.
        difference: Test accuracy against the reference on common seeds; None for the reference, and without runs.
    """

    optimizer: str
    kind: Kind
    rate: float | None
    at_edge: bool
    validation: Summary | None
    test: Summary | None
    num_diverged: int
    difference: Difference | None


def summarise_rows(protocol: Protocol, entrants: Sequence[Entrant], rows: Sequence[Row]) -> list[Result]:
    """One result for each optimizer of the protocol, run or not, in its order."""
    finals = {entrant.name: _finals(protocol, entrant, rows) for entrant in entrants}
    reference = protocol.optimizers.reference
    return [_result(protocol, entrant, rows, finals[entrant.name], finals[reference]) for entrant in entrants]


def same_results(protocol: Protocol, entrants: Sequence[Entrant], rows: Sequence[Row]) -> list[tuple[str, ...]]:
    """Optimizers whose final runs gave the same rate and the same accuracies after every epoch, as groups.

    Such optimizers differ in terms that did nothing on this task.
    """
    groups: dict[object, list[str]] = {}
    for entrant in entrants:
        finals = _finals(protocol, entrant, rows)
        if finals:
            key = tuple((row.rate, row.seed, row.curve.validation_accuracy, row.test_accuracy) for row in finals)
            groups.setdefault(key, []).append(entrant.name)
    return [tuple(group) for group in groups.values() if len(group) > 1]


def counted_accuracy(row: Row, accuracy: float | None) -> float:
    """A run's accuracy; what guessing gets where it diverged."""
    return 1 / row.num_classes if accuracy is None else accuracy


def frame(rows: Sequence[Row]) -> Any:
    """All runs as a pandas data frame, one line each, in the ledger's order; a diverged run's accuracies are empty."""
    import pandas

    return pandas.DataFrame([_flat(row) for row in rows], columns=list(_COLUMNS))


def _result(
    protocol: Protocol, entrant: Entrant, rows: Sequence[Row], finals: Sequence[Row], reference: Sequence[Row]
) -> Result:
    choice = choose(protocol, current_rows(entrant, rows))
    is_reference = entrant.name == protocol.optimizers.reference
    return Result(
        optimizer=entrant.name,
        kind=entrant.kind,
        rate=choice.rate,
        at_edge=choice.at_edge,
        validation=summarise([counted_accuracy(row, row.validation_accuracy) for row in finals]),
        test=summarise(list(_test_by_seed(finals).values())),
        num_diverged=sum(not isinstance(row.outcome, Finished) for row in finals),
        difference=None if is_reference else paired_difference(_test_by_seed(finals), _test_by_seed(reference)),
    )


def _finals(protocol: Protocol, entrant: Entrant, rows: Sequence[Row]) -> list[Row]:
    own = current_rows(entrant, rows)
    rate = choose(protocol, own).rate
    final = {row.seed: row for row in own if row.phase == "final" and row.rate == rate}
    return [final[seed] for seed in protocol.seeds.final if seed in final]


def _test_by_seed(rows: Sequence[Row]) -> dict[int, float]:
    return {row.seed: counted_accuracy(row, row.test_accuracy) for row in rows}


def _flat(row: Row) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in _COLUMNS if hasattr(row, name)}
    outcome = row.outcome.to_dict()
    return {**values, "outcome": outcome["kind"], "diverged_at": outcome.get("step")}
