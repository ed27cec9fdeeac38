"""The optimizers that take part, by name: the catalog's specs, Keras' own, and transformations of Optax."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeGuard

import numpy as np
from numpy.typing import NDArray

from reproduce.errors import ProtocolError
from reproduce.training.settings import RunLength

if TYPE_CHECKING:
    from paper_optimizers.graph import Graph
    from paper_optimizers.spec import OptimizerSpec

Kind = Literal["catalog", "keras", "optax"]

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


#: What the engine trains as transformations of Optax, with every hyperparameter but the rate;
#: `reproduce.tasks.transformations` makes them, and says how each is like what others give that name.
OPTAX: Mapping[str, Mapping[str, Any]] = {
    "Nadam": {"b1": 0.9, "b2": 0.999, "eps": 1e-7, "eps_root": 0.0},
    "Muon": {
        **{"momentum": 0.95, "ns_coeffs": (3.4445, -4.775, 2.0315), "ns_steps": 5, "rms": 0.2, "weight_decay": 0.004},
        **{"b1": 0.9, "b2": 0.999, "eps": 1e-7},
    },
    "ScheduleFreeAdamW": {"b1": 0.9, "b2": 0.999, "eps": 1e-8, "weight_decay": 0.0, "weight_lr_power": 2.0},
    "AdEMAMix": {
        **{"b1": 0.9, "b2": 0.999, "b3": 0.999, "alpha": 5.0, "eps": 1e-8, "eps_root": 0.0, "weight_decay": 0.0},
    },
    "Adan": {"b1": 0.98, "b2": 0.92, "b3": 0.99, "eps": 1e-8},
    "Prodigy": {
        **{"b1": 0.9, "b2": 0.999, "b3": 0.999**0.5, "eps": 1e-8, "estim_lr0": 1e-6, "estim_lr_coef": 1.0},
        **{"weight_decay": 0.0, "safeguard_warmup": True},
    },
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
            engine runs the catalog's spec of the same name; "optax" for a transformation, which the engine alone has.
        fingerprint: The spec's fingerprint, or one of the transformation's name and hyperparameters, schedule
            included; None for what only Keras has.
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
        """The name in the catalog, in `KERAS` or in `OPTAX`."""
        return _split(self.name)[0]


#: What can be trained: an optimizer that a protocol names, or a spec as a search finds it.
Optimizer: TypeAlias = "Entrant | OptimizerSpec"


def roster(catalog: Sequence[str], keras: Sequence[str], optax: Sequence[str] = ()) -> tuple[Entrant, ...]:
    """The optimizers of a protocol, by their names in the catalog, then by Keras' names, then by those of `OPTAX`.

    Raises:
        ProtocolError: For a name that there is not where it is looked for, and for an ending that does not fit it.
    """
    lists: dict[Kind, Sequence[str]] = {"catalog": catalog, "keras": keras, "optax": optax}
    return tuple(_entrant(name, kind, f"optimizers.{kind}") for kind, names in lists.items() for name in names)


def make_entrant(name: str, key: str) -> Entrant:
    """One optimizer, Keras' own where Keras has it; ``key`` is where a protocol names it.

    Raises:
        ProtocolError: As `roster`.
    """
    return _entrant(name, "keras" if _split(name)[0] in KERAS else "catalog", key)


def spec_of(optimizer: Optimizer) -> OptimizerSpec | None:
    """The spec that computes what the optimizer does, its schedule included; None where the catalog has none."""
    from paper_optimizers import describe_schedule, get, names

    if not isinstance(optimizer, Entrant):
        return optimizer
    entrant = optimizer
    if entrant.kind == "optax" or entrant.base not in names():
        return None
    spec = get(entrant.base) if entrant.decay else get(entrant.base).without_decays()
    return replace(spec, schedule=describe_schedule(entrant.schedule).factor) if entrant.schedule else spec


def is_transformation(optimizer: Optimizer) -> TypeGuard[Entrant]:
    """Whether the engine trains the optimizer as a transformation of Optax, which it compiles for it alone."""
    return isinstance(optimizer, Entrant) and optimizer.kind == "optax"


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
    from paper_optimizers.curves import numpy_progress
    from paper_optimizers.namespaces import NUMPY
    from paper_optimizers.one_cycle import base_rate
    from paper_optimizers.program import evaluate_graph

    total, warmup, hold = dataclasses.astuple(rate_phases(optimizer, length))
    steps = np.arange(total)
    rates = np.asarray(base_rate(NUMPY, steps.astype(np.float64), rate, total, warmup, hold))
    factor = schedule_factor(optimizer)
    if factor is not None:
        rates = rates * np.asarray(evaluate_graph(factor, NUMPY, numpy_progress(steps, total)))
    return rates.astype(np.float32)


def rate_phases(optimizer: Optimizer, length: RunLength) -> RunLength:
    """The phases of a run's rate: for those of `SCHEDULE_FREE` it stays at its peak after the warm-up."""
    if isinstance(optimizer, Entrant) and optimizer.base in SCHEDULE_FREE:
        return replace(length, hold_steps=length.total_steps - length.warmup_steps - 1)
    return length


def schedule_factor(optimizer: Optimizer) -> Graph | None:
    """The factor of the schedule that an optimizer is crossed with; None where there is none, or a spec has it."""
    from paper_optimizers import describe_schedule

    if not isinstance(optimizer, Entrant) or optimizer.kind == "catalog" or optimizer.schedule is None:
        return None
    return describe_schedule(optimizer.schedule).factor


def _keras_class(name: str) -> Any:
    import keras

    from reproduce.training.schedule_free import ScheduleFreeAdamW

    return ScheduleFreeAdamW if name == ScheduleFreeAdamW.__name__ else getattr(keras.optimizers, name)


@cache
def _entrant(name: str, kind: Kind, key: str) -> Entrant:
    base, decay, schedule = _split(name)
    known: Mapping[Kind, Mapping[str, Any]] = {"keras": KERAS, "optax": OPTAX}
    if kind in known and base not in known[kind]:
        raise ProtocolError(f"{key}: no optimizer {base!r}; there are: {', '.join(known[kind])}")
    spec = _catalog_spec(base, key) if kind == "catalog" else None
    if not decay and (spec is None or spec.without_decays() == spec):
        raise ProtocolError(f"{key}: {name!r}, but {base} has no decay functions and no schedule factor to leave out")
    if schedule is not None:
        _check_schedule(name, schedule, key)
        if base in SCHEDULE_FREE or (spec is not None and spec.schedule is not None and decay):
            raise ProtocolError(f"{key}: {name!r}, but {base} comes with a schedule of its own")
    entrant = Entrant(name, kind, None, schedule, decay)
    if kind == "optax":
        return replace(entrant, fingerprint=_fingerprint(base, schedule))
    running = spec_of(entrant)
    return entrant if running is None else replace(entrant, fingerprint=running.fingerprint())


def _fingerprint(name: str, schedule: str | None) -> str:
    """32 hexadecimal digits that change with a transformation's hyperparameters and with its schedule's factor."""
    from paper_optimizers import describe_schedule

    factor = schedule and describe_schedule(schedule).factor
    told = json.dumps(["optax", name, OPTAX[name], repr(factor)], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()[:32]


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
