"""An experiment: plan, workers, ledger and progress put together."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from reproduce.data import Dataset
from reproduce.files import write_text
from reproduce.ledger import NAME, Ledger
from reproduce.machine import backend_name
from reproduce.study.ledgers import check_same, open_ledger
from reproduce.study.optimizers import Entrant
from reproduce.study.plan import most_jobs_left, next_jobs
from reproduce.study.progress import Progress
from reproduce.study.protocol import Protocol
from reproduce.study.rows import Row
from reproduce.study.runs import MakeTrainingRun
from reproduce.study.workers import RunMaker, WorkerPool


@dataclass(frozen=True)
class Experiment:
    """What is run and where its rows are kept.

    Attributes:
        protocol: The settings.
        dataset: The task.
        entrants: The optimizers.
        folder: Where the ledger and protocol.json lie.
    """

    protocol: Protocol
    dataset: Dataset
    entrants: tuple[Entrant, ...]
    folder: Path

    @property
    def ledger_path(self) -> Path:
        """The ledger's file."""
        return self.folder / NAME


def run_experiment(
    experiment: Experiment, num_workers: int, progress: Progress, make_run: RunMaker | None = None
) -> list[Row]:
    """Run what has no row yet; returns all rows.

    Args:
        experiment: What to run.
        num_workers: Worker processes, one core each.
        progress: Is told what happens.
        make_run: What workers run instead of training, for tests.

    Raises:
        LedgerError: If the ledger cannot be used, or holds the rows of another experiment.
        WorkerError: If two workers died over the same job.
    """
    with open_ledger(experiment.ledger_path, progress.notice) as ledger:
        checksum = experiment.dataset.checksum()
        check_same(
            ledger.records,
            ledger.path,
            protocol=experiment.protocol.hash(),
            data=checksum,
            backend=backend_name(),
        )
        _write_protocol(experiment, checksum)
        plan = _planner(experiment, ledger)
        maker = make_run or MakeTrainingRun(experiment.protocol, experiment.dataset, experiment.entrants)
        log = experiment.folder / "workers.log"
        progress.start(len(ledger.records), _left(experiment, ledger), num_workers)
        with progress, WorkerPool(maker, num_workers, log, progress.notice) as pool:
            for row in pool.run(plan):
                ledger.append(row)
                progress.advance(row, _left(experiment, ledger), pool.running())
        return list(ledger.records)


def _planner(experiment: Experiment, ledger: Ledger[Row]) -> Callable[[], list]:
    return lambda: next_jobs(experiment.protocol, experiment.entrants, ledger.records)


def _left(experiment: Experiment, ledger: Ledger[Row]) -> int:
    return most_jobs_left(experiment.protocol, experiment.entrants, ledger.records)


def _write_protocol(experiment: Experiment, checksum: str) -> None:
    """The resolved settings beside their rows."""
    dataset = experiment.dataset
    document = {
        "hash": experiment.protocol.hash(),
        "protocol": experiment.protocol.to_dict(),
        "data": {
            "task": dataset.name,
            "checksum": checksum,
            "input_shape": dataset.input_shape,
            "classes": dataset.classes,
            "train": len(dataset.train),
            "validation": len(dataset.validation),
            "test": len(dataset.test),
        },
    }
    write_text(experiment.folder / "protocol.json", json.dumps(document, indent=2, ensure_ascii=False) + "\n")
