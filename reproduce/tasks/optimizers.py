"""The optimizers that take part, by name: specs of the catalog or a protocol, those of Keras, and those of Optax."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeGuard

from reproduce.errors import ProtocolError
from reproduce.training.settings import RunLength

if TYPE_CHECKING:
    from paper_optimizers.spec import OptimizerSpec

Kind = Literal["catalog", "keras", "optax", "spec"]

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
#: The schedule that is no factor on half a cosine: in its place the rate falls on a straight line to 0.
LINEAR = "linear"
_NO_DECAY = "-nodecay"
#: What a protocol may call a spec: names stand in tables, paths and lists.
_SPEC_NAME = re.compile(r"[A-Za-z][\w.#-]{0,39}", re.ASCII)


@dataclass(frozen=True)
class Entrant:
    """One optimizer of a protocol.

    Attributes:
        name: Its name in the protocol, the ledger and the tables.
        kind: "catalog" for a spec of `paper_optimizers`; "keras" for an optimizer of Keras' own, in whose place the
            engine runs the catalog's spec of the same name; "optax" for a transformation, which the engine alone has;
            "spec" for one that a protocol writes out.
        fingerprint: The spec's fingerprint, or one of the transformation's name and hyperparameters, schedule
            included; None for what only Keras has.
        schedule: The evolved schedule it is crossed with, or `LINEAR`, or None.
        decay: Whether it runs with its decay functions and schedule factor.
        equal_mean: Whether the schedule it is crossed with is scaled, so that the mean rate of a run is that of
            warm-up, hold and cosine alone.
        text: The spec that a protocol writes out, in the notation of `OptimizerSpec.from_text`; None for others.
    """

    name: str
    kind: Kind
    fingerprint: str | None
    schedule: str | None = None
    decay: bool = True
    equal_mean: bool = False
    text: str | None = None

    @property
    def base(self) -> str:
        """The name in the catalog, in `KERAS` or in `OPTAX`, or that which a protocol gives its spec."""
        return _split(self.name)[0]


#: What can be trained: an optimizer that a protocol names, or a spec as a search finds it.
Optimizer: TypeAlias = "Entrant | OptimizerSpec"


def roster(
    catalog: Sequence[str],
    keras: Sequence[str],
    optax: Sequence[str] = (),
    specs: Mapping[str, str] | None = None,
    *,
    equal_mean: bool = False,
) -> tuple[Entrant, ...]:
    """List the optimizers of a protocol: the catalog's, then Keras', then those of `OPTAX`, then its own specs.

    Args:
        catalog: Names in the catalog of `paper_optimizers`.
        keras: Names of `KERAS`.
        optax: Names of `OPTAX`.
        specs: Texts of specs by name; see `Entrant`.
        equal_mean: See `Entrant`, of all that are crossed with a schedule.

    Raises:
        ProtocolError: For a name that there is not where it is looked for, for an ending that does not fit it, and for
            a text that is no spec.
    """
    lists: dict[Kind, Sequence[str]] = {"catalog": catalog, "keras": keras, "optax": optax}
    named = [_entrant(name, kind, f"optimizers.{kind}", equal_mean) for kind, names in lists.items() for name in names]
    return (*named, *(_written_out(name, text) for name, text in (specs or {}).items()))


def make_entrant(name: str, key: str) -> Entrant:
    """One optimizer, Keras' own where Keras has it; ``key`` is where a protocol names it.

    Raises:
        ProtocolError: As `roster`.
    """
    return _entrant(name, "keras" if _split(name)[0] in KERAS else "catalog", key)


def spec_of(optimizer: Optimizer) -> OptimizerSpec | None:
    """The spec that computes what the optimizer does, its schedule included; None where the catalog has none."""
    from paper_optimizers import OptimizerSpec, describe_schedule, get, names

    if not isinstance(optimizer, Entrant):
        return optimizer
    entrant = optimizer
    if entrant.text is not None:
        return OptimizerSpec.from_text(entrant.text)
    if entrant.kind == "optax" or entrant.base not in names():
        return None
    spec = get(entrant.base) if entrant.decay else get(entrant.base).without_decays()
    if entrant.schedule in (None, LINEAR):
        return spec
    return replace(spec, schedule=describe_schedule(str(entrant.schedule)).factor)


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


def _keras_class(name: str) -> Any:
    import keras

    from reproduce.training.schedule_free import ScheduleFreeAdamW

    return ScheduleFreeAdamW if name == ScheduleFreeAdamW.__name__ else getattr(keras.optimizers, name)


@cache
def _entrant(name: str, kind: Kind, key: str, equal_mean: bool = False) -> Entrant:
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
    entrant = Entrant(name, kind, None, schedule, decay, equal_mean and schedule is not None)
    return replace(entrant, fingerprint=_fingerprint(entrant))


def require_free_names(specs: Mapping[str, str]) -> None:
    """Refuse names of specs that are another optimizer's already; what is stored under such a name stays readable.

    Raises:
        ProtocolError: Naming the key.
    """
    from paper_optimizers import names

    for name in specs:
        if name in (*names(), *KERAS, *OPTAX):
            raise ProtocolError(
                f"optimizers.specs.{name}: an optimizer of this name is here already: call it otherwise"
            )


@cache
def _written_out(name: str, text: str) -> Entrant:
    """The spec that a protocol writes out under a name."""
    from paper_optimizers import SpecError

    key = f"optimizers.specs.{name}"
    if not _SPEC_NAME.fullmatch(name) or name.endswith(_NO_DECAY):
        raise ProtocolError(
            f"{key}: received the name {name!r}; expected at most 40 letters, digits and any of _ . # -, the first a "
            f"letter, and another ending than {_NO_DECAY}"
        )
    entrant = Entrant(name, "spec", None, text=text)
    try:
        return replace(entrant, fingerprint=_fingerprint(entrant))
    except SpecError as error:
        raise ProtocolError(f"{key}: {error}") from None


def _fingerprint(entrant: Entrant) -> str | None:
    """Fingerprint of the spec, or 32 digits that change with what it does not hold; None for what only Keras has."""
    from paper_optimizers import describe_schedule

    spec, linear = spec_of(entrant), entrant.schedule == LINEAR
    beside = [*((LINEAR,) if linear else ()), *(("equal mean",) if entrant.equal_mean else ())]
    if entrant.kind == "optax":
        crossed = None if linear or entrant.schedule is None else describe_schedule(entrant.schedule).factor
        return _digest("optax", entrant.base, OPTAX[entrant.base], repr(crossed), *beside)
    if spec is None or not beside:
        return None if spec is None else spec.fingerprint()
    return _digest(spec.fingerprint(), *beside)


def _digest(*told: Any) -> str:
    """32 hexadecimal digits of plain data."""
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:32]


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

    known = (*schedule_names(), LINEAR)
    if schedule not in known:
        raise ProtocolError(f"{key}: {name!r} ends in no schedule; there are: {', '.join(known)}")
