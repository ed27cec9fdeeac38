"""The door to PyTorch: the optimizers and schedules as classes of `torch.optim`, for loops in plain PyTorch.

>>> import torch
>>> from paper_optimizers.torch import create
>>> model = torch.nn.Linear(3, 1)
>>> optimizer = create("Opt7", model.parameters(), lr=6, total_steps=1000, warmup_steps=100)

It needs PyTorch and NumPy, and imports neither Keras nor another framework.
"""

from typing import TYPE_CHECKING as _TYPE_CHECKING

try:
    import torch as _torch
except ModuleNotFoundError as error:
    if error.name != "torch":
        raise
    raise ModuleNotFoundError(
        "paper_optimizers.torch needs PyTorch, which is not installed: pip install 'paper-optimizers[torch]'",
        name="torch",
    ) from None

from paper_optimizers.catalog import made_by_name as _made_by_name
from paper_optimizers.suggestions import missing_attribute as _missing_attribute
from paper_optimizers.torch.evolved import (
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
    create,
)
from paper_optimizers.torch.optimizer import GraphOptimizer
from paper_optimizers.torch.schedules import (
    LR1,
    LR2,
    LR3,
    LR4,
    LR5,
    LR6,
    LR7,
    LR8,
    LR9,
    EvolvedSchedule,
    WarmupHoldCosine,
)

del _torch

__all__ = [
    "A1",
    "A2",
    "A3",
    "A4",
    "A5",
    "LR1",
    "LR2",
    "LR3",
    "LR4",
    "LR5",
    "LR6",
    "LR7",
    "LR8",
    "LR9",
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
    "create",
]


if not _TYPE_CHECKING:  # A checker of types finds what is missing by itself.

    def __getattr__(name: str) -> None:
        raise _missing_attribute(__name__, name, __all__, _made_by_name(name, "create({}, model.parameters(), lr=...)"))
