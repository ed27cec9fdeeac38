"""The probabilities by which genomes are drawn and mutated, and how often something is drawn anew.

Source: Morgan & Hougen (arXiv 2404.06679), the search space and the mutations.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from reproduce.plain_data import require, require_at_least


def _require_whole(settings: Any, *names: str) -> None:
    """Refuse the probabilities of what excludes one another unless they add up to 1."""
    values = [getattr(settings, name) for name in names]
    total = sum(values)
    if abs(total - 1) >= 1e-9:
        added = f"{' + '.join(f'{value:g}' for value in values)} = {total:g}"
        raise ValueError(f"{' + '.join(names)} must add up to 1; they are {added}")


def _require_probabilities(settings: Any) -> None:
    for field in fields(settings):
        value = getattr(settings, field.name)
        require(0.0 <= value <= 1.0, field.name, value, "a probability in [0, 1]")


@dataclass(frozen=True)
class SamplingProbabilities:
    """How random genomes are drawn.

    Attributes:
        hidden_unary: A hidden node has one argument, not two.
        root_unary: The root has one argument.
        identity: A function of one argument is the identity; else it is uniform over the others.
        operand: An argument is an operand, not a hidden node.
        edge_decay: An edge carries a decay.
        root_unary_edge_decay: The edge of a root of one argument does; the published search drew it with 0.85.
        decay_unary: A node of a decay has one argument.
        decay_curve: An argument of a decay's root is a curve, not its hidden node; not published.
    """

    hidden_unary: float = 0.75
    root_unary: float = 0.25
    identity: float = 0.20
    operand: float = 0.80
    edge_decay: float = 0.15
    root_unary_edge_decay: float = 0.15
    decay_unary: float = 0.80
    decay_curve: float = 0.80

    def __post_init__(self) -> None:
        _require_probabilities(self)


@dataclass(frozen=True)
class MutationProbabilities:
    """How genomes are mutated: one change at one active node, the changes' probabilities adding up to 1.

    In a space without decays, or with one momentum type, what is impossible is left out and the others keep their
    proportions.

    Attributes:
        function: The node gets another function of as many arguments.
        connection: One argument is read from elsewhere, or (``swap``) the two change places.
        arity: One argument is added or dropped.
        momentum: The genome gets another momentum type.
        decay: The decay of one edge is added, removed or mutated.
        swap: A change of connection at a node of two arguments swaps them.
        added_last: An added argument becomes the second one; not published.
        remove_decay: A decay that is there is removed, not mutated.
        decay_function: A decay's mutation changes a function.
        decay_connection: It changes a connection.
        decay_arity: It adds or drops an argument.
    """

    function: float = 0.40
    connection: float = 0.30
    arity: float = 0.10
    momentum: float = 0.10
    decay: float = 0.10
    swap: float = 0.20
    added_last: float = 0.50
    remove_decay: float = 0.50
    decay_function: float = 0.60
    decay_connection: float = 0.25
    decay_arity: float = 0.15

    def __post_init__(self) -> None:
        _require_probabilities(self)
        _require_whole(self, "function", "connection", "arity", "momentum", "decay")
        _require_whole(self, "decay_function", "decay_connection", "decay_arity")


@dataclass(frozen=True)
class Tries:
    """How often something is drawn before something else is done; not published.

    Attributes:
        slot: Draws of a candidate that is new and sound, before its slot is given up: so no search hangs.
        change: Draws of a change that is possible, before another node and another kind of change are drawn.
    """

    slot: int = 1000
    change: int = 100

    def __post_init__(self) -> None:
        require_at_least(1, self, "slot", "change")


@dataclass(frozen=True)
class Probabilities:
    """All of them.

    Attributes:
        sampling: See `SamplingProbabilities`.
        mutation: See `MutationProbabilities`.
        tries: See `Tries`.
    """

    sampling: SamplingProbabilities = SamplingProbabilities()
    mutation: MutationProbabilities = MutationProbabilities()
    tries: Tries = Tries()


#: As described.
DESCRIBED = Probabilities()
#: As the published search ran (artifact/DISCREPANCIES.md), where that departs from its own description.
PUBLISHED = Probabilities(sampling=SamplingProbabilities(root_unary_edge_decay=0.85))
