"""Composites: primitives of a search space that are several nodes of a spec.

Some papers count a whole formula as one operand (Adam's step) or one function (clipping to 0.001). A genome names such
a primitive like any other; expressing the genome writes out its nodes, so the spec holds nothing but the op table and
what is shared (an average, a root) is one node.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from paper_optimizers.expressions import GraphBuilder
from paper_optimizers.graph import Edge
from reproduce.search.published_space import Primitive


@dataclass(frozen=True)
class Composite:
    """One row.

    Attributes:
        arity: Arguments that it takes; 0 for an operand.
        parameters: Names of the numbers that it needs.
        build: ``(builder, edges, **parameters)``: writes the nodes and gives the id of the one that holds the value.
    """

    arity: int
    parameters: tuple[str, ...]
    build: Callable[..., str]


def _adam(builder: GraphBuilder, edges: Sequence[Edge], beta: float, square_beta: float) -> str:
    del edges
    return _over_root(builder, builder.node("moment", (), {"beta": beta}), square_beta)


def _rmsprop(builder: GraphBuilder, edges: Sequence[Edge], square_beta: float) -> str:
    del edges
    return _over_root(builder, builder.node("gradient"), square_beta)


def _over_root(builder: GraphBuilder, numerator: str, square_beta: float) -> str:
    square = builder.node("moment", (), {"power": 2, "beta": square_beta})
    return builder.node("divide", (Edge(numerator), Edge(builder.node("sqrt_abs", (Edge(square),)))))


def _clip_to(builder: GraphBuilder, edges: Sequence[Edge], bound: float) -> str:
    return builder.node("clip", (*edges, Edge(builder.node("constant", (), {"value": bound}))))


#: Every composite by the name that genomes give it; none of the op table's names is among them.
COMPOSITES: Mapping[str, Composite] = {
    "adam": Composite(0, ("beta", "square_beta"), _adam),
    "rmsprop": Composite(0, ("square_beta",), _rmsprop),
    "clip_to": Composite(1, ("bound",), _clip_to),
}


def write(builder: GraphBuilder, primitive: Primitive, edges: Sequence[Edge], draw: int | None = None) -> str:
    """The id of the node that holds ``primitive`` of what ``edges`` read, composite or not.

    Args:
        builder: The graph to be.
        primitive: What a genome names.
        edges: Its arguments.
        draw: Names the random draw of a node that makes one.

    Raises:
        ValueError: If a composite is given other arguments or parameters than its own.
    """
    composite, values = COMPOSITES.get(primitive.op), dict(primitive.params)
    if composite is None:
        return builder.node(primitive.op, edges, values, draw=draw)
    if len(edges) != composite.arity or set(values) != set(composite.parameters):
        raise ValueError(
            f"{primitive.op!r} takes {composite.arity} arguments and the parameters {', '.join(composite.parameters)}; "
            f"received {len(edges)} arguments and {', '.join(values) or 'none'}"
        )
    return composite.build(builder, edges, **values)
