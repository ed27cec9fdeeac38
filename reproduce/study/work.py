"""The work of a study: from jobs to their rows, in whichever process an executor runs them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from reproduce.data import Dataset, load_dataset
from reproduce.errors import DataError
from reproduce.libraries import enter_determinism, keras_device_name
from reproduce.machine import backend_name, engine_device_name, versions
from reproduce.outcomes import Training
from reproduce.results_layout import CHECKPOINTS
from reproduce.study.pretraining import pretraining_of
from reproduce.study.protocol import StudyProtocol, TaskSettings
from reproduce.study.rows import ENGINE, SCHEMA, Job, Row
from reproduce.tasks.optimizers import Entrant, is_transformation
from reproduce.tasks.trainer import Run, Trainer, TrainerName


@dataclass(frozen=True)
class Machine:
    """How much of a machine each process uses.

    Attributes:
        engine_batch: The most runs that the engine trains at once.
        num_devices: Devices over which Keras splits each batch.
        deterministic: Whether libraries are told to compute the same bits each time; see `reproduce.libraries`.
    """

    engine_batch: int = 1
    num_devices: int = 1
    deterministic: bool = False


@dataclass(frozen=True)
class StudyWork:
    """The work whose jobs are training runs; see `reproduce.executors.work.Work`.

    Attributes:
        protocol: The settings.
        entrants: The optimizers.
        checksums: Each task's name and the checksum of its data.
        folder: Where checkpoints of runs in training are kept.
        data_dir: See `load_dataset`.
        cache_dir: Where decoded data and pretrained weights are kept.
        machine: See `Machine`.
        weights: The file that stands for ImageNet's weights; None leaves them to Keras.
    """

    protocol: StudyProtocol
    entrants: tuple[Entrant, ...]
    checksums: tuple[tuple[str, str], ...]
    folder: Path
    data_dir: Path | None
    cache_dir: Path
    machine: Machine = Machine()
    weights: Path | None = None

    def group(self, job: Job) -> Hashable:
        """The engine serves all specs of a task; it compiles for each transformation, and Keras for each optimizer."""
        trainer = self.trainers[job.task, job.optimizer]
        shared = trainer == "engine" and job.optimizer not in self.transformations
        return (job.task, trainer, "" if shared else job.optimizer)

    def task_of(self, job: Job) -> str:
        """A task is ended before the next is begun, so that a study that is cut short answers for whole tasks."""
        return job.task

    def largest_batch(self, job: Job) -> int:
        """Keras trains one run at a time."""
        return self.machine.engine_batch if self.trainers[job.task, job.optimizer] == "engine" else 1

    def make(self) -> Callable[[Sequence[Job]], list[Row]]:
        """The function keeps what it compiled for the last task."""
        if self.machine.deterministic:
            enter_determinism()
        return _JobTrainer(self)

    @cached_property
    def transformations(self) -> frozenset[str]:
        """The names of those that the engine trains as transformations of Optax."""
        return frozenset(entrant.name for entrant in self.entrants if is_transformation(entrant))

    @cached_property
    def trainers(self) -> dict[tuple[str, str], TrainerName]:
        """The trainer of each optimizer on each task."""
        return {
            (task.name, entrant.name): task.trainer(entrant)
            for task in self.protocol.tasks
            for entrant in self.entrants
        }


def checkpoint_path(folder: Path, job: Job) -> Path:
    """Where the state of a run that Keras trains lies until its row is in the ledger of the study in ``folder``."""
    decay = "" if job.weight_decay is None else f" {job.weight_decay!r}"
    return folder / CHECKPOINTS / f"{job.task} {job.optimizer} {job.phase} {job.rate!r}{decay} {job.seed}.npz"


class _JobTrainer:
    """Trains batches of jobs, each of one group, and gives their rows."""

    def __init__(self, work: StudyWork) -> None:
        self._work = work
        self._entrants = {entrant.name: entrant for entrant in work.entrants}
        self._checksums = dict(work.checksums)
        self._protocol_hash = work.protocol.hash()
        self._task = ""
        self._dataset: Dataset
        self._trainers: dict[TrainerName, Trainer] = {}

    def __call__(self, batch: Sequence[Job]) -> list[Row]:
        name = self._work.trainers[batch[0].task, batch[0].optimizer]
        trainer = self._trainer(batch[0].task, name)
        trainings = trainer.run([self._run(job) for job in batch])
        if name == "engine":
            more = ("optax",) if batch[0].optimizer in self._work.transformations else ()
            where = ENGINE, engine_device_name(), versions("jax", *more)
        else:
            where = backend_name(), keras_device_name(), versions(backend_name())
        return [self._row(job, training, *where) for job, training in zip(batch, trainings, strict=True)]

    def _run(self, job: Job) -> Run:
        checkpoint = checkpoint_path(self._work.folder, job)
        entrant, test = self._entrants[job.optimizer], job.phase == "final"
        return Run(entrant, job.rate, job.seed, test, checkpoint, job.weight_decay)

    def _trainer(self, task: str, name: TrainerName) -> Trainer:
        if self._task != task:
            self._trainers.clear()  # Their memory is free before the next are made.
            self._dataset = self._load(task)
            self._task = task
        if name not in self._trainers:
            self._trainers.clear()
            self._trainers[name] = self._make_trainer(self._work.protocol.task(task), name)
        return self._trainers[name]

    def _make_trainer(self, task: TaskSettings, name: TrainerName) -> Trainer:
        work, model = self._work, task.model
        pretraining = pretraining_of(task, work.data_dir, work.cache_dir)
        pretrained = None if pretraining is None else pretraining.weights()
        if name == "engine":
            from reproduce.tasks.engine import EngineTrainer

            return EngineTrainer.of(task.task, self._dataset, work.machine.engine_batch, pretrained)
        from reproduce.tasks.keras import KerasTrainer

        if work.weights is not None and model.start == "imagenet":
            model = replace(model, start="file", weights_file=str(work.weights))
        return KerasTrainer(
            replace(task.task, model=model),
            self._dataset,
            pretrained=pretrained,
            num_devices=work.machine.num_devices,
        )

    def _load(self, task: str) -> Dataset:
        settings = self._work.protocol.task(task).data
        dataset = load_dataset(settings, self._work.data_dir, self._work.cache_dir)
        if dataset.checksum() != self._checksums[task]:
            raise DataError(f"the data of task {task} changed while the study ran; start it again")
        return dataset

    def _row(self, job: Job, training: Training, backend: str, device: str, found: Mapping[str, str]) -> Row:
        entrant, protocol = self._entrants[job.optimizer], self._work.protocol
        return Row(
            schema=SCHEMA,
            profile=protocol.profile,
            study=protocol.study,
            protocol=self._protocol_hash,
            task=job.task,
            data=self._checksums[job.task],
            num_classes=len(self._dataset.classes),
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
            device=device,
            backend=backend,
            versions=found,
            deterministic=self._work.machine.deterministic,
            weight_decay=job.weight_decay,
            test_correct=training.test_correct,
        )
