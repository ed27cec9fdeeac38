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

from dataclasses import dataclass

from paper_optimizers.graph import Edge, Graph, Kind, Node


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
    builder = _Builder(kind)
    root = builder.add(expression)
    return Graph(tuple(builder.nodes), root, kind)


class _Builder:
    def __init__(self, kind: Kind) -> None:
        self.nodes: list[Node] = []
        self._kind = kind
        self._ids: dict[Expression, str] = {}
        self._taken: dict[str, int] = {}

    def add(self, expression: Expression) -> str:
        if expression in self._ids:
            return self._ids[expression]
        inputs = tuple(self._edge(argument) for argument in expression.arguments)
        id = self._fresh(expression)
        self.nodes.append(Node(id, expression.op, inputs, dict(expression.params)))
        if not _draws(expression):
            self._ids[expression] = id
        return id

    def _edge(self, argument: Expression | Decayed) -> Edge:
        if isinstance(argument, Decayed):
            return Edge(self.add(argument.expression), to_graph(argument.decay, "decay"))
        return Edge(self.add(argument))

    def _fresh(self, expression: Expression) -> str:
        stem = "h" if expression.arguments else expression.op
        self._taken[stem] = self._taken.get(stem, 0) + 1
        number = self._taken[stem]
        return stem if number == 1 and not expression.arguments else f"{stem}{'' if stem == 'h' else '_'}{number}"


def _draws(expression: Expression | Decayed) -> bool:
    if isinstance(expression, Decayed):
        return _draws(expression.expression)
    return expression.op == "dropout" or any(_draws(argument) for argument in expression.arguments)
