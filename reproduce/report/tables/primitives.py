"""The search space as tables: operands, functions, and the curves and functions of decays, from the code's own rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from paper_optimizers.curves import CURVES, numpy_progress
from paper_optimizers.graph import Edge, Graph, Kind, Node
from paper_optimizers.latex import graph_to_latex, node_formula
from paper_optimizers.namespaces import NUMPY
from paper_optimizers.notation import graph_to_text
from paper_optimizers.ops import FUNCTIONS
from paper_optimizers.program import evaluate_graph
from paper_optimizers.templates import Formula, Slot, number_text, rest_of, split
from reproduce.report.table import Cell, Column, Table, count, formula, number, words
from reproduce.search.published_space import (
    BINARY,
    DECAY_BINARY,
    DECAY_CURVES,
    DECAY_UNARY,
    OPERANDS,
    UNARY,
    Primitive,
)

#: Steps of the run at whose first, middle and last step a curve's values are shown.
CURVE_STEPS = 100
#: By curve: its definition as text and in LaTeX.
DEFINITIONS: Mapping[str, tuple[str, str]] = {
    "a1": ("1 - tau", r"1-\tau"),
    "a2": ("tau", r"\tau"),
    "a3": ("(1 + cos(pi tau)) / 2", r"\frac{1+\cos\left(\pi \tau\right)}{2}"),
    "a4": ("(1 - cos(pi tau)) / 2", r"\frac{1-\cos\left(\pi \tau\right)}{2}"),
    "a5": ("(1 + cos(2 pi tau)) / 2", r"\frac{1+\cos\left(2 \pi \tau\right)}{2}"),
    "a6": ("(1 - cos(2 pi tau)) / 2", r"\frac{1-\cos\left(2 \pi \tau\right)}{2}"),
    "a7": ("(1 + cos(pi rho)) / 2", r"\frac{1+\cos\left(\pi \rho\right)}{2}"),
    "a8": ("(1 - cos(pi rho)) / 2", r"\frac{1-\cos\left(\pi \rho\right)}{2}"),
    "a9": ("1 - rho", r"1-\rho"),
    "a10": ("rho", r"\rho"),
    "a11": ("exp(tau ln(0.01))", r"0.01^{\tau}"),
    "a12": ("1 - exp(tau ln(0.01))", r"1-0.01^{\tau}"),
    "a13": ("b / (0.05 + b)", r"\frac{b}{0.05+b}"),
    "a14": ("0.95 - a13", r"0.95-a_{13}"),
}
_NEEDS = {"pure": "-", "tensor": "whole tensor", "random": "random numbers", "state": "state"}


def primitive_tables() -> list[Table]:
    """Make the tables of the whole search space."""
    return [operand_table(), unary_table(), binary_table(), curve_table(), decay_unary_table(), decay_binary_table()]


def operand_table() -> Table:
    """The quantities that an update can read."""
    return Table.of(
        name="operands",
        title="Operands",
        caption=(
            f"The {len(OPERANDS)} operands of the search space, in the notation of the published log, and what writes "
            "them in a spec. g is the gradient, w the weight; v, s and lam average g, g^2 and g^3 with betas 0.9, 0.99 "
            "and 0.999, a hat stands for bias correction. q1, q2 and q3 are the blends."
        ),
        columns=(
            Column("#", "number", lambda each: count(OPERANDS.index(each) + 1), numeric=True),
            Column("Operand", "operand", lambda each: formula(*_texts(each, "update"))),
            Column("In a spec", "spec", lambda each: words(_named(each))),
        ),
        items=OPERANDS,
    )


def unary_table() -> Table:
    """The functions of one argument."""
    return _functions("unary", "Unary functions", UNARY, "update", "unary functions of the search space")


def binary_table() -> Table:
    """The functions of two arguments."""
    return _functions("binary", "Binary functions", BINARY, "update", "binary functions of the search space")


def curve_table() -> Table:
    """The curves that decay functions are made of."""
    steps = {"First": 0, "Middle": CURVE_STEPS // 2, "Last": CURVE_STEPS - 1}
    at_steps = (Column(title, title.lower(), _value_at(step), numeric=True) for title, step in steps.items())
    return Table.of(
        name="decay_curves",
        title="Decay curves",
        caption=(
            f"The {len(DECAY_CURVES)} curves of training progress that decay functions read, and their values at steps "
            f"{steps['First']}, {steps['Middle']} and {steps['Last']} of {CURVE_STEPS}, computed. At step t of T: "
            "tau = t/T, rho = ((2t) mod T)/T, b = 0.95 (1 - (t+1)/T)."
        ),
        columns=(
            Column("Curve", "curve", lambda each: words(_texts(each, "decay")[0])),
            Column("Definition", "definition", lambda each: formula(*DEFINITIONS[_texts(each, "decay")[0]])),
            Column("In a spec", "spec", lambda each: words(CURVES[each.op].name)),
            *at_steps,
        ),
        items=DECAY_CURVES,
    )


def decay_unary_table() -> Table:
    """The functions of one argument in decay functions."""
    return _functions("decay_unary", "Unary decay functions", DECAY_UNARY, "decay", "unary functions in decays")


def decay_binary_table() -> Table:
    """The functions of two arguments in decay functions."""
    return _functions("decay_binary", "Binary decay functions", DECAY_BINARY, "decay", "binary functions in decays")


def _functions(name: str, title: str, primitives: Sequence[Primitive], kind: Kind, what: str) -> Table:
    return Table.of(
        name=name,
        title=title,
        caption=(
            f"The {len(primitives)} {what}: the published log's text, the formula (epsilon = 1e-7 where it guards a "
            "logarithm or a division), what writes it in a spec, and what it needs beside its arguments."
        ),
        columns=(
            Column("#", "number", lambda each: count(primitives.index(each) + 1), numeric=True),
            Column("In the log", "text", lambda each: words(function_text(each, kind))),
            Column("Formula", "formula", lambda each: _formula(each, kind)),
            Column("In a spec", "spec", lambda each: words(_named(each))),
            Column("Needs", "needs", lambda each: words(_NEEDS[FUNCTIONS[each.op].needs])),
        ),
        items=primitives,
    )


def function_text(primitive: Primitive, kind: Kind) -> str:
    """A function in the published notation, of x, or of a and b."""
    op = FUNCTIONS[primitive.op]
    values = {name: parameter.default for name, parameter in op.parameters.items()} | dict(primitive.params)
    texts = {name: number_text(value) for name, value in values.items()}
    texts |= {"a": "x" if op.arity == 1 else "a", "b": "b"}
    texts |= {"rest": number_text(rest_of(values["weight"]))} if "weight" in values else {}
    tokens = split(op.text(decay=kind == "decay"), op.parameters)
    return "".join(texts[token.name] if isinstance(token, Slot) else token for token in tokens)


def _formula(primitive: Primitive, kind: Kind) -> Cell:
    arity = FUNCTIONS[primitive.op].arity
    arguments = [Formula(name) for name in (("x",) if arity == 1 else ("a", "b"))]
    node = Node("f", primitive.op, tuple(Edge(each.latex) for each in arguments), dict(primitive.params))
    return formula(function_text(primitive, kind), node_formula(node, kind, arguments).latex)


def _graph(leaf: Primitive, kind: Kind) -> Graph:
    return Graph((Node("x", leaf.op, (), dict(leaf.params)),), "x", kind)


def _texts(leaf: Primitive, kind: Kind) -> tuple[str, str]:
    """An operand or a curve in the published notation, and in LaTeX."""
    return graph_to_text(_graph(leaf, kind)), graph_to_latex(_graph(leaf, kind))


def _value_at(step: int) -> Callable[[Primitive], Cell]:
    """Make the function from a curve to its value at a step of `CURVE_STEPS`."""
    now = numpy_progress(np.array([step]), CURVE_STEPS)
    return lambda curve: number(np.asarray(evaluate_graph(_graph(curve, "decay"), NUMPY, now)).ravel()[0].item(), 3)


def _named(primitive: Primitive) -> str:
    """The name in a spec with the parameters that are not the defaults."""
    params = ", ".join(f"{name}={number_text(value)}" for name, value in primitive.params)
    return f"{primitive.op}({params})" if params else primitive.op
