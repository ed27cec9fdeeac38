"""A run's state at the end of an epoch, so that a run that was cut off can go on from there."""

from __future__ import annotations

import hashlib
import io
import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reproduce.arrays import read_arrays
from reproduce.errors import ReproduceWarning
from reproduce.files import write_bytes
from reproduce.libraries import is_deterministic, recorded_settings


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """All that the rest of a run depends on.

    Attributes:
        run: What names the run; the state of another run is of no use.
        curve: Shape (epochs done, 4): see `reproduce.outcomes.TrainingCurve`.
        seconds: Wall time so far.
        values: Of the variables of model and optimizer; those of random streams are among them.
    """

    run: str
    curve: NDArray[np.float64]
    seconds: float
    values: Sequence[NDArray[Any]]


def run_name(*parts: str | bytes) -> str:
    """A hash over all that decides what a run computes."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()


def libraries() -> str:
    """Which library computes here, in what mode and under what settings: part of the name of whatever it computes."""
    import keras

    settings = json.dumps(recorded_settings()) if recorded_settings() else ""
    return f"{keras.backend.backend()} {keras.__version__}{' deterministic' * is_deterministic()}{settings}"


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Replace the file at ``path`` by this state, whole or not at all.

    Raises:
        ReproduceError: If it cannot be written.
    """
    file = io.BytesIO()
    np.savez(
        file,
        *checkpoint.values,
        run=np.array(checkpoint.run),
        curve=checkpoint.curve,
        seconds=np.array(checkpoint.seconds),
    )
    write_bytes(path, file.getvalue())


def read_checkpoint(path: Path, run: str) -> Checkpoint | None:
    """The state at ``path``, or None if there is none of this run; of one that cannot be read, a warning tells."""
    try:
        arrays = read_arrays(path)
        if str(arrays["run"]) != run:
            return None
        values = [arrays[f"arr_{n}"] for n in range(len(arrays) - 3)]
        return Checkpoint(run, arrays["curve"], float(arrays["seconds"]), values)
    except FileNotFoundError:
        return None
    except (OSError, KeyError, TypeError, ValueError) as error:
        reason = type(error).__name__
        warnings.warn(
            f"the state of a run in {path} is damaged ({reason}): that run starts again from its first epoch",
            ReproduceWarning,
            stacklevel=2,
        )
        return None
