"""The door to Keras: the optimizers and schedules as classes of Keras 3, on TensorFlow, JAX and PyTorch.

Importing it registers them with Keras: from then on ``compile``, ``keras.optimizers.get`` and
``keras.saving.load_model`` know them by their names, such as ``"paper_optimizers>Opt1"``. Saved models name them so,
wherever the classes lie.
"""

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
