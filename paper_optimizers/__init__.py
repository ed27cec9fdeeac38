"""Evolved optimizers as data, and the Keras optimizer that runs them.

    >>> import paper_optimizers
    >>> print(paper_optimizers.get("Opt9").to_text())
    Nest ~ ([erfc(a11)][g])*(exp(arctan(((1-0.95)*g^2+0.95*s hat))))

Specs, the catalog, the notation and the NumPy oracle need NumPy alone. The classes that need Keras are imported when
they are first used or when Keras is, whichever comes first; from then on ``compile`` and ``keras.saving.load_model``
know them by their names, such as ``"paper_optimizers>Opt1"``.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from paper_optimizers.catalog import (
    CatalogEntry,
    Invariances,
    ScheduleEntry,
    describe,
    describe_schedule,
    get,
    names,
    schedule_names,
)
from paper_optimizers.errors import SpecError
from paper_optimizers.fields import Momentum, OneCycle
from paper_optimizers.registration import register_with_keras
from paper_optimizers.simulation import NumpyOptimizer
from paper_optimizers.spec import OptimizerSpec

if TYPE_CHECKING:
    from paper_optimizers.evolved import A1, A2, A3, A4, A5, Opt1, Opt2, Opt3, Opt4, Opt5, Opt6, Opt7, Opt8, Opt9, Opt10
    from paper_optimizers.optimizer import GraphOptimizer
    from paper_optimizers.schedules import EvolvedSchedule, WarmupHoldCosine

__version__ = "0.1.0"

from_text = OptimizerSpec.from_text

_NEEDS_KERAS = {
    **dict.fromkeys((*(f"Opt{n}" for n in range(1, 11)), *(f"A{n}" for n in range(1, 6))), "evolved"),
    "GraphOptimizer": "optimizer",
    "EvolvedSchedule": "schedules",
    "WarmupHoldCosine": "schedules",
}

__all__ = [
    "A1",
    "A2",
    "A3",
    "A4",
    "A5",
    "CatalogEntry",
    "EvolvedSchedule",
    "GraphOptimizer",
    "Invariances",
    "Momentum",
    "NumpyOptimizer",
    "OneCycle",
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
    "OptimizerSpec",
    "ScheduleEntry",
    "SpecError",
    "WarmupHoldCosine",
    "describe",
    "describe_schedule",
    "from_text",
    "get",
    "names",
    "schedule_names",
]


def __getattr__(name: str) -> Any:
    if name not in _NEEDS_KERAS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_NEEDS_KERAS[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted((*globals(), *_NEEDS_KERAS))


register_with_keras()
