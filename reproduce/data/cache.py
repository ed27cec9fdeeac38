"""Decoded data sets kept as .npz files, so that only the first of many processes reads an archive."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from reproduce.arrays import read_arrays
from reproduce.data.dataset import Dataset, Part
from reproduce.data.image_files import ImageFiles
from reproduce.data.settings import ImageSettings
from reproduce.errors import DataError, ReproduceError
from reproduce.files import replacing

#: Counted up when the same files and settings come to mean other arrays.
_VERSION = 2
#: These are applied to what comes out of the cache.
_APPLIED_LATER = ("label_noise", "imbalance")


def cached(files: ImageFiles, settings: ImageSettings, folder: Path | None, make: Callable[[], Dataset]) -> Dataset:
    """Return what ``make`` returns, from ``folder`` if it is kept there, else made and kept.

    Args:
        files: What the data set is made of; without a fingerprint it is made anew each time.
        settings: How it is made.
        folder: Where to keep it; None to make it anew each time.
        make: Makes it.

    Raises:
        DataError: If the folder cannot be written, and whatever ``make`` raises.
    """
    fingerprint = files.fingerprint() if folder else None
    if folder is None or fingerprint is None:
        return make()
    path = folder / f"{files.name}-{_key(fingerprint, settings)}.npz"
    kept = _load(path)
    if kept is None:
        kept = make()
        _save(path, kept)
    return kept


def _key(fingerprint: str, settings: ImageSettings) -> str:
    relevant = {key: value for key, value in dataclasses.asdict(settings).items() if key not in _APPLIED_LATER}
    text = json.dumps([_VERSION, fingerprint, relevant], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _load(path: Path) -> Dataset | None:
    """Read a data set from a cache file; None if the file cannot be used, and is to be written anew."""
    try:
        arrays = read_arrays(path)
        parts = {
            name: Part(arrays[f"{name}_inputs"], arrays[f"{name}_labels"]) for name in ("train", "validation", "test")
        }
        classes = tuple(str(name) for name in arrays["classes"])
        return Dataset(str(arrays["name"]), classes, int(arrays["largest_pixel"]), **parts)
    except (OSError, KeyError, TypeError, ValueError):
        return None


def _save(path: Path, dataset: Dataset) -> None:
    arrays: dict[str, Any] = {f"{name}_inputs": part.inputs for name, part in dataset.parts.items()}
    arrays |= {f"{name}_labels": part.labels for name, part in dataset.parts.items()}
    arrays |= {"name": np.array(dataset.name), "classes": np.array(dataset.classes)}
    arrays["largest_pixel"] = np.array(dataset.largest_pixel)
    try:
        with replacing(path) as file:
            np.savez(file, allow_pickle=False, **arrays)
    except ReproduceError as error:
        raise DataError(f"cannot write the cache: {error}") from None
