"""The optimizers that take part, by name: the catalog's specs and Keras' own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from reproduce.errors import ProtocolError
from reproduce.study.protocol import OptimizerSettings

Kind = Literal["catalog", "keras"]

#: Keras' class and what is set in it; all else is Keras' default.
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
}


@dataclass(frozen=True)
class Entrant:
    """One optimizer of a protocol.

    Attributes:
        name: Its name in the protocol, the ledger and the tables.
        kind: "catalog" for a spec of `paper_optimizers`, "keras" for Keras' own.
        fingerprint: The spec's fingerprint; None for Keras' own.
    """

    name: str
    kind: Kind
    fingerprint: str | None


@dataclass(frozen=True)
class RunLength:
    """The steps of a run, which decay functions and one-cycle momentum follow.

    Attributes:
        total_steps: All of them.
        warmup_steps: Those in which the rate rises.
        hold_steps: Those at the peak.
    """

    total_steps: int
    warmup_steps: int
    hold_steps: int


def roster(settings: OptimizerSettings) -> tuple[Entrant, ...]:
    """The optimizers of a protocol, in its order.

    Raises:
        ProtocolError: For a name that the catalog, or Keras, does not have.
    """
    catalog = (Entrant(name, "catalog", _fingerprint(name)) for name in settings.catalog)
    unknown = [name for name in settings.keras if name not in KERAS]
    if unknown:
        raise ProtocolError(f"optimizers.keras: no optimizer {unknown[0]!r}; there are: {', '.join(KERAS)}")
    return (*catalog, *(Entrant(name, "keras", None) for name in settings.keras))


def make_optimizer(entrant: Entrant, length: RunLength, rate: float = 1e-3) -> Any:
    """A Keras optimizer whose learning rate is a variable that can be set before each step."""
    import keras

    if entrant.kind == "keras":
        class_name, arguments = KERAS[entrant.name]
        return getattr(keras.optimizers, class_name)(learning_rate=rate, **arguments)
    from paper_optimizers import GraphOptimizer, get

    optimizer = GraphOptimizer(get(entrant.name), rate, total_steps=length.total_steps)
    # Given to the constructor these two would make the rate a schedule, which cannot be set; the momentum's one
    # cycle reads them here.
    optimizer.warmup_steps, optimizer.hold_steps = length.warmup_steps, length.hold_steps
    return optimizer


def _fingerprint(name: str) -> str:
    from paper_optimizers import get

    try:
        return get(name).fingerprint()
    except KeyError as error:
        raise ProtocolError(f"optimizers.catalog: {error}") from None
