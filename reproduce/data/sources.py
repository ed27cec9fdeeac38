"""Which data set a command means."""

from __future__ import annotations

from pathlib import Path

from reproduce.data.dataset import Dataset
from reproduce.data.digits import load_digits
from reproduce.data.folders import find_root, load_folder
from reproduce.errors import DataError
from reproduce.study.protocol import Protocol


def task_name(data_dir: Path | None) -> str:
    """The name of the data set, without reading it.

    Raises:
        DataError: If ``data_dir`` is not a data set.
    """
    return "digits" if data_dir is None else find_root(data_dir).resolve().name


def load_dataset(protocol: Protocol, data_dir: Path | None) -> Dataset:
    """The digits, or the data set in ``data_dir``, as ``protocol`` says.

    Raises:
        DataError: If ``data_dir`` is not a data set, cannot be read, or is smaller than a batch.
    """
    dataset = load_digits(protocol.digits) if data_dir is None else load_folder(data_dir, protocol.folder)
    batch_size = protocol.training.batch_size
    if len(dataset.train) < batch_size:
        raise DataError(
            f"{dataset.name} has {len(dataset.train)} training images, fewer than one batch "
            f"(training.batch_size = {batch_size})"
        )
    return dataset
