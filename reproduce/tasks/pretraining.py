"""Weights for fine-tuning, trained here on another task once, by the engine or by Keras, and kept with their record."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal, NamedTuple

from numpy.typing import NDArray

from reproduce.data import Dataset, load_dataset
from reproduce.errors import ReproduceError
from reproduce.files import locked, write_text
from reproduce.ledger import require_schema
from reproduce.libraries import enter_determinism, is_deterministic, keras_device_name, recorded_settings
from reproduce.machine import backend_name, engine_device_name, versions
from reproduce.models.settings import ModelSettings
from reproduce.outcomes import Training, TrainingCurve
from reproduce.plain_data import from_plain, require, to_plain
from reproduce.protocols import plain_settings
from reproduce.stored_form import stored_model, stored_pretraining
from reproduce.tasks.optimizers import make_entrant, make_optimizer
from reproduce.tasks.schedules import learning_rates
from reproduce.tasks.task import Task
from reproduce.tasks.trainer import Run, TrainerName
from reproduce.training.checkpoint import libraries, run_name
from reproduce.training.fit import Fit
from reproduce.training.settings import PretrainingSettings
from reproduce.training.start import Start, write_start

#: Raised by one whenever a field of `PretrainingRow` changes its meaning.
PRETRAINING_SCHEMA = 1


@dataclass(frozen=True)
class PretrainingRow:
    """One training whose weights others start from.

    Attributes:
        schema: `PRETRAINING_SCHEMA`.
        made: What rows of trainings that start from these weights have as their ``weights``.
        sha256: Of the weights file.
        data: The checksum of what was trained on.
        num_classes: Its classes.
        num_samples: Its training samples.
        optimizer: The optimizer's name.
        rate: Peak learning rate.
        seed: Of weights, batches and all that is random.
        precision: Type of the arithmetic, as "float32".
        steps: Steps that were run.
        curve: See `TrainingCurve`.
        validation_accuracy: At the end.
        seconds: Wall time, with compilation.
        device: The processor or accelerator.
        backend: "engine", else Keras' backend.
        versions: Versions of Python and the packages that compute.
        deterministic: Whether libraries were told to compute the same bits each time.
        phase: Tells it from rows of studies.
    """

    schema: int
    made: str
    sha256: str
    data: str
    num_classes: int
    num_samples: int
    optimizer: str
    rate: float
    seed: int
    precision: str
    steps: int
    curve: TrainingCurve
    validation_accuracy: float
    seconds: float
    device: str
    backend: str
    versions: Mapping[str, str]
    deterministic: bool
    phase: Literal["pretrain"] = "pretrain"

    def __post_init__(self) -> None:
        share = self.validation_accuracy
        require(0 <= share <= 1, "validation_accuracy", share, "between 0 and 1")

    @property
    def diverged_at(self) -> None:
        """A pretraining that diverges makes no weights, and no row."""

    def to_dict(self) -> dict[str, Any]:
        """The row as plain data for JSON."""
        plain: dict[str, Any] = to_plain(self)
        return plain


def pretraining_row_from_dict(data: Any) -> PretrainingRow:
    """Read a row back.

    Raises:
        ValueError: Naming the field that is missing, unknown or not what it must be.
    """
    row = from_plain(PretrainingRow, data)
    require_schema(row.schema, PRETRAINING_SCHEMA)
    return row


@dataclass(frozen=True)
class Pretraining:
    """The weights of one network, trained on another task; called, it answers with the record of it.

    Attributes:
        settings: How.
        model: The network that is to be fine-tuned.
        trainer: What trains it.
        data_dir: Where its data are looked for; see `load_dataset`.
        cache_dir: Where decoded data and pretrained weights are kept.
    """

    settings: PretrainingSettings
    model: ModelSettings
    trainer: TrainerName
    data_dir: Path | None
    cache_dir: Path

    def weights(self) -> Path:
        """The weights file; trained by the first process that needs it, awaited by the others.

        Raises:
            DataError: If the data are not there or not as they must be.
            ReproduceError: If the training diverges, or the file cannot be written.
        """
        if is_deterministic():
            enter_determinism()
        with locked(self.cache_dir / "weights.lock"):
            dataset = load_dataset(self.settings.data, self.data_dir, self.cache_dir)
            return pretrained_weights(self.settings, self.model, dataset, self.trainer, self.cache_dir / "weights")

    def __call__(self) -> PretrainingRow:
        """The record of it; errors as of `weights`."""
        return read_pretraining_row(self.weights())

    def __str__(self) -> str:
        return f"the pretraining of {self.model.network} on {self.settings.data.source}"


def pretrained_weights(
    settings: PretrainingSettings, model: ModelSettings, dataset: Dataset, trainer: TrainerName, cache: Path
) -> Path:
    """The weights file; trained now if it is not in ``cache`` yet, with its record.

    A training by Keras that is cut off goes on from its last epoch when it is asked for again; one by the engine begins
    again.

    Args:
        settings: See `PretrainingSettings`.
        model: The network that is to be fine-tuned.
        dataset: What ``settings.data`` names.
        trainer: What trains.
        cache: A folder for such files; their names say what they hold.

    Raises:
        ReproduceError: If the training diverges, or a file cannot be written.
    """
    scratch = replace(model, start="scratch", weights_file=None)
    computing = _engine_libraries() if trainer == "engine" else libraries()
    name = run_name(document_of(settings, scratch), dataset.checksum(), computing)
    path = cache / f"{settings.data.source}-{name[:16]}.npz"
    if path.exists() and _record_of(path).exists():
        return path
    unfinished = path.with_suffix(".unfinished.npz")
    train: Callable[..., _TrainedBackbone] = _by_engine if trainer == "engine" else _by_keras
    found = train(settings, Task(settings.data, scratch, settings.training), dataset, unfinished)
    if found.training.diverged_at is not None:
        unfinished.unlink(missing_ok=True)
        raise ReproduceError(
            f"pretraining on {dataset.name} with {settings.optimizer} at rate {settings.rate:g} diverged at step "
            f"{found.training.diverged_at}: choose a lower pretraining.rate"
        )
    start = Start(f"{dataset.name} {name[:8]}", found.values)
    write_start(path, start)
    write_text(_record_of(path), json.dumps(_row(settings, dataset, found, start, path).to_dict(), indent=2) + "\n")
    unfinished.unlink(missing_ok=True)
    return path


def read_pretraining_row(path: Path) -> PretrainingRow:
    """The record of the weights file ``path``.

    Raises:
        ReproduceError: If it cannot be read.
    """
    record = _record_of(path)
    try:
        return pretraining_row_from_dict(json.loads(record.read_text(encoding="utf-8")))
    except (OSError, ValueError, RecursionError) as error:
        raise ReproduceError(
            f"cannot read {record}: {error}; remove it and {path.name}, and they are made anew"
        ) from None


def document_of(settings: PretrainingSettings, model: ModelSettings) -> str:
    """Write what the weights depend on beside data and libraries: part of their name, which rows keep."""
    return json.dumps([stored_pretraining(plain_settings(settings)), stored_model(plain_settings(model))])


class _TrainedBackbone(NamedTuple):
    """A training, the weights in the order of `Start.values`, and what it was computed by and on."""

    training: Training
    values: Sequence[NDArray[Any]]
    backend: str
    device: str
    versions: Mapping[str, str]


def _by_keras(settings: PretrainingSettings, task: Task, dataset: Dataset, unfinished: Path) -> _TrainedBackbone:
    entrant = make_entrant(settings.optimizer, "pretraining.optimizer")
    fit = Fit(task.model, task.training, dataset, partial(make_optimizer, entrant))
    rates = learning_rates(entrant, settings.rate, fit.length)
    training = fit.run(rates, settings.seed, test=False, checkpoint=unfinished)
    return _TrainedBackbone(training, fit.weights(), backend_name(), keras_device_name(), versions(backend_name()))


def _by_engine(settings: PretrainingSettings, task: Task, dataset: Dataset, unfinished: Path) -> _TrainedBackbone:
    from reproduce.tasks.backbone import backbone_arrays
    from reproduce.tasks.engine import EngineTrainer

    del unfinished
    entrant = make_entrant(settings.optimizer, "pretraining.optimizer")
    values: list[NDArray[Any]] = []
    (training,) = EngineTrainer.of(task, dataset, largest=1).run(
        [Run(entrant, settings.rate, settings.seed)],
        keep=lambda _, parameters, statistics: values.extend(backbone_arrays(parameters, statistics)),
    )
    return _TrainedBackbone(training, values, "engine", engine_device_name(), versions("jax"))


def _engine_libraries() -> str:
    """Name the libraries of the engine, as `libraries` does Keras'."""
    return json.dumps(["engine", versions("jax")["jax"], is_deterministic(), recorded_settings()])


def _record_of(path: Path) -> Path:
    return path.with_suffix(".json")


def _row(
    settings: PretrainingSettings, dataset: Dataset, found: _TrainedBackbone, start: Start, path: Path
) -> PretrainingRow:
    training = found.training
    return PretrainingRow(
        schema=PRETRAINING_SCHEMA,
        made=start.weights,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        data=dataset.checksum(),
        num_classes=len(dataset.classes),
        num_samples=len(dataset.train),
        optimizer=settings.optimizer,
        rate=settings.rate,
        seed=settings.seed,
        precision=training.precision,
        steps=training.steps,
        curve=training.curve,
        validation_accuracy=training.validation_accuracy or 0.0,
        seconds=round(training.seconds, 4),
        device=found.device,
        backend=found.backend,
        versions=found.versions,
        deterministic=is_deterministic(),
    )
