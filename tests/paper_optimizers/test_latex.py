"""LaTeX: formulas written by hand, parentheses where they are needed, and that every row and random specs typeset."""

import random
import re

import pytest

import paper_optimizers as po
from paper_optimizers import from_text
from paper_optimizers.curves import CURVES
from paper_optimizers.errors import SpecError
from paper_optimizers.graph import Edge, Graph, Kind, Node, functions, leaves
from paper_optimizers.latex import graph_to_latex, to_latex
from paper_optimizers.ops import FUNCTIONS
from paper_optimizers.spec import OptimizerSpec
from paper_optimizers.templates import number_latex
from tests.paper_optimizers.spec_strategies import random_spec

CATALOG = {
    "A1": r"\operatorname{clip}\left(\hat{v}, \sqrt{\left|\hat{s}\right|} + 10^{-7}\right)",
    "Adam": r"\frac{\hat{v}}{\sqrt{\left|\hat{s}_{0.999}\right|} + \epsilon}",
    "PowerSign": r"e^{\operatorname{sign}\left(g\right) \cdot \operatorname{sign}\left(\hat{v}\right)} \cdot g",
    "Lion": r"\operatorname{sign}\left(0.9 \cdot v_{0.99, t-1} + 0.1 \cdot g\right)",
    "Opt1": r"q_1 + \operatorname{softsign}\left(\operatorname{clip}\left(10^{-5} w, 10^{-5} w - q_2\right)\right)",
    "Opt5": r"\frac{q_1}{\operatorname{clip}\left(2, e^{\hat{v}}\right)}",
    "Opt9": r"\operatorname{erfc}\left(a_{11}\right) \cdot g \cdot e^{\arctan\left(q_2\right)}",
    "SGD": "g",
}

PARENTHESES = {
    "(g)-((v hat)-(s hat))": r"g - \left(\hat{v} - \hat{s}\right)",
    "((g)-(v hat))-(s hat)": r"g - \hat{v} - \hat{s}",
    "(g)+((v hat)+(s hat))": r"g + \hat{v} + \hat{s}",
    "((g)+(1))*(v hat)": r"\left(g + 1\right) \cdot \hat{v}",
    "((g)*(1))+(v hat)": r"g \cdot 1 + \hat{v}",
    "(g)*(-(v hat))": r"g \cdot \left(-\hat{v}\right)",
    "(-(g))+(v hat)": r"-g + \hat{v}",
    "(g)+(-(v hat))": r"g + \left(-\hat{v}\right)",
    "-(-(g))": r"-\left(-g\right)",
    "-((g)+(v hat))": r"-\left(g + \hat{v}\right)",
    "-((g)*(v hat))": r"-g \cdot \hat{v}",
    "(g^2)^2": r"\left(g^2\right)^{2}",
    "((g) / (v hat))^2": r"\left(\frac{g}{\hat{v} + \epsilon}\right)^{2}",
    "(exp(g))^2": r"\left(e^{g}\right)^{2}",
    "(tanh(g))^2": r"\tanh\left(g\right)^{2}",
    "exp((g)+(v hat))": r"e^{g + \hat{v}}",
    "(g)*(-0.5)": r"g \cdot \left(-0.5\right)",
    "id((g)+(v hat))": r"g + \hat{v}",
    "(id((g)+(v hat)))*(g)": r"\left(g + \hat{v}\right) \cdot g",
    "([a1][g])*([(a1)+(a2)][(g)+(1)])": r"a_{1} \cdot g \cdot \left(a_{1} + a_{2}\right) \cdot \left(g + 1\right)",
    "(g) / (v hat){epsilon=0}": r"\frac{g}{\hat{v}}",
    "1/(g){epsilon=1e-08}": r"\frac{1}{g + 10^{-8}}",
    "(0.9*((g)+(1))+0.1*(g))": r"0.9 \cdot \left(g + 1\right) + 0.1 \cdot g",
    "norm(g)": r"\operatorname{norm}_{\leq 1}\left(g\right)",
    "((1-0.5)*g+0.5*v hat)": r"0.5 \cdot g + 0.5 \cdot \hat{v}",
}


@pytest.mark.parametrize(("name", "latex"), CATALOG.items(), ids=str)
def test_catalog_formula(name, latex):
    assert po.get(name).to_latex() == latex


@pytest.mark.parametrize(("text", "latex"), PARENTHESES.items(), ids=str)
def test_parentheses_stand_where_they_are_needed(text, latex):
    assert to_latex(from_text(f"None ~ {text}")) == latex


def test_an_ascending_update_is_the_negative_of_its_expression():
    assert to_latex(from_text("None{ascend=true} ~ (g)+(1)")) == r"-\left(g + 1\right)"


def test_schedule_factor():
    latex = graph_to_latex(from_text("None{factor=[(arctan(a2)) / (sqrt(deriv_soft(a14'))){epsilon=0}]} ~ g").schedule)
    assert latex == r"\frac{\arctan\left(a_{2}\right)}{\sqrt{\left|\frac{1}{1+\left|a'_{14}\right|}\right|}}"


@pytest.mark.parametrize(
    ("number", "latex"),
    [(1.0, "1"), (0.95, "0.95"), (1e-4, "10^{-4}"), (1e-7, "10^{-7}"), (2.5e-7, r"2.5 \cdot 10^{-7}"),
     (-1e-9, r"-1 \cdot 10^{-9}"), (0.01, "0.01"), (1e12, "10^{12}"), (0.0, "0"), (100.0, "100")],
)  # fmt: skip
def test_numbers(number, latex):
    assert number_latex(number).latex == latex


def rows():
    for kind in ("update", "decay"):
        for op in (*leaves(kind), *functions(kind)):
            yield pytest.param(kind, op, id=f"{kind}-{op}")


@pytest.mark.parametrize(("kind", "op"), list(rows()))
def test_every_row_typesets(kind: Kind, op):
    leaf = "gradient" if kind == "update" else "linear_growth"
    arity = FUNCTIONS[op].arity if op in FUNCTIONS else 0
    typeset(graph_to_latex(Graph((Node("x", leaf), Node("y", op, (Edge("x"),) * arity)), "y", kind)))


@pytest.mark.parametrize("curve", [name for name, curve in CURVES.items() if curve.parameters])
def test_changed_curve_parameters_are_shown(curve):
    flags = {name for name, parameter in CURVES[curve].parameters.items() if isinstance(parameter.default, bool)}
    params = {name: True if name in flags else 0.25 for name in CURVES[curve].parameters}
    latex = graph_to_latex(Graph((Node("x", curve, (), params),), "x", "decay"))
    assert "0.25" in latex
    assert all(name in latex for name in flags)
    typeset(latex)


def test_random_specs_typeset():
    for seed in range(60):
        typeset(to_latex(random_spec(random.Random(seed))))


def test_random_specs_are_balanced():
    for seed in range(1000):
        balanced(to_latex(random_spec(random.Random(seed), 16)))


@pytest.mark.parametrize("op", ["add", "divide"])
def test_what_would_be_too_long_is_refused_before_it_is_built(op):
    nodes = [Node("n0", "gradient")]
    nodes += [Node(f"n{i}", op, (Edge(f"n{i - 1}"),) * 2) for i in range(1, 256)]
    with pytest.raises(SpecError, match="longer than 100000"):
        to_latex(OptimizerSpec(Graph(tuple(nodes), "n255")))


def typeset(latex):
    mathtext = pytest.importorskip("matplotlib.mathtext")
    mathtext.MathTextParser("path").parse(f"${latex}$")
    balanced(latex)


def balanced(latex):
    opened = []
    for token in re.findall(r"\\left.|\\right.|\\[{}]|[{}]", latex):
        if token in ("{",) or token.startswith(r"\left"):
            opened.append(token)
        elif token == "}":
            assert opened.pop() == "{"
        elif token.startswith(r"\right"):
            left = opened.pop()
            assert left.startswith(r"\left")
            assert left[-1] + token[-1] in ("()", "||")
    assert not opened
