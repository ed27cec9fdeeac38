"""docs/tutorials/spec.md: the words of the notation, from the op tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from paper_optimizers.curves import CURVES
from paper_optimizers.graph import functions
from paper_optimizers.operands import OPERANDS
from paper_optimizers.ops import FUNCTIONS
from reproduce.report.pages import ROOT
from reproduce.report.pages.tables import with_tables
from reproduce.report.tables.primitives import DEFINITIONS, function_text
from reproduce.search.published_space import Primitive

#: By operand: its texts as a page shows them, and what they are.
_OPERANDS: Mapping[str, Sequence[tuple[str, str]]] = {
    "gradient": [("g  g^2  g^3", "the gradient, its square, its cube")],
    "moment": [("v hat  s hat  lam hat", "averages of g, g^2, g^3: betas 0.9, 0.99, 0.999, corrected for their start")],
    "constant": [("1  0.5  -2", "any number")],
    "weight": [("w  0.01w  10-5w", "the weight, times a number; 10-5w is 1e-5 w")],
    "gradient_sign": [("sign(g)", "the sign of the gradient")],
    "moment_sign": [("sign(v hat)", "the sign of its average")],
    "gradient_blend": [
        ("((1-0.7)*g+0.7*v hat)", "q1: 0.3 g + 0.7 v hat, with these parentheses"),
        ("((1-0.95)*g^2+0.95*s hat)", "q2: 0.05 g^2 + 0.95 s hat"),
        ("((1-0.99)*g^2+0.99*lam hat)", "q3: 0.01 g^3 + 0.99 lam hat; the published log prints g^2 here"),
    ],
    "aggregate": [
        ("mean(beta*v-g)", "aggregated momentum: the mean of b v - g over b = 0, 0.9, 0.999"),
        ("mean(beta*s-g^2)", "the same of g^2, b = 0, 0.99, 0.999"),
        ("mean(beta*lam-g^3)", "the same of g^3, b = 0, 0.999, 0.9999"),
    ],
}
_CURVES = {
    "a14'": "a14 as the code published with the paper has it",
    "{value}": "any number",
}


def page() -> str:
    """The page with its words as they should be."""
    return with_tables((ROOT / "docs" / "tutorials" / "spec.md").read_text("utf-8"), {"words": words()})


def words() -> str:
    """Operands with their meaning, functions of an update and of a decay, and curves, each with its name in JSON."""
    parts = [
        ("Operands:", _aligned(_operand_lines())),
        ("Functions, of `x`, or of `a` and `b`:", _aligned(_function_lines())),
        (
            "Curves, which decays are made of, at step t of T with tau = t/T and rho = ((2t) mod T)/T. "
            "In `a13`, b = 0.95 (1 - (t+1)/T):",
            _aligned(_curve_lines()),
        ),
    ]
    return "\n".join(f"{title}\n\n```text\n{lines}```\n" for title, lines in parts)


def _operand_lines() -> Iterable[tuple[str, str, str]]:
    yield "write", "in JSON", "what it is"
    for name in OPERANDS:
        for text, meaning in _OPERANDS[name]:
            yield text, name, meaning


def _function_lines() -> Iterable[tuple[str, str, str]]:
    yield "in an update", "in JSON", "in a decay"
    in_decays = functions("decay")
    for name in FUNCTIONS:
        text, decay = (function_text(Primitive(name), kind) for kind in ("update", "decay"))
        yield text, name, "-" if name not in in_decays else "the same" if text == decay else decay


def _curve_lines() -> Iterable[tuple[str, str, str]]:
    yield "write", "in JSON", "what it is"
    for name, curve in CURVES.items():
        (text,) = curve.notation
        shown = "1  0.5  -2" if text == "{value}" else text
        yield shown, name, _CURVES[text] if text in _CURVES else DEFINITIONS[text][0]


def _aligned(lines: Iterable[tuple[str, str, str]]) -> str:
    """Columns under each other."""
    rows = list(lines)
    first, second = (max(len(row[column]) for row in rows) for column in (0, 1))
    return "".join(f"{a:<{first}}  {b:<{second}}  {c}\n" for a, b, c in rows)
