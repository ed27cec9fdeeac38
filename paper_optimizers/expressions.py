"""Expression trees: the short way to write a graph, which the notation's parser and the search build graphs from.

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

from collections.abc import Generator, Hashable, Mapping, Sequence
from typing import Any, NamedTuple

from paper_optimizers.graph import Edge, Graph, Kind, Node
from paper_optimizers.ops import FUNCTIONS

#: A recursion that `run` carries out: yields generators to be run first, is sent their results, and returns its own.
Steps = Generator[Any, Any, Any]


class Expression(NamedTuple):
    """An op on arguments.

    Attributes:
        op: The op's name.
        params: Names and values of parameters, sorted.
        arguments: The expressions that the op takes; empty for an operand or a curve.
        draw: Where the op draws random numbers: expressions with one label, not None, are one node.
        decay: The factor of the value on its way to a function, or None.
    """

    op: str
    params: tuple[tuple[str, Any], ...] = ()
    arguments: tuple[Expression, ...] = ()
    draw: int | None = None
    decay: Expression | None = None


def leaf(op: str, **params: float | bool) -> Expression:
    """An operand or a curve."""
    return Expression(op, tuple(sorted(params.items())))


def apply(op: str, *arguments: Expression, **params: float | bool) -> Expression:
    """A function of its arguments."""
    return Expression(op, tuple(sorted(params.items())), arguments)


def to_graph(expression: Expression, kind: Kind = "update") -> Graph:
    """The graph of an expression; equal subexpressions share a node, except those that draw random numbers.

    Leaves are called by their op (numbered where several differ), other nodes ``h1``, ``h2``, ... in the order of
    evaluation.

    Raises:
        SpecError: As `Graph` does.
    """
    builder = GraphBuilder(kind)
    return builder.graph(run(_node_steps(builder, expression)))


def _node_steps(builder: GraphBuilder, expression: Expression) -> Steps:
    edges = []
    for argument in expression.arguments:
        id = yield _node_steps(builder, argument)
        edges.append(Edge(id, None if argument.decay is None else to_graph(argument.decay, "decay")))
    return builder.node(expression.op, edges, dict(expression.params), expression.draw)


def run(start: Steps) -> Any:
    """The result of a recursion of any depth, which Python's stack does not bound."""
    stack, result = [start], None
    while stack:
        try:
            child = stack[-1].send(result)
        except StopIteration as stop:
            stack.pop()
            result = stop.value
        else:
            stack.append(child)
            result = None
    return result


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
