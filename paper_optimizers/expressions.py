"""Expression trees: the short way to write a graph, used by the notation's parser and wherever specs are built by hand.

Examples:
    >>> from paper_optimizers.expressions import apply, leaf, to_graph
    >>> power_sign = apply(
    ...     "multiply",
    ...     apply("exp", apply("multiply", leaf("gradient_sign"), leaf("moment_sign"))),
    ...     leaf("gradient"),
    ... )
    >>> [node.op for node in to_graph(power_sign).nodes]
    ['gradient_sign', 'moment_sign', 'multiply', 'exp', 'gradient', 'multiply']
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from paper_optimizers.graph import Edge, Graph, Kind, Node
from paper_optimizers.ops import FUNCTIONS


@dataclass(frozen=True)
class Decayed:
    """``expression`` multiplied on its way by ``decay``, an expression over curves."""

    expression: Expression
    decay: Expression


@dataclass(frozen=True)
class Expression:
    """An op, the parameters that differ from its defaults, and its arguments."""

    op: str
    arguments: tuple[Expression | Decayed, ...] = ()
    params: tuple[tuple[str, float | bool], ...] = ()


def leaf(op: str, **params: float | bool) -> Expression:
    """An operand or a curve."""
    return Expression(op, (), tuple(sorted(params.items())))


def apply(op: str, *arguments: Expression | Decayed, **params: float | bool) -> Expression:
    """A function of its arguments."""
    return Expression(op, arguments, tuple(sorted(params.items())))


def decayed(expression: Expression, decay: Expression) -> Decayed:
    """An argument multiplied by a decay function."""
    return Decayed(expression, decay)


def to_graph(expression: Expression, kind: Kind = "update") -> Graph:
    """The graph of an expression; equal subexpressions share a node, except those that draw random numbers.

    Leaves are called by their op (numbered where several differ), other nodes ``h1``, ``h2``, ... in the order of
    evaluation.

    Raises:
        SpecError: As `Graph` does.
    """
    builder = GraphBuilder(kind)
    return builder.graph(_add(builder, expression))


def _add(builder: GraphBuilder, expression: Expression) -> str:
    edges = []
    for argument in expression.arguments:
        if isinstance(argument, Decayed):
            edges.append(Edge(_add(builder, argument.expression), to_graph(argument.decay, "decay")))
        else:
            edges.append(Edge(_add(builder, argument)))
    return builder.node(expression.op, edges, dict(expression.params))


class GraphBuilder:
    """Builds a graph from the leaves up; see `to_graph` for how nodes are shared and called."""

    def __init__(self, kind: Kind) -> None:
        """An empty graph of ``kind``."""
        self._kind = kind
        self._nodes: list[Node] = []
        self._ids: dict[Any, str] = {}
        self._taken: dict[str, int] = {}

    def node(
        self, op: str, inputs: Sequence[Edge] = (), params: Mapping[str, Any] | None = None, draw: Hashable = None
    ) -> str:
        """The id of the node that computes this, made where there is none yet.

        Nodes that draw random numbers are one node only if they have the same ``draw``, which is not None.
        """
        key = (op, tuple(inputs), tuple(sorted((params or {}).items())), draw)
        random = op in FUNCTIONS and FUNCTIONS[op].needs == "random"
        if key in self._ids and not (random and draw is None):
            return self._ids[key]
        id = self._fresh(op, bool(inputs))
        self._nodes.append(Node(id, op, tuple(inputs), params or {}))
        self._ids[key] = id
        return id

    def graph(self, root: str) -> Graph:
        """The graph of all nodes made, with this root.

        Raises:
            SpecError: As `Graph` does.
        """
        return Graph(tuple(self._nodes), root, self._kind)

    def _fresh(self, op: str, is_function: bool) -> str:
        stem = "h" if is_function else op
        self._taken[stem] = number = self._taken.get(stem, 0) + 1
        return f"h{number}" if is_function else stem if number == 1 else f"{stem}_{number}"
