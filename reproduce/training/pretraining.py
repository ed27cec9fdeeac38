"""Weights for fine-tuning, trained here on another task once and kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reproduce.data import Dataset, DataSettings
from reproduce.errors import ReproduceError
from reproduce.models.settings import ModelSettings
from reproduce.plain_data import require
from reproduce.protocols import plain_settings
from reproduce.stored_form import stored_model, stored_pretraining
from reproduce.training.checkpoint import libraries, run_name
from reproduce.training.fit import Fit, MakeOptimizer
from reproduce.training.settings import RunLength, TrainingSettings
from reproduce.training.start import Start, write_start


@dataclass(frozen=True)
class PretrainingSettings:
    """How the weights that fine-tuning starts from are trained.

    Attributes:
        data: The other task; its images must have as many channels as those that are fine-tuned on.
        training: Length, batches and augmentation.
        optimizer: Its name, as in a protocol's optimizers.
        rate: Peak learning rate.
        seed: Of weights, batches and all that is random.
    """

    data: DataSettings
    training: TrainingSettings
    optimizer: str
    rate: float
    seed: int

    def __post_init__(self) -> None:
        require(self.rate > 0, "rate", self.rate, "more than 0")
        require(0 <= self.seed < 2**31, "seed", self.seed, "in [0, 2^31)")


def document_of(settings: PretrainingSettings, model: ModelSettings) -> str:
    """What decides, beside data and libraries, what the weights become: part of their name, which rows keep."""
    return json.dumps([stored_pretraining(plain_settings(settings)), stored_model(plain_settings(model))])


def pretrained_weights(
    settings: PretrainingSettings,
    model: ModelSettings,
    dataset: Dataset,
    make_optimizer: MakeOptimizer,
    rates: Callable[[RunLength], NDArray[np.float32]],
    cache: Path,
) -> Path:
    """The weights file, for `Fit`; trained now if it is not in ``cache`` yet.

    A training that is cut off goes on from its last epoch when it is asked for again.

    Args:
        settings: See `PretrainingSettings`.
        model: The network that is to be fine-tuned.
        dataset: What ``settings.data`` names.
        make_optimizer: Makes ``settings.optimizer``.
        rates: Its learning rate at each step of a run.
        cache: A folder for such files; their names say what they hold.

    Raises:
        ReproduceError: If the training diverges, or the file cannot be written.
    """
    scratch = replace(model, start="scratch", weights_file=None)
    name = run_name(document_of(settings, scratch), dataset.checksum(), libraries())
    path = cache / f"{settings.data.source}-{name[:16]}.npz"
    if path.exists():
        return path
    fit = Fit(scratch, settings.training, dataset, make_optimizer)
    unfinished = path.with_suffix(".unfinished.npz")
    result = fit.run(rates(fit.length), settings.seed, test=False, checkpoint=unfinished)
    if result.diverged_at is not None:
        unfinished.unlink(missing_ok=True)
        raise ReproduceError(
            f"pretraining on {dataset.name} with {settings.optimizer} at rate {settings.rate:g} diverged at step "
            f"{result.diverged_at}: choose a lower pretraining.rate"
        )
    write_start(path, Start(f"{dataset.name} {name[:8]}", fit.weights()))
    unfinished.unlink(missing_ok=True)
    return path
