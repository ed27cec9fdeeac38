"""From jobs to their rows, inside a worker."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reproduce.data import Dataset, load_dataset
from reproduce.errors import DataError
from reproduce.files import locked
from reproduce.libraries import enter_determinism, enter_known_keras
from reproduce.machine import backend_name, device_name, engine_device_name, versions
from reproduce.outcomes import Training
from reproduce.study.optimizers import Entrant, learning_rates, make_entrant, make_optimizer
from reproduce.study.protocol import Protocol, TaskSettings
from reproduce.study.rows import SCHEMA, Job, Row
from reproduce.study.runners import ENGINE, Runner
from reproduce.study.workers import Run

if TYPE_CHECKING:
    from reproduce.study.engine_trainer import EngineTrainer
    from reproduce.training.trainer import Trainer

#: In the folder of a study: the states of runs that Keras is training.
_CHECKPOINTS = "checkpoints"


@dataclass(frozen=True)
class Machine:
    """How much of the machine is used.

    Attributes:
        num_workers: Worker processes, one core each.
        engine_batch: The most runs that the engine trains at once.
        num_devices: Devices over which Keras splits each batch.
        deterministic: Whether libraries are told to compute the same bits each time; see `reproduce.determinism`.
    """

    num_workers: int = 1
    engine_batch: int = 1
    num_devices: int = 1
    deterministic: bool = False


@dataclass(frozen=True)
class MakeTrainingRun:
    """Makes the function that trains; see `reproduce.study.workers.RunMaker`.

    Attributes:
        protocol: The settings.
        entrants: The optimizers.
        runners: What trains each optimizer, by task and name.
        checksums: The checksum of each task's data set.
        folder: Where checkpoints of runs in training are kept.
        data_dir: See `load_dataset`.
        cache_dir: Where decoded data and pretrained weights are kept.
        machine: See `Machine`.
        weights: The file that stands for ImageNet's weights; None leaves them to Keras.
    """

    protocol: Protocol
    entrants: tuple[Entrant, ...]
    runners: Mapping[tuple[str, str], Runner]
    checksums: Mapping[str, str]
    folder: Path
    data_dir: Path | None
    cache_dir: Path
    machine: Machine
    weights: Path | None = None

    def group(self, job: Job) -> Hashable:
        """The engine serves all optimizers of a task; Keras compiles for each."""
        runner = self.runner(job)
        return (job.task, runner, "" if runner == "engine" else job.optimizer)

    def largest_batch(self, job: Job) -> int:
        """Keras trains one run at a time."""
        return self.machine.engine_batch if self.runner(job) == "engine" else 1

    def runner(self, job: Job) -> Runner:
        """What trains ``job``."""
        return self.runners[job.task, job.optimizer]

    def __call__(self) -> Run:
        """The function keeps what it compiled for the last group of jobs."""
        if self.machine.deterministic:
            enter_determinism()
        return _TrainingRun(self)


def checkpoint_path(folder: Path, job: Job) -> Path:
    """Where the state of a run that Keras trains lies until its row is in the ledger of the study in ``folder``."""
    return folder / _CHECKPOINTS / f"{job.task} {job.optimizer} {job.phase} {job.rate!r} {job.seed}.npz"


class _TrainingRun:
    """Runs batches of jobs, each of one group."""

    def __init__(self, make: MakeTrainingRun) -> None:
        self._make = make
        self._entrants = {entrant.name: entrant for entrant in make.entrants}
        self._protocol_hash = make.protocol.hash()
        self._dataset: tuple[str, Dataset] | None = None
        self._trainer: tuple[Hashable, Any] | None = None

    def __call__(self, batch: Sequence[Job]) -> list[Row]:
        if self._make.runner(batch[0]) == "engine":
            backend, library, device = ENGINE, "jax", engine_device_name()
            engine = self._engine_trainer(batch[0])
            trainings = engine.run([(self._entrants[job.optimizer], job) for job in batch])
        else:
            enter_known_keras()
            backend = library = backend_name()
            device = device_name()
            trainings = [self._run_keras(job) for job in batch]
        where = {"backend": backend, "device": device, "versions": versions(library)}
        return [self._row(job, result, where) for job, result in zip(batch, trainings, strict=True)]

    def _engine_trainer(self, job: Job) -> EngineTrainer:
        from reproduce.study.engine_trainer import EngineTrainer

        return self._kept(job, lambda dataset: EngineTrainer(self._make.protocol.task(job.task), dataset))

    def _run_keras(self, job: Job) -> Training:
        trainer = self._keras_trainer(job)
        rates = learning_rates(self._entrants[job.optimizer], job.rate, trainer.length)
        return trainer.run(
            rates, job.seed, test=job.phase == "final", checkpoint=checkpoint_path(self._make.folder, job)
        )

    def _keras_trainer(self, job: Job) -> Trainer:
        from reproduce.training.trainer import Trainer

        task = self._make.protocol.task(job.task)
        make = partial(make_optimizer, self._entrants[job.optimizer])
        pretrained = self._pretrained(task)
        num_devices = self._make.machine.num_devices
        model = task.model
        if self._make.weights is not None and model.start == "imagenet":
            model = replace(model, start="file", weights_file=str(self._make.weights))
        return self._kept(
            job,
            lambda dataset: Trainer(
                model, task.training, dataset, make, pretrained=pretrained, num_devices=num_devices
            ),
        )

    def _pretrained(self, task: TaskSettings) -> Path | None:
        """The weights that the task starts from; trained by the first worker that needs them, awaited by the others."""
        from reproduce.training.pretraining import pretrained_weights

        settings = task.pretraining
        if settings is None:
            return None
        entrant = make_entrant(settings.optimizer, "pretraining.optimizer")
        with locked(self._make.cache_dir / "weights.lock"):
            return pretrained_weights(
                settings,
                task.model,
                load_dataset(settings.data, self._make.data_dir, self._make.cache_dir),
                partial(make_optimizer, entrant),
                partial(learning_rates, entrant, settings.rate),
                self._make.cache_dir / "weights",
            )

    def _kept(self, job: Job, make: Any) -> Any:
        group = self._make.group(job)
        if self._trainer is None or self._trainer[0] != group:
            self._trainer = None  # Its memory is free before the next is made.
            self._trainer = (group, make(self._data(job.task)))
        return self._trainer[1]

    def _data(self, task: str) -> Dataset:
        if self._dataset is None or self._dataset[0] != task:
            self._dataset = None
            settings = self._make.protocol.task(task).data
            dataset = load_dataset(settings, self._make.data_dir, self._make.cache_dir)
            if dataset.checksum() != self._make.checksums[task]:
                raise DataError(f"the data of task {task} changed while the study ran; start it again")
            self._dataset = (task, dataset)
        return self._dataset[1]

    def _row(self, job: Job, training: Training, where: Mapping[str, Any]) -> Row:
        entrant, protocol = self._entrants[job.optimizer], self._make.protocol
        return Row(
            schema=SCHEMA,
            profile=protocol.profile,
            study=protocol.study,
            protocol=self._protocol_hash,
            task=job.task,
            data=self._make.checksums[job.task],
            num_classes=len(self._data(job.task).classes),
            optimizer=job.optimizer,
            kind=entrant.kind,
            fingerprint=entrant.fingerprint,
            schedule=entrant.schedule,
            decay=entrant.decay,
            phase=job.phase,
            rate=job.rate,
            seed=job.seed,
            weights=training.weights,
            precision=training.precision,
            diverged_at=training.diverged_at,
            steps=training.steps,
            curve=training.curve,
            validation_accuracy=training.validation_accuracy,
            test_accuracy=training.test_accuracy,
            seconds=round(training.seconds, 4),
            deterministic=self._make.machine.deterministic,
            **where,
        )
