r"""Specs as LaTeX formulas, for a document that loads amsmath.

Symbols are the paper's: g gradient, w weight; \hat{v}, \hat{s}, \hat{\lambda} bias-corrected averages of g, g^2 and g^3
with decay rates 0.9, 0.99 and 0.999 (another rate stands in the index, t-1 there marks the average before this step,
no hat one without correction); q_1 = 0.3 g + 0.7 \hat{v}, q_2 = 0.05 g^2 + 0.95 \hat{s} and
q_3 = 0.01 g^3 + 0.99 \hat{\lambda}; a_1 to a_14 curves of training progress; \epsilon = 10^{-7}. Decay functions stand
as factors of what they multiply. Parentheses stand only where the formula would read otherwise without them.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from paper_optimizers.errors import SpecError
from paper_optimizers.fields import SpecFields
from paper_optimizers.graph import Edge, Graph, Kind, Node, leaves
from paper_optimizers.ops import EPSILON, FUNCTIONS
from paper_optimizers.templates import Formula, Level, Slot, number_latex, rest_of, split

#: The longest formula that is written, in characters.
MAX_LENGTH = 100_000


def to_latex(spec: SpecFields) -> str:
    r"""The update ``u`` of ``spec``, without dollar signs; one that ascends its expression is its negative.

    Momentum and the schedule factor are not part of it; see `graph_to_latex` for the latter.

    Raises:
        SpecError: If the formula, which repeats what the graph shares, would be longer than 100,000 characters.

    Examples:
        >>> from paper_optimizers import from_text
        >>> print(to_latex(from_text("None ~ ([a1][g])*((v hat)+(10-4w))")))
        a_{1} \cdot g \cdot \left(\hat{v} + 10^{-4} w\right)
    """
    formula = _graph_formula(spec.update)
    return f"-{formula.at(Level.PRODUCT)}" if spec.ascend else formula.latex


def graph_to_latex(graph: Graph) -> str:
    """An update, a decay function or a schedule factor, without dollar signs.

    Raises:
        SpecError: As `to_latex` does.
    """
    return _graph_formula(graph).latex


def _graph_formula(graph: Graph) -> Formula:
    formulas: dict[str, Formula] = {}
    for node in graph.active():
        arguments = [_edge_formula(edge, formulas[edge.node]) for edge in node.inputs]
        formulas[node.id] = node_formula(node, graph.kind, arguments)
    return formulas[graph.root]


def _edge_formula(edge: Edge, read: Formula) -> Formula:
    if edge.decay is None:
        return read
    decay = _graph_formula(edge.decay)
    return Formula(rf"{decay.at(Level.PRODUCT)} \cdot {read.at(Level.PRODUCT)}", Level.PRODUCT)


def node_formula(node: Node, kind: Kind, arguments: list[Formula]) -> Formula:
    """The formula of one node whose arguments read as given."""
    if node.op in leaves(kind):
        formula: Formula = leaves(kind)[node.op].latex(node.values)
        return formula
    tokens = _tokens(node.op)
    if len(tokens) == 1:
        return arguments[0]
    formulas = dict(zip("ab", arguments, strict=False)) | _parameter_formulas(node.values)
    parts = [formulas[token.name].at(token.level) if isinstance(token, Slot) else token for token in tokens]
    if sum(map(len, parts)) > MAX_LENGTH:
        raise SpecError(f"the formula would be longer than {MAX_LENGTH} characters; the graph shares too much")
    return Formula("".join(parts), FUNCTIONS[node.op].level)


@functools.cache
def _tokens(op: str) -> tuple[str | Slot, ...]:
    return split(FUNCTIONS[op].latex, FUNCTIONS[op].parameters)


def _parameter_formulas(values: Mapping[str, Any]) -> dict[str, Formula]:
    formulas = {name: number_latex(value) for name, value in values.items()}
    if "weight" in values:
        formulas["rest"] = number_latex(rest_of(values["weight"]))
    if "epsilon" in values:
        epsilon = r"\epsilon" if values["epsilon"] == EPSILON else formulas["epsilon"].latex
        formulas["guard"] = Formula(f" + {epsilon}" if values["epsilon"] else "")
    return formulas
