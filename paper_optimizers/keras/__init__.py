"""The door to Keras: the optimizers and schedules as classes of Keras 3, on TensorFlow, JAX and PyTorch.

Importing it registers them with Keras: from then on ``compile``, ``keras.optimizers.get`` and
``keras.saving.load_model`` know them by their names, such as ``"paper_optimizers>Opt1"``. Saved models name them so,
wherever the classes lie.
"""

from importlib import import_module as _import_module
from importlib.util import find_spec as _find_spec
from typing import TYPE_CHECKING as _TYPE_CHECKING

try:
    _import_module("keras")
except ModuleNotFoundError as error:
    # What Keras can compute with, and the extra of this package that brings each.
    extras = {"tensorflow": "cpu", "jax": "optax", "torch": "torch"}
    if error.name == "keras":
        message = "paper_optimizers.keras needs Keras, which is not installed: pip install paper-optimizers"
    elif error.name in extras:
        there = ", ".join(name for name in extras if _find_spec(name))
        others = f", or set KERAS_BACKEND to one that is: {there}" if there else ""
        message = (
            f"Keras is to use {error.name!r}, and the package {error.name} is not installed: "
            f"pip install 'paper-optimizers[{extras[error.name]}]'{others}"
        )
    else:
        raise
    raise ModuleNotFoundError(message, name=error.name) from None

from paper_optimizers.catalog import made_by_name as _made_by_name
from paper_optimizers.keras.evolved import (
    A1,
    A2,
    A3,
    A4,
    A5,
    Opt1,
    Opt2,
    Opt3,
    Opt4,
    Opt5,
    Opt6,
    Opt7,
    Opt8,
    Opt9,
    Opt10,
)
from paper_optimizers.keras.optimizer import GraphOptimizer
from paper_optimizers.keras.schedules import EvolvedSchedule, WarmupHoldCosine
from paper_optimizers.suggestions import missing_attribute as _missing_attribute

__all__ = [
    "A1",
    "A2",
    "A3",
    "A4",
    "A5",
    "EvolvedSchedule",
    "GraphOptimizer",
    "Opt1",
    "Opt2",
    "Opt3",
    "Opt4",
    "Opt5",
    "Opt6",
    "Opt7",
    "Opt8",
    "Opt9",
    "Opt10",
    "WarmupHoldCosine",
]


if not _TYPE_CHECKING:  # A checker of types finds what is missing by itself.

    def __getattr__(name: str) -> None:
        raise _missing_attribute(__name__, name, __all__, _made_by_name(name, "GraphOptimizer({}, ...)"))
