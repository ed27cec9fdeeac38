"""Evolved optimizers as data, and the Keras optimizer that runs them.

    >>> import paper_optimizers
    >>> print(paper_optimizers.get("Opt9").to_text())
    Nest ~ ([erfc(a11)][g])*(exp(arctan(((1-0.95)*g^2+0.95*s hat))))

Importing this package imports Keras and registers the classes with it: from then on they are known by their names,
such as ``"paper_optimizers>Opt1"``, to ``compile`` and to ``keras.saving.load_model``.
"""

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
from paper_optimizers.evolved import (
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
from paper_optimizers.notation import from_text
from paper_optimizers.optimizer import GraphOptimizer
from paper_optimizers.schedules import EvolvedSchedule, WarmupHoldCosine
from paper_optimizers.simulation import NumpyOptimizer
from paper_optimizers.spec import Momentum, OneCycle, OptimizerSpec

__version__ = "0.1.0"

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
