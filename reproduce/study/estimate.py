"""Estimate of a study's cost before it starts: from measured steps, or nothing where none like it was measured."""

from __future__ import annotations

from collections.abc import Sequence

from reproduce.data import Dataset, load_dataset
from reproduce.data.catalog import published_train_samples
from reproduce.errors import DataError
from reproduce.estimates import Span, TaskEstimate
from reproduce.results_layout import LEDGER_FILE
from reproduce.study.costs import Costs, step_key
from reproduce.study.experiment import Experiment
from reproduce.study.ledgers import check_same, read_rows
from reproduce.study.plan import Plan
from reproduce.study.protocol import StudyProtocol, TaskSettings
from reproduce.study.rows import Row
from reproduce.tasks.optimizers import Entrant
from reproduce.tasks.trainer import TrainerName
from reproduce.training.settings import run_length


def estimate(experiment: Experiment, costs: Costs) -> list[TaskEstimate]:
    """The cost of what a study has no rows of yet, by task and runner.

    Raises:
        ProtocolError: If a task asks the engine for what it does not have.
        LedgerError: If the study's folder holds the rows of another experiment.
    """
    rows = _rows(experiment)
    found = []
    for task in experiment.protocol.tasks:
        dataset = _dataset(experiment, task)
        by_runner: dict[TrainerName, list[Entrant]] = {}
        for entrant in experiment.entrants:
            by_runner.setdefault(task.trainer(entrant), []).append(entrant)
        found += [
            _estimate(experiment.protocol, task, runner, entrants, rows, dataset, costs)
            for runner, entrants in by_runner.items()
        ]
    return found


def _estimate(
    protocol: StudyProtocol,
    task: TaskSettings,
    runner: TrainerName,
    entrants: Sequence[Entrant],
    rows: Sequence[Row],
    dataset: Dataset | None,
    costs: Costs,
) -> TaskEstimate:
    cost = costs.steps.get(step_key(task, runner))
    samples = published_train_samples(task.data) if dataset is None else len(dataset.train)
    steps = None if samples is None else run_length(task.training, samples).total_steps
    alone = protocol.only(task.name)
    seeds = len(protocol.seeds.tune) if protocol.rates.finalists is None else 1
    runs, seconds = Span(0, 0), Span(0.0, 0.0)
    for entrant in entrants:
        left = Plan(alone, [entrant], rows).left()
        growth = protocol.rates.most_extra_rates * seeds * len(protocol.optimizers.decays_of(entrant.name))
        own = Span(left, left + growth if left else 0)
        runs = Span(runs.low + own.low, runs.high + own.high)
        if cost is not None and steps is not None:
            one = cost.by_optimizer.get(entrant.name, cost.seconds) * steps
            seconds = Span(seconds.low + one * own.low, seconds.high + one * own.high)
    known = cost is not None and steps is not None
    data = 0 if dataset is None else sum(part.inputs.nbytes + part.labels.nbytes for part in dataset.parts.values())
    return TaskEstimate(
        study=protocol.study,
        task=task.name,
        runner=runner,
        runs=runs,
        steps=None if steps is None else runs.times(steps),
        counted="published" if dataset is None else "data",
        seconds=seconds if known else None,
        measured=cost if known else None,
        num_bytes=costs.bytes_per_row * runs.high + data,
    )


def _dataset(experiment: Experiment, task: TaskSettings) -> Dataset | None:
    try:
        return load_dataset(task.data, experiment.data_dir, experiment.cache_dir)
    except DataError:
        return None


def _rows(experiment: Experiment) -> list[Row]:
    path = experiment.folder / LEDGER_FILE
    if not path.exists():
        return []
    rows = read_rows(path)
    check_same(rows, path, protocol=experiment.protocol.hash())
    return rows
