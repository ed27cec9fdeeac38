"""Graphs of ops: the validated directed acyclic graphs that updates, decay functions and schedules are.

A node names an op and reads other nodes through edges; an edge of an update may carry a decay function, itself a
graph whose scalar value multiplies what flows along the edge. Nodes that the root does not reach are *inactive*: they
are checked like the others, kept (the search mutates them back to life) and never computed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Literal

from paper_optimizers.curves import CURVES
from paper_optimizers.errors import SpecError
from paper_optimizers.operands import OPERANDS
from paper_optimizers.ops import FUNCTIONS, Op, Parameters
from paper_optimizers.suggestions import did_you_mean

Kind = Literal["update", "decay"]

#: The most nodes a graph may have: far above the search space's 6, far below what could exhaust an interpreter.
MAX_NODES: Mapping[Kind, int] = {"update": 256, "decay": 64}
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


def leaves(kind: Kind) -> Mapping[str, Any]:
    """The table of a graph's leaves: operands of an update, curves of a decay function."""
    return OPERANDS if kind == "update" else CURVES


def functions(kind: Kind) -> Mapping[str, Op]:
    """The functions a graph may use: all of them in an update, only the pure ones in a decay function."""
    if kind == "update":
        return FUNCTIONS
    return {name: op for name, op in FUNCTIONS.items() if op.needs == "pure"}


@dataclass(frozen=True)
class Edge:
    """Reads node ``node``; ``decay``, where present, multiplies what is read."""

    node: str
    decay: Graph | None = None


@dataclass(frozen=True)
class Node:
    """One op with its inputs and the parameters that differ from the op's defaults.

    Attributes:
        id: A name unique in its graph: a letter or underscore, then letters, digits or underscores, 64 at most.
        op: A name in the op, operand or curve table.
        inputs: Edges, as many as the op has arguments; empty for an operand or curve.
        params: The values that differ from the defaults; others are dropped, so equal nodes compare equal.
    """

    id: str
    op: str
    inputs: tuple[Edge, ...] = ()
    params: Mapping[str, float | bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Freeze the parameters and drop those equal to the op's defaults."""
        defaults = default_values(self.op)
        values = {name: _plain(value, defaults.get(name)) for name, value in sorted(self.params.items())}
        changed = {name: value for name, value in values.items() if not _same(value, defaults.get(name))}
        object.__setattr__(self, "params", MappingProxyType(changed))

    def __hash__(self) -> int:
        """Hash of all fields."""
        return hash((self.id, self.op, self.inputs, tuple(self.params.items())))

    def __reduce__(self) -> tuple[Any, ...]:
        """Rebuild from plain fields: a mapping proxy can be neither copied nor pickled."""
        return (Node, (self.id, self.op, self.inputs, dict(self.params)))

    @property
    def values(self) -> dict[str, Any]:
        """All parameters of the op, defaults filled in."""
        return default_values(self.op) | dict(self.params)


def _plain(value: Any, default: Any) -> Any:
    """An integer given for a floating-point parameter, as the float it means; anything else as it is."""
    whole = isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53
    return float(value) if whole and isinstance(default, float) else value


def _same(value: Any, default: Any) -> bool:
    return type(value) is type(default) and bool(value == default)


def parameters_of(op: str) -> Parameters:
    """The parameters of a function, operand or curve; empty for an unknown name."""
    for table in (FUNCTIONS, OPERANDS, CURVES):
        if op in table:
            return table[op].parameters
    return {}


def default_values(op: str) -> dict[str, Any]:
    """Default parameter values of a function, operand or curve."""
    return {name: parameter.default for name, parameter in parameters_of(op).items()}


@dataclass(frozen=True)
class Graph:
    """A validated directed acyclic graph.

    Attributes:
        nodes: All nodes, active or not, in any order.
        root: The id of the node whose value is the graph's value.
        kind: ``"update"`` (operands of a weight tensor) or ``"decay"`` (curves of training progress).

    Raises:
        SpecError: Naming the node or edge, for an unknown op or node, wrong arity, a parameter out of its range,
            two nodes with one id, a cycle, a decay inside a decay function, or too many nodes.
    """

    nodes: tuple[Node, ...]
    root: str
    kind: Kind = "update"

    def __post_init__(self) -> None:
        """Check every invariant; see the class."""
        limit = MAX_NODES[self.kind]
        if not 1 <= len(self.nodes) <= limit:
            raise SpecError(f"received {len(self.nodes)} nodes; expected 1 to {limit}", "nodes")
        known = {node.id for node in self.nodes}
        seen: set[str] = set()
        for index, node in enumerate(self.nodes):
            path = f"nodes[{index}]"
            if not NAME.fullmatch(node.id):
                raise SpecError(
                    f"received {node.id!r}; expected a letter or underscore, then letters, digits or underscores, "
                    "64 at most",
                    f"{path}.id",
                )
            if node.id in seen:
                raise SpecError(f"a second node is called {node.id!r}; give every node its own id", f"{path}.id")
            seen.add(node.id)
            _check_node(node, known, self.kind, path)
        if self.root not in known:
            raise SpecError(f"received {self.root!r}; expected the id of a node: {_listed(known)}", "root")
        self._check_acyclic()

    def __getitem__(self, id: str) -> Node:
        """The node called ``id``."""
        for node in self.nodes:
            if node.id == id:
                return node
        raise KeyError(id)

    def active(self) -> tuple[Node, ...]:
        """The nodes that the root reaches, each after its inputs, the root last."""
        return self._ordered([self.root])

    @property
    def decays(self) -> tuple[Graph, ...]:
        """The distinct decay functions on edges of active nodes, in order of first use."""
        found = (edge.decay for node in self.active() for edge in node.inputs)
        return tuple(dict.fromkeys(decay for decay in found if decay is not None))

    def without_decays(self) -> Graph:
        """The same graph with no decay function on any edge."""
        bare = (replace(node, inputs=tuple(Edge(edge.node) for edge in node.inputs)) for node in self.nodes)
        return replace(self, nodes=tuple(bare))

    def with_weight_term(self, scale: float) -> Graph:
        """An update that adds ``scale`` times the weight last; it takes the place of such a term that is there.

        A scale of 0 leaves the term out.
        """
        root, nodes = self.root, self.nodes
        term = self._weight_term()
        if term is not None:
            dropped = {self.root, term}
            root = next(edge.node for edge in self[self.root].inputs if edge.node != term)
            nodes = tuple(node for node in nodes if node.id not in dropped)
        if not scale:
            return replace(self, nodes=nodes, root=root)
        taken = {node.id for node in nodes}
        weight, total = (_free_name(name, taken) for name in ("weight", "decayed"))
        added = Node(weight, "weight", params={"scale": float(scale)}), Node(total, "add", (Edge(root), Edge(weight)))
        return replace(self, nodes=(*nodes, *added), root=total)

    def _weight_term(self) -> str | None:
        """The node of a weight that the root adds to something else, and nothing else reads; None without one."""
        root = self[self.root]
        if root.op != "add" or any(edge.decay is not None for edge in root.inputs):
            return None
        read = [edge.node for node in self.nodes for edge in node.inputs]
        own = [edge.node for edge in root.inputs if self[edge.node].op == "weight" and read.count(edge.node) == 1]
        return own[-1] if own and self.root not in read else None

    def _ordered(self, start: list[str]) -> tuple[Node, ...]:
        """Depth-first post-order without recursion; raises on a cycle."""
        by_id = {node.id: node for node in self.nodes}
        done: dict[str, Node] = {}
        opened: set[str] = set()
        stack = start[::-1]
        while stack:
            node = by_id[stack[-1]]
            if node.id in done:
                stack.pop()
                continue
            waiting = [edge.node for edge in node.inputs if edge.node not in done]
            if not waiting:
                done[stack.pop()] = node
                continue
            opened.add(node.id)
            if any(id in opened for id in waiting):
                index = next(i for i, other in enumerate(self.nodes) if other.id == node.id)
                raise SpecError(f"node {node.id!r} reads itself through a cycle; remove one edge of it",
                                f"nodes[{index}].inputs")  # fmt: skip
            stack.extend(reversed(waiting))
        return tuple(done.values())

    def _check_acyclic(self) -> None:
        self._ordered([node.id for node in self.nodes])


def _free_name(name: str, taken: set[str]) -> str:
    """``name``, with a number where a node has it."""
    names = (name, *(f"{name}_{number}" for number in range(2, len(taken) + 3)))
    return next(each for each in names if each not in taken)


def _check_node(node: Node, known: set[str], kind: Kind, path: str) -> None:
    allowed = leaves(kind).keys() | functions(kind).keys()
    if node.op not in allowed:
        raise SpecError(
            f"unknown op {node.op!r} in {'an update' if kind == 'update' else 'a decay function'}"
            f"{did_you_mean(node.op, allowed)}",
            f"{path}.op",
        )
    arity = FUNCTIONS[node.op].arity if node.op in FUNCTIONS else 0
    if len(node.inputs) != arity:
        raise SpecError(f"{node.op!r} takes {arity} inputs; received {len(node.inputs)}", f"{path}.inputs")
    parameters = parameters_of(node.op)
    for name, value in node.params.items():
        if name not in parameters:
            raise SpecError(
                f"{node.op!r} has no such parameter; it takes {_listed(parameters) or 'none'}",
                f"{path}.params.{name}",
            )
        if not parameters[name].accepts(value):
            raise SpecError(f"received {value!r}; expected {parameters[name].describe()}", f"{path}.params.{name}")
    for index, edge in enumerate(node.inputs):
        _check_edge(edge, known, kind, f"{path}.inputs[{index}]")


def _check_edge(edge: Edge, known: set[str], kind: Kind, path: str) -> None:
    if edge.node not in known:
        raise SpecError(f"no node is called {edge.node!r}; expected one of {_listed(known)}", f"{path}.node")
    if edge.decay is not None and kind == "decay":
        raise SpecError("a decay function has no decays on its own edges; remove it", f"{path}.decay")
    if edge.decay is not None and edge.decay.kind != "decay":
        raise SpecError(f"received a graph of kind {edge.decay.kind!r}; expected 'decay'", f"{path}.decay")


def _listed(names: Any) -> str:
    shown = sorted(names)[:12]
    return ", ".join(shown) + (", ..." if len(names) > len(shown) else "")
