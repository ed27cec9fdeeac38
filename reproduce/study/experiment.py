"""An experiment: plan, workers, ledger and progress put together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from reproduce.data import load_dataset, require_batch
from reproduce.executors.executor import Executor
from reproduce.executors.work import Work
from reproduce.ledger import Settings
from reproduce.libraries import recorded_settings
from reproduce.machine import backend_name
from reproduce.results_layout import LEDGER_FILE, SETTINGS_FILE, STORED_RESULTS
from reproduce.stored_settings import read_stored_settings, write_stored_settings
from reproduce.study.ledgers import check_same, open_ledger, read_rows, require_one_run_on, require_same_start
from reproduce.study.plan import Plan
from reproduce.study.pretraining import keep_pretraining, pretrainings_of
from reproduce.study.progress import StudyProgress
from reproduce.study.protocol import StudyProtocol
from reproduce.study.rows import ENGINE, Job, Row
from reproduce.study.work import Machine, StudyWork, checkpoint_path
from reproduce.tasks.optimizers import Entrant
from reproduce.tasks.pretraining import Pretraining


@dataclass(frozen=True)
class Experiment:
    """A study to run, and the place of its rows.

    Attributes:
        protocol: The settings.
        entrants: The optimizers.
        folder: Where the ledger and protocol.json lie.
        data_dir: Where data sets are looked for; see `reproduce.data.load_dataset`.
        cache_dir: Where decoded data sets and pretrained weights are kept.
        weights: The file to take for ImageNet's weights; None leaves fetching them to Keras.
    """

    protocol: StudyProtocol
    entrants: tuple[Entrant, ...]
    folder: Path
    data_dir: Path | None
    cache_dir: Path
    weights: Path | None = None

    @property
    def ledger_path(self) -> Path:
        """The ledger's file."""
        return self.folder / LEDGER_FILE


def experiment_folder(output: Path, protocol: StudyProtocol) -> Path:
    """Where the rows of a study lie."""
    return output / protocol.profile / protocol.study


def stored_ledger(experiment: Experiment) -> Path:
    """The experiment's ledger; where nothing has been run there, the one kept with the repository if there is one."""
    kept = experiment_folder(STORED_RESULTS, experiment.protocol) / LEDGER_FILE
    return kept if kept.is_file() and not experiment.ledger_path.exists() else experiment.ledger_path


def run_study(
    experiment: Experiment,
    machine: Machine,
    executor: Executor,
    progress: StudyProgress,
    work: Work[Job, Row] | None = None,
) -> list[Row]:
    """Run what has no row yet; returns all rows.

    Args:
        experiment: What to run.
        machine: How much of a machine each process uses.
        executor: Where runs are trained.
        progress: Is told what happens.
        work: What is done instead of training, for tests.

    Raises:
        DataError: If a data set is not there or not as it must be.
        ProtocolError: If a task asks the engine for what it does not have.
        LedgerError: If the ledger cannot be used, or holds the rows of another experiment or mode.
        WorkerError: If two workers died over the same jobs.
    """
    protocol, entrants = experiment.protocol, experiment.entrants
    pretrainings = _require_trainers(experiment)
    path, settings = experiment.ledger_path, _settings(machine)
    check = partial(
        check_same, path=path, protocol=protocol.hash(), backends=_backends(), deterministic=machine.deterministic
    )
    if path.exists():  # Refused now rather than after data were read, which can take minutes.
        _check_ledger(experiment, check, settings)
    data = {task.name: describe_data(experiment, task.name) for task in protocol.tasks}
    checksums = {task: str(facts["checksum"]) for task, facts in data.items()}
    with open_ledger(path, progress.notify, settings) as ledger:
        check(ledger.records, data=checksums)
        _write_protocol(experiment, data)
        plan = Plan(protocol, entrants, ledger.records)
        work = work or StudyWork(
            protocol,
            entrants,
            tuple(checksums.items()),
            experiment.folder,
            experiment.data_dir,
            experiment.cache_dir,
            machine,
            experiment.weights,
        )
        progress.start(len(ledger.records), plan.left(), executor.source.size)
        if plan.jobs():
            keep_pretraining(experiment.folder, pretrainings, executor, progress.notify, settings)
        for job in {row.job for row in ledger.records}.difference(plan.jobs()):
            _drop_checkpoint(experiment, job)
        first = {row.task: row for row in reversed(ledger.records)}
        with progress:
            for job, row in executor.run(work, plan.jobs):
                require_same_start(row, first.setdefault(row.task, row), path)
                ledger.append(row)
                _drop_checkpoint(experiment, job)
                plan.add(row)
                progress.advance(row, plan.left(), executor.running())
        return list(ledger.records)


def describe_data(experiment: Experiment, task: str) -> dict[str, Any]:
    """The facts about a task's data that are stored beside its rows.

    Raises:
        DataError: If it is not there, not as it must be, or smaller than a batch.
    """
    settings = experiment.protocol.task(task)
    dataset = load_dataset(settings.data, experiment.data_dir, experiment.cache_dir)
    require_batch(dataset, settings.training.batch_size)
    return {
        "name": dataset.name,
        "checksum": dataset.checksum(),
        "input_shape": dataset.input_shape,
        "classes": dataset.classes,
        **{name: len(part) for name, part in dataset.parts.items()},
    }


def _check_ledger(experiment: Experiment, check: Callable[[Sequence[Row]], None], settings: Settings) -> None:
    """Refuse rows that do not fit, and a third look, by what was stored when the second began."""
    rows = read_rows(experiment.ledger_path, settings=settings)
    check(rows)
    path, now = experiment.folder / SETTINGS_FILE, experiment.protocol.seeds
    later = [row for row in rows if row.phase == "final" and row.seed not in now.final]
    if later and path.is_file():
        require_one_run_on(later, experiment.ledger_path, read_stored_settings(path, StudyProtocol).seeds, now)


def _drop_checkpoint(experiment: Experiment, job: Job) -> None:
    """Remove the state of a run whose row is on disk, which nothing needs any more."""
    checkpoint_path(experiment.folder, job).unlink(missing_ok=True)


def _require_trainers(experiment: Experiment) -> list[Pretraining]:
    """Refuse now what no trainer has; the pretraining that runs need."""
    for task in experiment.protocol.tasks:
        for entrant in experiment.entrants:
            task.trainer(entrant)
    return pretrainings_of(experiment.protocol, experiment.data_dir, experiment.cache_dir)


def _settings(machine: Machine) -> dict[str, str]:
    """The settings that can move a number, a batch's parts among them: where they are summed, order counts."""
    devices = {"--devices": str(machine.num_devices)} if machine.num_devices > 1 else {}
    return recorded_settings() | devices


def _backends() -> tuple[str, str]:
    return ENGINE, backend_name()


def _write_protocol(experiment: Experiment, data: Mapping[str, Mapping[str, Any]]) -> None:
    """The resolved settings beside their rows."""
    protocol = experiment.protocol
    write_stored_settings(experiment.folder, protocol.to_dict(), hash=protocol.hash(), data=data)
