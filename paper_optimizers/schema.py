"""The JSON Schema of a spec's JSON form, generated from the op tables.

The published file is ``paper_optimizers/specs/schema-v1.json``; ``python -m paper_optimizers.schema`` writes it anew.
The schema says all that can be said of each value alone: fields, ops, arities, parameters and their ranges. What
relates values to each other (node ids that differ, edges that lead to a node, no cycle) only `OptimizerSpec` checks.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from paper_optimizers.fields import MomentumType
from paper_optimizers.graph import MAX_NODES, NAME, Kind, functions, leaves, parameters_of
from paper_optimizers.ops import FUNCTIONS, Parameter
from paper_optimizers.serialization import VERSION

#: Where the published schema lies.
PATH = Path(__file__).parent / "specs" / f"schema-v{VERSION}.json"

Schema = dict[str, Any]


def json_schema() -> Schema:
    """The schema (draft 2020-12) of what `OptimizerSpec.from_json` reads, as plain data."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:paper-optimizers:spec:v{VERSION}",
        "title": "Optimizer spec",
        "description": "How one weight tensor moves: the update graph, the momentum, and the learning rate's factor.",
        **_object(
            {
                "version": {"const": VERSION},
                "update": _reference("update_graph", "The graph of the update u, over quantities of a weight tensor."),
                "momentum": _reference("momentum", "How u becomes a step; without momentum where missing."),
                "ascend": {"type": "boolean", "default": False, "description": "Whether to step along u, not against."},
                "schedule": _or_null("decay_graph", "What the learning rate is multiplied by."),
            },
            required=("version", "update"),
        ),
        "$defs": {
            **{f"{kind}_graph": _graph(kind) for kind in get_args(Kind)},
            **{f"{kind}_node": _node(kind) for kind in get_args(Kind)},
            **{f"{kind}_edge": _edge(kind) for kind in get_args(Kind)},
            "momentum": _momentum(),
            "coefficient": {"type": "number", "minimum": 0, "exclusiveMaximum": 1},
            "id": {"type": "string", "pattern": f"^(?:{NAME.pattern})$"},
        },
    }


def schema_text() -> str:
    """The published file's text."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def _object(properties: Schema, required: tuple[str, ...] = ()) -> Schema:
    schema: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return schema | ({"required": list(required)} if required else {})


def _reference(name: str, description: str = "") -> Schema:
    return {"$ref": f"#/$defs/{name}"} | ({"description": description} if description else {})


def _or_null(name: str, description: str) -> Schema:
    return {"anyOf": [_reference(name), {"type": "null"}], "description": description}


def _graph(kind: Kind) -> Schema:
    nodes = {"type": "array", "items": _reference(f"{kind}_node"), "minItems": 1, "maxItems": MAX_NODES[kind]}
    return _object({"root": _reference("id"), "nodes": nodes}, required=("root", "nodes"))


def _node(kind: Kind) -> Schema:
    """Common fields once; then, for all ops alike in arity and parameters, what their inputs and parameters may be."""
    names = [*leaves(kind), *functions(kind)]
    common = {"id": _reference("id"), "op": {"enum": names}, "params": {"type": "object"}, "inputs": {"type": "array"}}
    shapes: dict[str, tuple[list[str], Schema]] = {}
    for op in names:
        shape = _shape(op, kind)
        shapes.setdefault(json.dumps(shape), ([], shape))[0].append(op)
    rules = [{"if": {"properties": {"op": {"enum": ops}}}, "then": shape} for ops, shape in shapes.values()]
    return _object(common, required=("id", "op")) | {"allOf": rules}


def _shape(op: str, kind: Kind) -> Schema:
    """The schema of an op's parameters and inputs."""
    arity = FUNCTIONS[op].arity if op in FUNCTIONS else 0
    params = _parameters(parameters_of(op))
    if not arity:
        return {"properties": {"params": params, "inputs": {"maxItems": 0}}}
    inputs = {"minItems": arity, "maxItems": arity, "items": _reference(f"{kind}_edge")}
    return {"properties": {"params": params, "inputs": inputs}, "required": ["inputs"]}


def _parameters(parameters: Mapping[str, Parameter]) -> Schema:
    schema = _object({name: _parameter(parameter) for name, parameter in parameters.items()})
    del schema["type"]
    return schema


def _parameter(parameter: Parameter) -> Schema:
    if isinstance(parameter.default, bool):
        return {"type": "boolean", "default": parameter.default}
    kind = "integer" if isinstance(parameter.default, int) else "number"
    return {
        "type": kind,
        "default": parameter.default,
        "minimum": parameter.minimum,
        "maximum": parameter.maximum,
    }


def _edge(kind: Kind) -> Schema:
    properties: Schema = {"node": _reference("id")}
    if kind == "update":
        properties["decay"] = _or_null("decay_graph", "A decay function that multiplies what is read.")
    return _object(properties, required=("node",))


def _momentum() -> Schema:
    ends = _object({"high": _reference("coefficient"), "low": _reference("coefficient")}, required=("high", "low"))
    coefficient = {"anyOf": [_reference("coefficient"), ends, {"type": "null"}]}
    types = {"enum": list(get_args(MomentumType))}
    return _object({"type": types, "coefficient": coefficient}, required=("type",))


if __name__ == "__main__":
    PATH.write_text(schema_text(), encoding="utf-8")
