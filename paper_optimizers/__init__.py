"""Evolved optimizers as data, and the Keras optimizer that runs them.

    >>> import paper_optimizers
    >>> print(paper_optimizers.get("Opt9").to_text())
    Nest ~ ([erfc(a11)][g])*(exp(arctan(((1-0.95)*g^2+0.95*s hat))))

Specs, the catalog, the notation and the NumPy oracle need NumPy alone. The optimizers and schedules of
`paper_optimizers.keras` are found here too. That door is opened, and its classes are registered with Keras for
``compile`` and ``keras.saving.load_model``, when it or one of them is first asked for, or at once where Keras has been
imported before.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

from paper_optimizers.catalog import (
    CatalogEntry,
    Invariances,
    ScheduleEntry,
    describe,
    describe_schedule,
    get,
    made_by_name,
    names,
    schedule_names,
)
from paper_optimizers.errors import SpecError
from paper_optimizers.fields import Momentum, OneCycle
from paper_optimizers.simulation import NumpyOptimizer
from paper_optimizers.spec import OptimizerSpec
from paper_optimizers.suggestions import missing_attribute

if TYPE_CHECKING:
    from paper_optimizers.keras import (
        A1,
        A2,
        A3,
        A4,
        A5,
        EvolvedSchedule,
        GraphOptimizer,
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
        WarmupHoldCosine,
    )

__version__ = "0.1.0"

from_text = OptimizerSpec.from_text

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
    if name not in __all__:
        raise missing_attribute(__name__, name, __all__, made_by_name(name, "GraphOptimizer({}, ...)"))
    return getattr(importlib.import_module(f"{__name__}.keras"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


if "keras" in sys.modules:
    importlib.import_module(f"{__name__}.keras")
