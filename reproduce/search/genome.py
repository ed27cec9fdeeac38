"""Genomes: what evolution varies. Five hidden nodes and a root, whether in use or not, and a momentum type.

A node reads operands or hidden nodes; an edge may carry a decay, itself one hidden node and a root over curves of
training progress. Nodes that the root does not reach are *inactive*: they stay in the genome, may read each other in a
circle, and can be switched on by a mutation. A genome expresses to an `OptimizerSpec` of its active part.

Source: Morgan & Hougen (arXiv 2404.06679), the search space.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

from paper_optimizers.expressions import GraphBuilder
from paper_optimizers.fields import Momentum, MomentumType
from paper_optimizers.graph import Edge, Graph, Kind
from paper_optimizers.ops import FUNCTIONS
from paper_optimizers.spec import OptimizerSpec
from reproduce.search.composites import COMPOSITES, write
from reproduce.search.published_space import Primitive, is_valid_decay

NUM_HIDDEN = 5
#: The number that the root has where nodes are numbered: after the hidden ones.
ROOT = NUM_HIDDEN


class Wire(NamedTuple):
    """Reads an operand (or, in a decay, a curve) or the hidden node of this number, times ``decay`` if it has one."""

    source: Primitive | int
    decay: Decay | None = None


class Gene(NamedTuple):
    """One node: a function and a wire for each of its arguments."""

    function: Primitive
    inputs: tuple[Wire, ...]


@dataclass(frozen=True)
class Decay:
    """A decay function: one hidden node, in use or not, and a root.

    Attributes:
        hidden: Reads curves.
        root: Reads curves or, as number 0, the hidden node.
    """

    hidden: Gene
    root: Gene

    @property
    def genes(self) -> tuple[Gene, ...]:
        """The hidden node and the root."""
        return (self.hidden, self.root)

    @cached_property
    def active(self) -> tuple[int, ...]:
        """Numbers of the nodes in use, the root (1) last."""
        return (0, 1) if any(wire.source == 0 for wire in self.root.inputs) else (1,)

    def graph(self) -> Graph:
        """The active part as a graph of kind "decay"."""
        return _decay_graph(self)

    def is_valid(self) -> bool:
        """Whether every value over a run lies in [0, 1]."""
        return _decay_is_valid(self)


@dataclass(frozen=True)
class Genome:
    """One candidate as evolution sees it.

    Attributes:
        hidden: The five hidden nodes.
        root: Its value is the update.
        momentum: Momentum type.

    Raises:
        ValueError: If the active part reads itself in a circle, or a node does not fit its function.
    """

    hidden: tuple[Gene, ...]
    root: Gene
    momentum: MomentumType

    def __post_init__(self) -> None:
        if len(self.hidden) != NUM_HIDDEN:
            raise ValueError(f"a genome has {NUM_HIDDEN} hidden nodes; received {len(self.hidden)}")
        for number, gene in enumerate(self.genes):
            _check(gene, number)
        if active_order(self.genes) is None:
            raise ValueError("the active part of the genome reads itself in a circle")

    @property
    def genes(self) -> tuple[Gene, ...]:
        """The hidden nodes and the root, by their number."""
        return (*self.hidden, self.root)

    @cached_property
    def active(self) -> tuple[int, ...]:
        """Numbers of the nodes in use, each after those it reads, the root last."""
        order = active_order(self.genes)
        return order if order is not None else ()

    def express(self, *, ascend: bool = False) -> OptimizerSpec:
        """The active part as a spec; ``ascend`` where the integrity check found that the sign must be flipped."""
        builder = GraphBuilder("update")
        ids: dict[int, str] = {}
        for number in self.active:
            ids[number] = _add_gene(builder, self.genes[number], ids, number)
        return OptimizerSpec(builder.graph(ids[ROOT]), Momentum(self.momentum), ascend)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "momentum": self.momentum,
            "root": _gene_to_dict(self.root),
            "hidden": [_gene_to_dict(gene) for gene in self.hidden],
        }

    @classmethod
    def from_dict(cls, document: Any) -> Genome:
        """The genome of `to_dict`'s form.

        Raises:
            ValueError: Saying what does not fit.
        """
        try:
            hidden = tuple(_gene_from_dict(gene) for gene in document["hidden"])
            root, momentum = _gene_from_dict(document["root"]), document["momentum"]
        except (KeyError, TypeError, AttributeError):
            raise ValueError("a genome needs momentum, root and hidden, each node its function and inputs") from None
        genome = cls(hidden, root, momentum)
        genome.express()
        return genome


@dataclass(frozen=True)
class KeptGenome:
    """A genome as a ledger keeps it, read when it is asked for: reports have thousands of them and look at a few.

    Attributes:
        text: `Genome.to_dict`'s form as JSON, its keys in that order.
    """

    text: str

    def read(self) -> Genome:
        """The genome; raises `ValueError` where the text is of none."""
        return Genome.from_dict(json.loads(self.text))

    def to_dict(self) -> Any:
        """Plain data for JSON."""
        return json.loads(self.text)

    @classmethod
    def from_dict(cls, document: Any) -> KeptGenome:
        """The genome of `Genome.to_dict`'s form, which is not looked at."""
        return cls(json.dumps(document))


def active_order(genes: tuple[Gene, ...]) -> tuple[int, ...] | None:
    """Numbers of the nodes that the last one reaches, each after those it reads; None if there is a circle."""
    done: list[int] = []
    opened: set[int] = set()

    def visit(number: int) -> bool:
        if number in done:
            return True
        if number in opened:
            return False
        opened.add(number)
        for wire in genes[number].inputs:
            if isinstance(wire.source, int) and not visit(wire.source):
                return False
        done.append(number)
        return True

    return tuple(done) if visit(len(genes) - 1) else None


def reads_hidden(gene: Gene) -> bool:
    """Whether some argument is a hidden node."""
    return any(isinstance(wire.source, int) for wire in gene.inputs)


def _check(gene: Gene, number: int) -> None:
    name = "the root" if number == ROOT else f"hidden node {number}"
    op = COMPOSITES.get(gene.function.op) or FUNCTIONS.get(gene.function.op)
    if op is None or not gene.inputs or op.arity != len(gene.inputs):
        raise ValueError(f"{name} gives {len(gene.inputs)} arguments to {gene.function.op!r}")
    for wire in gene.inputs:
        if isinstance(wire.source, int) and not 0 <= wire.source < NUM_HIDDEN:
            raise ValueError(f"{name} reads hidden node {wire.source}; there are {NUM_HIDDEN}")


def _add_gene(builder: GraphBuilder, gene: Gene, ids: Mapping[int, str], number: int) -> str:
    edges = [
        Edge(
            ids[wire.source] if isinstance(wire.source, int) else write(builder, wire.source, ()),
            None if wire.decay is None else wire.decay.graph(),
        )
        for wire in gene.inputs
    ]
    return write(builder, gene.function, edges, draw=number)


@lru_cache(maxsize=65536)
def _decay_graph(decay: Decay) -> Graph:
    kind: Kind = "decay"
    builder = GraphBuilder(kind)
    ids: dict[int, str] = {}
    for number in decay.active:
        ids[number] = _add_gene(builder, decay.genes[number], ids, number)
    return builder.graph(ids[1])


@lru_cache(maxsize=65536)
def _decay_is_valid(decay: Decay) -> bool:
    return is_valid_decay(decay.graph())


def _gene_to_dict(gene: Gene) -> dict[str, Any]:
    return {**_primitive_to_dict(gene.function), "inputs": [_wire_to_dict(wire) for wire in gene.inputs]}


def _primitive_to_dict(primitive: Primitive) -> dict[str, Any]:
    return {"op": primitive.op, **({"params": dict(primitive.params)} if primitive.params else {})}


def _wire_to_dict(wire: Wire) -> dict[str, Any]:
    source = {"hidden": wire.source} if isinstance(wire.source, int) else _primitive_to_dict(wire.source)
    if wire.decay is None:
        return source
    return {**source, "decay": {"root": _gene_to_dict(wire.decay.root), "hidden": _gene_to_dict(wire.decay.hidden)}}


def _gene_from_dict(document: Any) -> Gene:
    return Gene(_primitive_from_dict(document), tuple(_wire_from_dict(wire) for wire in document["inputs"]))


def _primitive_from_dict(document: Any) -> Primitive:
    op, params = document["op"], document.get("params", {})
    if not isinstance(op, str):
        raise ValueError(f"an op is named by a text; received {op!r}")
    if not all(isinstance(value, int | float) for value in params.values()):
        raise ValueError(f"the parameters of {op} are numbers; received {params!r}")
    return Primitive(op, tuple(sorted(params.items())))


def _wire_from_dict(document: Any) -> Wire:
    source = _number_from(document["hidden"]) if "hidden" in document else _primitive_from_dict(document)
    decay = document.get("decay")
    return Wire(source, None if decay is None else _decay_from_dict(decay))


def _number_from(value: Any) -> int:
    if type(value) is not int:
        raise ValueError(f"a hidden node is named by its number; received {value!r}")
    return value


def _decay_from_dict(document: Any) -> Decay:
    decay = Decay(_gene_from_dict(document["hidden"]), _gene_from_dict(document["root"]))
    for gene, known in ((decay.hidden, ()), (decay.root, (0,))):
        for wire in gene.inputs:
            if isinstance(wire.source, int) and wire.source not in known:
                raise ValueError(f"a decay has one hidden node, number 0, which only its root reads: not {wire.source}")
    return decay
