"""docs/tutorials/spec.md: the words of the notation, from the op tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from paper_optimizers.curves import CURVES
from paper_optimizers.grammar import rules
from paper_optimizers.graph import Kind, default_values, functions
from paper_optimizers.operands import OPERANDS
from paper_optimizers.ops import FUNCTIONS
from paper_optimizers.templates import number_text
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
_EPSILON = """\
Functions, of `x`, or of `a` and `b`. Four of them add an epsilon of 1e-7, which [braces](#braces) can change: they are
`ln(|x| + epsilon)`, `ln(|1+exp(x)| + epsilon)`, `1/(x + epsilon)` and `a / (b + epsilon)`. The sigmoid of a decay,
`1/(1+exp(-x)`, lacks its last parenthesis: so the published log prints it, and so it is read."""
_AFTER_A_WORD = """\
### Braces

Numbers that a word has no place for follow it in braces, as in `s hat{beta=0.999}`. Several stand in one pair, with a
comma and a space between them: `v hat{beta=0.99, delayed=true}`. In JSON the same names are keys of a node's `params`.
There they stand beside what text writes in the word itself: `power` (`g^2`), `scale` (`0.5w`), `value` (`2`), `rate`
(`drop(x, 0.5)`) and `weight` (`(0.95*(a)+0.05*(b))`)."""
_AFTER_A_TYPE = (
    "Braces after `None`, `Mom` or `Nest` say what holds for the whole optimizer, as in `Nest{momentum=0.9} ~ g`:"
)


class Brace(NamedTuple):
    """A name that may stand in braces.

    Attributes:
        text: A word with it.
        name: The name; in JSON it is one of the node's ``params``.
        ops: The words that take it, by their names in JSON.
        meaning: What it says.
        kind: Where the word stands.
    """

    text: str
    name: str
    ops: tuple[str, ...]
    meaning: str
    kind: Kind = "update"


BRACES = (
    Brace(
        "s hat{beta=0.999}",
        "beta",
        ("moment", "moment_sign", "gradient_blend", "aggregate"),
        "how much an average keeps in a step; also of sign(v hat), q1 to q3 and mean(...)",
    ),
    Brace("v hat{corrected=false}", "corrected", ("moment",), "whether the average is corrected for its start"),
    Brace("v hat{delayed=true}", "delayed", ("moment",), "whether it is the average before this step's gradient"),
    Brace("mean(beta*v-g){first=0.5}", "first", ("aggregate",), "the second b; the first is 0"),
    Brace("mean(beta*v-g){second=0.99}", "second", ("aggregate",), "the third b"),
    Brace("(g) / (w){epsilon=0}", "epsilon", ("log_abs", "softplus", "reciprocal", "divide"), "see the functions"),
    Brace("expMovAvg(g){beta=0.9}", "beta", ("exp_moving_average",), "how much the average keeps in a step"),
    Brace("norm(g){max_norm=2}", "max_norm", ("clip_norm",), "the length that a longer tensor is cut to"),
    Brace("drop(g, 0.5){draw=1}", "draw", (), "words with one number share one random mask"),
    Brace(
        "a11{base=0.1}",
        "base",
        ("exponential_decay", "exponential_growth"),
        "the 0.01 in its formula; also of a12",
        "decay",
    ),
    Brace(
        "a13{initial=0.9}",
        "initial",
        ("demon_decay", "demon_growth", "demon_released"),
        "the 0.95 in its formula, of which 0.05 is the rest; also of a14 and a14'",
        "decay",
    ),
    Brace(
        "a13{held=true}",
        "held",
        ("demon_decay",),
        "whether the last step keeps the value of the step before, which is not 0",
        "decay",
    ),
)
#: Braces after the momentum type: an optimizer with them, their place in JSON, what stands without them, and meaning.
HEADERS = (
    ("Nest{momentum=0.9} ~ g", "momentum.coefficient", "one cycle", "the coefficient of Mom or Nest, a constant"),
    ("Nest{high=0.9} ~ g", "momentum.coefficient.high", "0.95", "the end of one cycle where momentum begins and ends"),
    ("Nest{low=0.8} ~ g", "momentum.coefficient.low", "0.85", "the end of one cycle that it falls to"),
    ("None{ascend=true} ~ g", "ascend", "false", "whether the step is w + eta u, and not w - eta u"),
    ("None{factor=[a4]} ~ g", "schedule", "no factor", "a decay that the learning rate is multiplied by"),
)


def page() -> str:
    """The page with its words as they should be."""
    return with_tables((ROOT / "docs" / "tutorials" / "spec.md").read_text("utf-8"), {"words": words()})


def words() -> str:
    """Operands with their meaning, functions of an update and of a decay, curves, and braces."""
    parts = [
        ("Operands:", _aligned(_operand_lines())),
        (_EPSILON, _aligned(_function_lines())),
        (
            "Curves, which decays are made of, at step t of T with tau = t/T and rho = ((2t) mod T)/T. "
            "In `a13`, b = 0.95 (1 - (t+1)/T):",
            _aligned(_curve_lines()),
        ),
        (_AFTER_A_WORD, _aligned(_brace_lines())),
        (_AFTER_A_TYPE, _aligned(_header_lines())),
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


def _brace_lines() -> Iterable[tuple[str, ...]]:
    yield "write", "without it", "what it is"
    for brace in BRACES:
        yield brace.text, ", ".join(dict.fromkeys(_defaults(brace))) or "a mask each", brace.meaning


def _defaults(brace: Brace) -> Iterable[str]:
    """List the values without the brace, one for each function that it serves."""
    for op in brace.ops:
        for rule in rules(brace.kind)[op]:
            yield number_text((default_values(op) | dict(rule.values))[brace.name])


def _header_lines() -> Iterable[tuple[str, ...]]:
    yield "write", "in JSON", "without it", "what it is"
    yield from HEADERS


def _aligned(lines: Iterable[tuple[str, ...]]) -> str:
    """Columns under each other."""
    rows = list(lines)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "".join("  ".join(map(str.ljust, row, widths)).rstrip() + "\n" for row in rows)
