"""Specs to JSON and back. Reading trusts nothing: whatever the bytes, a bad document raises `SpecError`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from paper_optimizers.errors import SpecError, shown
from paper_optimizers.fields import Momentum, OneCycle, SpecFields
from paper_optimizers.graph import MAX_NODES, Edge, Graph, Kind, Node
from paper_optimizers.suggestions import other_form

#: Version of the JSON form; a change that an older reader would misread raises it.
VERSION = 1
#: The longest JSON text that is read, in characters or bytes.
MAX_LENGTH = 1_000_000


def to_json(spec: SpecFields) -> str:
    """The JSON text of a spec; see `paper_optimizers.spec.OptimizerSpec.to_json`."""
    return json.dumps(to_dict(spec), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def to_dict(spec: SpecFields) -> dict[str, Any]:
    """The JSON form of a spec as plain data."""
    document: dict[str, Any] = {"version": VERSION, "momentum": _momentum_to_dict(spec.momentum)}
    if spec.ascend:
        document["ascend"] = True
    document["update"] = graph_to_dict(spec.update)
    if spec.schedule is not None:
        document["schedule"] = graph_to_dict(spec.schedule)
    return document


def graph_to_dict(graph: Graph) -> dict[str, Any]:
    """A graph as plain data: its root and its nodes in their order."""
    return {"root": graph.root, "nodes": [_node_to_dict(node) for node in graph.nodes]}


def _node_to_dict(node: Node) -> dict[str, Any]:
    document: dict[str, Any] = {"id": node.id, "op": node.op}
    if node.params:
        document["params"] = dict(node.params)
    if node.inputs:
        document["inputs"] = [_edge_to_dict(edge) for edge in node.inputs]
    return document


def _edge_to_dict(edge: Edge) -> dict[str, Any]:
    document: dict[str, Any] = {"node": edge.node}
    if edge.decay is not None:
        document["decay"] = graph_to_dict(edge.decay)
    return document


def _momentum_to_dict(momentum: Momentum) -> dict[str, Any]:
    if momentum.type == "none":
        return {"type": "none"}
    coefficient = momentum.coefficient
    if isinstance(coefficient, OneCycle):
        return {"type": momentum.type, "coefficient": {"high": coefficient.high, "low": coefficient.low}}
    return {"type": momentum.type, "coefficient": coefficient}


def parse_json(text: str | bytes) -> Any:
    """Parse JSON strictly: UTF-8, bounded length, no NaN or Infinity, no key twice in one object.

    Raises:
        SpecError: For anything else.
    """
    if not isinstance(text, str | bytes | bytearray):
        raise SpecError(f"received {type(text).__name__}; expected JSON text{other_form(text)}")
    if len(text) > MAX_LENGTH:
        raise SpecError(f"the document is {len(text)} characters long; expected at most {MAX_LENGTH}")
    try:
        decoded = text if isinstance(text, str) else bytes(text).decode("utf-8")
        return json.loads(decoded, parse_constant=_refuse_constant, object_pairs_hook=_object)
    except SpecError:
        raise
    except UnicodeDecodeError as error:
        raise SpecError(f"the document is not UTF-8 text: {error.reason} at byte {error.start}") from None
    except RecursionError:
        raise SpecError("the document nests too deeply to be a spec") from None
    except ValueError as error:
        raise SpecError(f"the document is not JSON{other_form(text, 'JSON') or f': {error}'}") from None


def _refuse_constant(name: str) -> Any:
    raise SpecError(f"{name} is not a number that a spec may hold; write a finite number")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise SpecError(f"the key {twice[:80]!r} stands twice in one object; keep one")
    return result


def fields_from_dict(document: Any) -> dict[str, Any]:
    """The arguments of an `OptimizerSpec`, from a JSON document already parsed."""
    fields = _fields(document, required=("version", "update"), optional=("momentum", "ascend", "schedule"))
    if not isinstance(fields["version"], int) or isinstance(fields["version"], bool) or fields["version"] != VERSION:
        raise SpecError(f"received {shown(fields['version'])}; this version reads {VERSION}", "version")
    schedule = fields.get("schedule")
    return {
        "update": _under("update", graph_from_dict, fields["update"], "update"),
        "momentum": _under("momentum", _momentum_from_dict, fields.get("momentum", {"type": "none"})),
        "ascend": fields.get("ascend", False),
        "schedule": None if schedule is None else _under("schedule", graph_from_dict, schedule, "decay"),
    }


def graph_from_dict(document: Any, kind: Kind) -> Graph:
    """The graph of plain data, as `graph_to_dict` writes it."""
    fields = _fields(document, required=("root", "nodes"))
    entries = _list(fields["nodes"], MAX_NODES[kind], "nodes")
    nodes = tuple(_under(f"nodes[{index}]", _node_from_dict, entry, kind) for index, entry in enumerate(entries))
    return Graph(nodes=nodes, root=_string(fields["root"], "root"), kind=kind)


def _node_from_dict(document: Any, kind: Kind) -> Node:
    fields = _fields(document, required=("id", "op"), optional=("params", "inputs"))
    params = _under("params", _params_from_dict, fields.get("params", {}))
    edges = _list(fields.get("inputs", []), 2, "inputs")
    inputs = tuple(_under(f"inputs[{index}]", _edge_from_dict, edge, kind) for index, edge in enumerate(edges))
    return Node(id=_string(fields["id"], "id"), op=_string(fields["op"], "op"), inputs=inputs, params=params)


def _params_from_dict(document: Any) -> Mapping[str, Any]:
    if not isinstance(document, dict):
        raise SpecError(f"received {shown(document)}; expected an object of names and numbers")
    for name, value in document.items():
        if not isinstance(value, int | float):
            raise SpecError(f"received {shown(value)}; expected a number, true or false", name[:80])
    return document


def _edge_from_dict(document: Any, kind: Kind) -> Edge:
    # The graph that holds the edge refuses decays inside decay functions; reading them there would nest without end.
    optional = ("decay",) if kind == "update" else ()
    fields = _fields(document, required=("node",), optional=optional)
    decay = fields.get("decay")
    return Edge(
        node=_string(fields["node"], "node"),
        decay=None if decay is None else _under("decay", graph_from_dict, decay, "decay"),
    )


def _momentum_from_dict(document: Any) -> Momentum:
    fields = _fields(document, required=("type",), optional=("coefficient",))
    coefficient = fields.get("coefficient")
    if isinstance(coefficient, dict):
        coefficient = _under("coefficient", _one_cycle_from_dict, coefficient)
    return Momentum(_string(fields["type"], "type"), OneCycle() if coefficient is None else coefficient)  # type: ignore[arg-type]


def _one_cycle_from_dict(document: Any) -> OneCycle:
    fields = _fields(document, required=("high", "low"))
    return OneCycle(fields["high"], fields["low"])


def _under(path: str, read: Any, *arguments: Any) -> Any:
    try:
        return read(*arguments)
    except SpecError as error:
        raise error.under(path) from None


def _fields(document: Any, required: tuple[str, ...], optional: tuple[str, ...] = ()) -> Mapping[str, Any]:
    if not isinstance(document, Mapping):
        expected = f"an object with {', '.join(required)}"
        raise SpecError(f"received {shown(document)}; expected {expected}{other_form(document)}")
    for name in required:
        if name not in document:
            raise SpecError(f"the field {name!r} is missing; expected {', '.join(required)}")
    for name in document:
        if name not in required and name not in optional:
            known = ", ".join((*required, *optional))
            raise SpecError(f"unknown field {shown(name)}; expected {known}")
    return document


def _list(value: Any, limit: int, path: str) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise SpecError(f"received {shown(value)}; expected a list", path)
    if len(value) > limit:
        raise SpecError(f"received {len(value)} entries; expected at most {limit}", path)
    return list(value)


def _string(value: Any, path: str) -> str:
    if not isinstance(value, str):
        raise SpecError(f"received {shown(value)}; expected text", path)
    return value
