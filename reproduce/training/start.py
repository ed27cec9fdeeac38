"""Where the weights of a run come from when they are not drawn by its seed."""

from __future__ import annotations

import hashlib
import io
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reproduce.arrays import read_arrays
from reproduce.errors import ProtocolError, ReproduceError, ReproduceWarning
from reproduce.files import write_bytes
from reproduce.models.settings import ModelSettings

#: The name of an array, for errors, and its shape.
NamedShape = tuple[str, tuple[int, ...]]

SCRATCH = "scratch"
IMAGENET = "imagenet"
_DOWNLOAD_FAILED = "URL fetch failure"


@dataclass(frozen=True, eq=False)
class Start:
    """Weights and running statistics of all layers but the last; the last one's are drawn by each run's seed.

    Attributes:
        weights: What rows call them: "imagenet", or what they were trained on and a hash.
        values: In the order of `backbone_variables`, whatever trained them.
    """

    weights: str
    values: Sequence[NDArray[Any]]


def backbone_variables(model: Any) -> list[Any]:
    """Weights and running statistics of all layers but the last, in the order of layers."""
    return [variable for layer in model.layers[:-1] for variable in layer.weights]


def backbone_shapes(model: Any) -> list[NamedShape]:
    """List the paths and shapes of a Keras model's backbone, which a `Start` must fit."""
    return [(variable.path, tuple(variable.shape)) for variable in backbone_variables(model)]


def starting_weights(settings: ModelSettings, backbone: Sequence[NamedShape], pretrained: Path | None) -> Start | None:
    """Load the weights that the settings ask for; None for weights drawn by the seed.

    None too, with a warning, where ImageNet's are not on this machine and cannot be fetched.

    Args:
        settings: Says where from.
        backbone: What the network needs.
        pretrained: The file that `reproduce.tasks.pretraining` wrote, for start "pretrained".

    Raises:
        ProtocolError: If a file is missing, is no weights file, or does not fit.
    """
    if settings.start == "scratch":
        return None
    if settings.start == "imagenet":
        start = _imagenet(IMAGENET, IMAGENET)
    elif settings.start == "file":
        path = Path(settings.weights_file or "").expanduser()
        start = _published(path) if path.suffix == ".h5" else read_start(path)
    elif pretrained is None:
        raise ProtocolError("model.start is 'pretrained', and there is no pretraining: add a table [pretraining]")
    else:
        start = read_start(pretrained)
    if start is not None:
        _check_fit(start, backbone)
    return start


def write_start(path: Path, start: Start) -> None:
    """Write weights for `read_start`, whole or not at all.

    Raises:
        ReproduceError: If they cannot be written.
    """
    file = io.BytesIO()
    np.savez(file, *start.values, weights=np.array(start.weights))
    write_bytes(path, file.getvalue())


def read_start(path: Path) -> Start:
    """Weights written by `write_start`.

    Raises:
        ProtocolError: If the file is missing or holds something else.
    """
    try:
        arrays = read_arrays(path)
        return Start(str(arrays["weights"]), [arrays[f"arr_{n}"] for n in range(len(arrays) - 1)])
    except OSError as error:
        raise ProtocolError(f"cannot read the weights file {path}: {error.strerror or error}") from None
    except (KeyError, ValueError):
        raise ProtocolError(
            f"{path} is no weights file of this project; expected an .npz that it wrote, or the .h5 file that Keras "
            "publishes for EfficientNetV2-S without its top"
        ) from None


def _published(path: Path) -> Start:
    """The weights in a file as Keras publishes it."""
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ProtocolError(f"cannot read the weights file {path}: {error.strerror}") from None
    try:
        start = _imagenet(f"{path.name} {digest[:8]}", str(path))
    except (OSError, KeyError, ValueError) as error:  # Cut short; another file of this format; other shapes.
        raise ProtocolError(f"{path} does not hold the weights of EfficientNetV2-S without its top: {error}") from None
    if start is None:
        raise ReproduceError(f"cannot read the weights file {path}")
    return start


def _imagenet(name: str, weights: str) -> Start | None:
    """EfficientNetV2-S's weights through Keras; None if they are not on this machine and cannot be downloaded."""
    from keras import applications

    try:
        published = applications.EfficientNetV2S(
            weights=weights, include_top=False, include_preprocessing=False, input_shape=(None, None, 3)
        )
    except Exception as error:  # Keras raises nothing narrower when a download fails.
        if _DOWNLOAD_FAILED not in str(error):
            raise
        warnings.warn(
            "ImageNet weights are not on this machine and cannot be fetched: training from scratch, as the weights of "
            "every row say. Give the file that Keras publishes with --weights FILE, or the network",
            ReproduceWarning,
            stacklevel=2,
        )
        return None
    return Start(name, [np.asarray(value) for value in published.get_weights()])


def _check_fit(start: Start, backbone: Sequence[NamedShape]) -> None:
    if len(backbone) != len(start.values):
        raise ProtocolError(
            f"the weights {start.weights!r} are {len(start.values)} arrays and the network has {len(backbone)} "
            "before its last layer: network, width and depth must be those that the weights were trained with"
        )
    for (name, shape), value in zip(backbone, start.values, strict=True):
        if shape != value.shape:
            raise ProtocolError(
                f"the weights {start.weights!r} have shape {value.shape} where {name} has {shape}: the network and the "
                "size and channels of its inputs must be those that the weights were trained with"
            )
