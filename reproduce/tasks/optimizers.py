"""The optimizers that take part, by name: the catalog's specs and Keras' own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from reproduce.errors import ProtocolError
from reproduce.training.settings import RunLength

if TYPE_CHECKING:
    from paper_optimizers.spec import OptimizerSpec

Kind = Literal["catalog", "keras"]

#: Keras' class and what is set in it; all else is Keras' default. `reproduce.training.schedule_free` says in what its
#: ScheduleFreeAdamW is mended.
KERAS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "SGD": ("SGD", {}),
    "Momentum": ("SGD", {"momentum": 0.9}),
    "Nesterov": ("SGD", {"momentum": 0.9, "nesterov": True}),
    "RMSprop": ("RMSprop", {}),
    "Adagrad": ("Adagrad", {}),
    "Adam": ("Adam", {}),
    "AdamW": ("AdamW", {}),
    "Nadam": ("Nadam", {}),
    "Lion": ("Lion", {}),
    "Muon": ("Muon", {}),
    "ScheduleFreeAdamW": ("ScheduleFreeAdamW", {}),
}


#: Averaging takes the place of their schedule: after the warm-up their rate is constant (Defazio et al. 2024). They are
#: measured at the average; see `reproduce.training.fit.Fit`.
SCHEDULE_FREE = frozenset({"ScheduleFreeAdamW"})
_NO_DECAY = "-nodecay"


@dataclass(frozen=True)
class Entrant:
    """One optimizer of a protocol.

    Attributes:
        name: Its name in the protocol, the ledger and the tables.
        kind: "catalog" for a spec of `paper_optimizers`; "keras" for an optimizer of Keras' own, in whose place the
            engine runs the catalog's spec of the same name.
        fingerprint: The spec's fingerprint, schedule included; None for what only Keras has.
        schedule: The evolved schedule it is crossed with, or None.
        decay: Whether it runs with its decay functions and schedule factor.
    """

    name: str
    kind: Kind
    fingerprint: str | None
    schedule: str | None = None
    decay: bool = True

    @property
    def base(self) -> str:
        """The name in the catalog, or Keras'."""
        return _split(self.name)[0]


#: What can be trained: an optimizer that a protocol names, or a spec as a search finds it.
Optimizer: TypeAlias = "Entrant | OptimizerSpec"


def roster(catalog: Sequence[str], keras: Sequence[str]) -> tuple[Entrant, ...]:
    """The optimizers of a protocol, by their names in the catalog and then by Keras' names.

    Raises:
        ProtocolError: For a name that the catalog, or Keras, does not have, and for an ending that does not fit it.
    """
    specs = (_entrant(name, "catalog", "optimizers.catalog") for name in catalog)
    return (*specs, *(_entrant(name, "keras", "optimizers.keras") for name in keras))


def make_entrant(name: str, key: str) -> Entrant:
    """One optimizer, Keras' own where Keras has it; ``key`` is where a protocol names it.

    Raises:
        ProtocolError: As `roster`.
    """
    return _entrant(name, "keras" if _split(name)[0] in KERAS else "catalog", key)


def spec_of(optimizer: Optimizer) -> OptimizerSpec | None:
    """The spec that computes what the optimizer does, its schedule included; None for what only Keras has."""
    from paper_optimizers import describe_schedule, get, names

    if not isinstance(optimizer, Entrant):
        return optimizer
    entrant = optimizer
    if entrant.base not in names():
        return None
    spec = get(entrant.base) if entrant.decay else get(entrant.base).without_decays()
    return replace(spec, schedule=describe_schedule(entrant.schedule).factor) if entrant.schedule else spec


def make_optimizer(
    optimizer: Optimizer, length: RunLength, rate: float = 1e-3, weight_decay: float | None = None
) -> Any:
    """A Keras optimizer whose learning rate is a variable that can be set before each step.

    Args:
        optimizer: Which.
        length: Of its runs.
        rate: The learning rate it is made with.
        weight_decay: See `reproduce.tasks.trainer.Run`.
    """
    if isinstance(optimizer, Entrant) and optimizer.kind == "keras":
        class_name, arguments = KERAS[optimizer.base]
        decay = {} if weight_decay is None else {"weight_decay": weight_decay}
        return _keras_class(class_name)(learning_rate=rate, **{**arguments, **decay})
    from paper_optimizers import GraphOptimizer

    spec = spec_of(optimizer)
    if spec is None:
        raise ValueError(f"the catalog has no optimizer like {optimizer}")
    if weight_decay is not None:
        spec = spec.with_weight_decay(weight_decay)
    made = GraphOptimizer(spec, rate, total_steps=length.total_steps)
    # Given to the constructor these two would make the rate a schedule, which cannot be set; the momentum's one
    # cycle reads them here.
    made.warmup_steps, made.hold_steps = length.warmup_steps, length.hold_steps
    return made


def learning_rates(optimizer: Optimizer, rate: float, length: RunLength) -> NDArray[np.float32]:
    """The rate to set before each step: warm-up to the peak ``rate``, hold, half a cosine to 0.

    Keras' own optimizers get the factor of the schedule they are crossed with here; a spec has it in itself.
    """
    from paper_optimizers import describe_schedule
    from paper_optimizers.curves import numpy_progress
    from paper_optimizers.namespaces import NUMPY
    from paper_optimizers.one_cycle import base_rate
    from paper_optimizers.program import evaluate_graph

    total, warmup, hold = length.total_steps, length.warmup_steps, length.hold_steps
    entrant = optimizer if isinstance(optimizer, Entrant) and optimizer.kind == "keras" else None
    if entrant is not None and entrant.base in SCHEDULE_FREE:
        hold = total - warmup - 1
    steps = np.arange(total)
    rates = np.asarray(base_rate(NUMPY, steps.astype(np.float64), rate, total, warmup, hold))
    if entrant is not None and entrant.schedule is not None:
        factor = describe_schedule(entrant.schedule).factor
        rates = rates * np.asarray(evaluate_graph(factor, NUMPY, numpy_progress(steps, total)))
    return rates.astype(np.float32)


def _keras_class(name: str) -> Any:
    import keras

    from reproduce.training.schedule_free import ScheduleFreeAdamW

    return ScheduleFreeAdamW if name == ScheduleFreeAdamW.__name__ else getattr(keras.optimizers, name)


@cache
def _entrant(name: str, kind: Kind, key: str) -> Entrant:
    base, decay, schedule = _split(name)
    if kind == "keras" and base not in KERAS:
        raise ProtocolError(f"{key}: no optimizer {base!r}; there are: {', '.join(KERAS)}")
    spec = _catalog_spec(base, key) if kind == "catalog" else None
    if not decay and (spec is None or spec.without_decays() == spec):
        raise ProtocolError(f"{key}: {name!r}, but {base} has no decay functions and no schedule factor to leave out")
    if schedule is not None:
        _check_schedule(name, schedule, key)
        if base in SCHEDULE_FREE or (spec is not None and spec.schedule is not None and decay):
            raise ProtocolError(f"{key}: {name!r}, but {base} comes with a schedule of its own")
    entrant = Entrant(name, kind, None, schedule, decay)
    running = spec_of(entrant)
    return entrant if running is None else replace(entrant, fingerprint=running.fingerprint())


def _split(name: str) -> tuple[str, bool, str | None]:
    """The name in the catalog or Keras, whether decays are kept, and the schedule."""
    start, _, schedule = name.partition("+")
    return start.removesuffix(_NO_DECAY), not start.endswith(_NO_DECAY), schedule if "+" in name else None


def _catalog_spec(name: str, key: str) -> OptimizerSpec:
    from paper_optimizers import get

    try:
        return get(name)
    except KeyError as error:
        raise ProtocolError(f"{key}: {error}") from None


def _check_schedule(name: str, schedule: str, key: str) -> None:
    from paper_optimizers import schedule_names

    if schedule not in schedule_names():
        raise ProtocolError(f"{key}: {name!r} ends in no schedule; there are: {', '.join(schedule_names())}")
