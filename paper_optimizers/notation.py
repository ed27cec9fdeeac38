"""Specs as text, in the notation of the published search log, extended to the whole spec language.

A text is ``TYPE ~ EXPRESSION``, e.g. ``Nest ~ bessel_i1e(arctan([(a13)*(a2)][g]))``. The grammar, with the texts of
leaves and functions taken from the op tables (`paper_optimizers.ops`, `.operands`, `.curves`)::

    spec       = type [ "{" header { ", " header } "}" ] " ~ " expression
    type       = "None" | "Mom" | "Nest"
    header     = "momentum=" number            constant coefficient      (Mom, Nest)
               | "high=" number | "low=" number   ends of one-cycle momentum where not 0.95 and 0.85
               | "ascend=" flag                w + eta u instead of w - eta u
               | "factor=[" decay "]"          what the learning rate is multiplied by
    expression = leaf [ braces ] | function [ braces ]
    function   = the function's text with an argument for each of {a} and {b}; a second {a} repeats the first
    argument   = expression | "[" decay "][" expression "]"
    decay      = an expression over curves, in which no argument has a decay
    braces     = "{" name "=" value { ", " name "=" value } "}"
    value      = number | flag
    flag       = "true" | "false"

Braces give the parameters that a text has no place for, e.g. ``(v hat) / (sqrt(|s hat{beta=0.999}|)){epsilon=1e-08}``
or ``v hat{beta=0.99, corrected=false}``; without them the parameters are those of the search space. The published
log's texts have none. Three oddities are the log's: the sigmoid of a decay function, ``1/(1+exp(-a1)``, lacks its
last parenthesis; softsign prints its argument twice, ``x/(1+|x|)``; the third gradient blend prints g^2 and means g^3.

Text has no inactive nodes and no sharing: printing a spec drops both, which changes nothing in what it computes. Where
one random number is read twice its node carries a label, ``drop(g, 0.5){draw=1}``, and equal labels are one node.

Source of the notation: the search log published with Morgan & Hougen (arXiv 2404.06679).

Examples:
    >>> from paper_optimizers import from_text
    >>> spec = from_text("Nest{momentum=0.9} ~ (g)+([a1][10-4w])")
    >>> spec.momentum.coefficient, [node.op for node in spec.update.nodes]
    (0.9, ['gradient', 'weight', 'add'])
    >>> spec.to_text()
    'Nest{momentum=0.9} ~ (g)+([a1][10-4w])'
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from paper_optimizers.errors import SpecError
from paper_optimizers.expressions import run, to_graph
from paper_optimizers.fields import Momentum, MomentumType, OneCycle, SpecFields
from paper_optimizers.grammar import Parser, Rule, rules
from paper_optimizers.graph import Graph, Kind, Node, default_values
from paper_optimizers.ops import FUNCTIONS
from paper_optimizers.suggestions import other_form
from paper_optimizers.templates import Slot, number_text, rest_of

#: The longest text that is read or printed, in characters.
MAX_LENGTH = 100_000

_EXAMPLE = "None ~ tanh(g)"
_TYPES: Mapping[str, MomentumType] = {"None": "none", "Mom": "classical", "Nest": "nesterov"}


def fields_from_text(text: str) -> dict[str, Any]:
    """The arguments of an `OptimizerSpec`; see `paper_optimizers.spec.OptimizerSpec.from_text`."""
    parser = Parser(_checked(text))
    name = next((name for name in _TYPES if parser.text.startswith(name)), None)
    if name is None:
        hint = other_form(parser.text, "notation")
        raise SpecError(
            f"received {parser.text[:20]!r}; expected 'None', 'Mom' or 'Nest', as in {_EXAMPLE!r}{hint}", "text[0]"
        )
    given: dict[str, Any] = {}
    position = _header(parser, _TYPES[name], len(name), given)
    start = None if position is None else parser.literal(" ~ ", position)
    if start is None:
        parser.fail()
    match = run(parser.expression_steps("update", start))
    if match is None or match.end != len(parser.text):
        if match is not None:
            parser.expect(match.end, "the end of the text")
        parser.fail()
    return {
        "update": to_graph(match.expression),
        "momentum": _momentum(_TYPES[name], given, f"text[{len(name)}]"),
        "ascend": given.get("ascend", False),
        "schedule": given.get("factor"),
    }


def to_text(spec: SpecFields) -> str:
    """``spec`` in the notation. Published texts come back letter for letter.

    Raises:
        SpecError: If the text, which repeats what the graph shares, would be longer than 100,000 characters.
    """
    coefficient = spec.momentum.coefficient
    entries = []
    if isinstance(coefficient, OneCycle):
        values = {"high": coefficient.high, "low": coefficient.low}
        defaults = {"high": OneCycle().high, "low": OneCycle().low}
        entries += [f"{key}={number_text(value)}" for key, value in values.items() if value != defaults[key]]
    else:
        entries.append(f"momentum={number_text(coefficient)}")
    entries += ["ascend=true"] if spec.ascend else []
    entries += [] if spec.schedule is None else [f"factor=[{graph_to_text(spec.schedule)}]"]
    name = next(name for name, type in _TYPES.items() if type == spec.momentum.type)
    return _bounded([name, f"{{{', '.join(entries)}}}" if entries else "", " ~ ", graph_to_text(spec.update)])


def graph_to_text(graph: Graph) -> str:
    """The expression of a graph.

    Raises:
        SpecError: As `to_text` does.
    """
    labels = _draw_labels(graph)
    texts: dict[str, str] = {}
    for node in graph.active():
        arguments = []
        for edge in node.inputs:
            decay = "" if edge.decay is None else f"[{graph_to_text(edge.decay)}]"
            arguments.append(f"{decay}[{texts[edge.node]}]" if decay else texts[edge.node])
        texts[node.id] = _node_text(node, graph.kind, arguments, labels.get(node.id))
    return texts[graph.root]


def _node_text(node: Node, kind: Kind, arguments: list[str], label: int | None) -> str:
    values = node.values
    rule = _rule_of(node.op, kind, values)
    standing = default_values(node.op) | dict(rule.values)
    texts = {name: number_text(value) for name, value in values.items()} | dict(zip("ab", arguments, strict=False))
    if "weight" in values:
        texts["rest"] = number_text(rest_of(values["weight"]))
    entries = [f"{name}={texts[name]}" for name in rule.named if values[name] != standing[name]]
    entries += [] if label is None else [f"draw={label}"]
    parts = [texts[token.name] if isinstance(token, Slot) else token for token in rule.tokens]
    return _bounded([*parts, f"{{{', '.join(entries)}}}" if entries else ""])


def _rule_of(op: str, kind: Kind, values: Mapping[str, Any]) -> Rule:
    """The text of ``op`` that leaves the fewest of its first parameters to be said in braces."""

    def unsaid(rule: Rule) -> list[bool]:
        standing = default_values(op) | dict(rule.values)
        return [name in rule.named and values[name] != standing[name] for name in values]

    found = rules(kind)[op]
    return found[0] if len(found) == 1 else min(found, key=unsaid)


def _bounded(parts: list[str]) -> str:
    length = sum(map(len, parts))
    if length > MAX_LENGTH:
        raise SpecError(f"the text would be longer than {MAX_LENGTH} characters; the graph shares too much to be text")
    return "".join(parts)


def _draw_labels(graph: Graph) -> Mapping[str, int]:
    """Numbers for the random nodes that the text would otherwise print as several."""
    active = graph.active()
    printed = dict.fromkeys((node.id for node in active), 0) | {graph.root: 1}
    for node in reversed(active):
        for edge in node.inputs:
            printed[edge.node] += printed[node.id]
    shared = [node.id for node in active if _draws(node.op) and printed[node.id] > 1]
    return {id: number for number, id in enumerate(shared, start=1)}


def _draws(op: str) -> bool:
    return op in FUNCTIONS and FUNCTIONS[op].needs == "random"


def _checked(text: object) -> str:
    if not isinstance(text, str):
        raise SpecError(f"received {type(text).__name__}; expected text{other_form(text)}")
    if len(text) > MAX_LENGTH:
        raise SpecError(f"the text is {len(text)} characters long; expected at most {MAX_LENGTH}")
    return text.rstrip("\r\n")


def _header(parser: Parser, type: MomentumType, position: int, given: dict[str, Any]) -> int | None:
    """Read what follows the momentum type in braces into ``given``; the end."""
    if not parser.text.startswith("{", position):
        return position
    readers: dict[str, Any] = {"ascend": parser.flag, "factor": functools.partial(_factor, parser)}
    if type != "none":
        readers |= dict.fromkeys(("momentum", "high", "low"), functools.partial(_coefficient, parser))
    return parser.entries(position, readers, given)


def _coefficient(parser: Parser, position: int, given: dict[str, Any], name: str) -> int | None:
    return parser.number(position, given, name, "a number in [0, 1)", lambda value: 0.0 <= value < 1.0)


def _factor(parser: Parser, position: int, given: dict[str, Any], name: str) -> int | None:
    start = parser.literal("[", position)
    match = None if start is None else run(parser.expression_steps("decay", start))
    if match is None:
        return None
    given[name] = to_graph(match.expression, "decay")
    return parser.literal("]", match.end)


def _momentum(type: MomentumType, given: Mapping[str, Any], path: str) -> Momentum:
    if "momentum" not in given:
        return Momentum(type, OneCycle(**{name: given[name] for name in ("high", "low") if name in given}))
    if "high" in given or "low" in given:
        raise SpecError("received momentum= beside high= or low=; a coefficient is constant or has ends", path)
    return Momentum(type, given["momentum"])
