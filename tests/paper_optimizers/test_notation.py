"""The published log's notation: every row of the tables, the extension to the whole language, and its errors."""

import csv
import json
import time

import pytest

from paper_optimizers import from_text
from paper_optimizers.curves import CURVES
from paper_optimizers.errors import SpecError
from paper_optimizers.expressions import Expression, apply, leaf, to_graph
from paper_optimizers.fields import Momentum, OneCycle
from paper_optimizers.grammar import MAX_DEPTH
from paper_optimizers.graph import Edge, Graph, Node, functions
from paper_optimizers.notation import MAX_LENGTH, graph_to_text, to_text
from paper_optimizers.operands import OPERANDS
from paper_optimizers.ops import FUNCTIONS
from paper_optimizers.spec import OptimizerSpec
from tests.paper_optimizers.cases import decayed

G, V = leaf("gradient"), leaf("moment")
S = leaf("moment", power=2, beta=0.99)

# The search space in the published notation, written by hand: text and what it means.
LEAVES = {
    "g": G,
    "g^2": leaf("gradient", power=2),
    "g^3": leaf("gradient", power=3),
    "v hat": V,
    "s hat": S,
    "lam hat": leaf("moment", power=3, beta=0.999),
    "1": leaf("constant"),
    "2": leaf("constant", value=2.0),
    "10-6w": leaf("weight", scale=1e-6),
    "10-5w": leaf("weight", scale=1e-5),
    "10-4w": leaf("weight", scale=1e-4),
    "10-3w": leaf("weight", scale=1e-3),
    "sign(g)": leaf("gradient_sign"),
    "sign(v hat)": leaf("moment_sign"),
    "((1-0.7)*g+0.7*v hat)": leaf("gradient_blend"),
    "((1-0.95)*g^2+0.95*s hat)": leaf("gradient_blend", power=2, beta=0.99, weight=0.95),
    "((1-0.99)*g^2+0.99*lam hat)": leaf("gradient_blend", power=3, beta=0.999, weight=0.99),
    "mean(beta*v-g)": leaf("aggregate"),
    "mean(beta*s-g^2)": leaf("aggregate", power=2, beta=0.99, first=0.99, second=0.999),
    "mean(beta*lam-g^3)": leaf("aggregate", power=3, beta=0.999, first=0.999, second=0.9999),
}
UPDATES = {
    "id(g)": apply("identity", G),
    "-(g)": apply("negate", G),
    "ln(|g|)": apply("log_abs", G),
    "sqrt(|g|)": apply("sqrt_abs", G),
    "exp(g)": apply("exp", G),
    "|g|": apply("abs", G),
    "sig(g)": apply("sigmoid", G),
    "1/(1+|g|)": apply("softsign_derivative", G),
    "ln(|1+exp(g)|)": apply("softplus", G),
    "erf(g)": apply("erf", G),
    "erfc(g)": apply("erfc", G),
    "arcsinh(g)": apply("arcsinh", G),
    "tanh(g)": apply("tanh", G),
    "arctan(g)": apply("arctan", G),
    "1/(g)": apply("reciprocal", G),
    "bessel_i1e(g)": apply("bessel_i1e", G),
    "max(g, 0)": apply("relu", G),
    "min(g, 0)": apply("min_zero", G),
    "drop(g, 0.5)": apply("dropout", G),
    "drop(g, 0.3)": apply("dropout", G, rate=0.3),
    "drop(g, 0.1)": apply("dropout", G, rate=0.1),
    "norm(g)": apply("clip_norm", G),
    "g/(1+|g|)": apply("softsign", G),
    "expMovAvg(g)": apply("exp_moving_average", G),
    "deltaChange(g)": apply("delta_change", G),
    "MaxValue(g)": apply("running_maximum", G),
    "SumValue(g)": apply("running_sum", G),
    "(g)+(v hat)": apply("add", G, V),
    "(g)-(v hat)": apply("subtract", G, V),
    "(g)*(v hat)": apply("multiply", G, V),
    "max(g, v hat)": apply("maximum", G, V),
    "min(g, v hat)": apply("minimum", G, V),
    "(g) / (v hat)": apply("divide", G, V),
    "(g) / (sqrt(1+(v hat)^2))": apply("divide_hypot", G, V),
    "clip(g, v hat)": apply("clip", G, V),
    "(0.95*(g)+0.05*(v hat))": apply("blend", G, V),
    "(|g|)^(v hat)": apply("power", G, V),
    # Outside the search space.
    "(g)^2": apply("square", G),
    "sign(s hat)": apply("sign", S),
    "deriv_tanh(g)": apply("tanh_derivative", G),
    "deriv_sig(g)": apply("sigmoid_derivative", G),
}
A1, A2 = leaf("linear_decay"), leaf("linear_growth")
DECAYS = {
    "1/(1+exp(-a1)": apply("sigmoid", A1),
    "deriv_soft(a1)": apply("softsign_derivative", A1),
    "erf(a1)": apply("erf", A1),
    "erfc(a1)": apply("erfc", A1),
    "tanh(a1)": apply("tanh", A1),
    "arctan(a1)": apply("arctan", A1),
    "bessel_i1e(a1)": apply("bessel_i1e", A1),
    "(a1)^2": apply("square", A1),
    "sqrt(a1)": apply("sqrt_abs", A1),
    "a1/(1+|a1|)": apply("softsign", A1),
    "deriv_tanh(a1)": apply("tanh_derivative", A1),
    "deriv_sig(a1)": apply("sigmoid_derivative", A1),
    "id(a1)": apply("identity", A1),
    "(a1)+(a2)": apply("add", A1, A2),
    "(a1)-(a2)": apply("subtract", A1, A2),
    "(a1)*(a2)": apply("multiply", A1, A2),
    "max(a1, a2)": apply("maximum", A1, A2),
    "min(a1, a2)": apply("minimum", A1, A2),
    "(a1) / (sqrt(1+(a2)^2))": apply("divide_hypot", A1, A2),
    # Functions of updates.
    "1/(a1)": apply("reciprocal", A1),
    "(a1) / (a2)": apply("divide", A1, A2),
    "sqrt(|a1|)": apply("sqrt_abs", apply("abs", A1)),
}
WHOLE_LANGUAGE = {
    "v hat{beta=0.99, corrected=false}": leaf("moment", beta=0.99, corrected=False),
    "s hat{beta=0.999}": leaf("moment", power=2, beta=0.999),
    "sign(v hat){beta=0.5}": leaf("moment_sign", beta=0.5),
    "sign(v hat{beta=0.5})": apply("sign", leaf("moment", beta=0.5)),
    "((1-0.25)*g+0.25*v hat){beta=0.8}": leaf("gradient_blend", beta=0.8, weight=0.25),
    "mean(beta*s-g^2){first=0.5}": leaf("aggregate", power=2, beta=0.99, first=0.5, second=0.999),
    "w": leaf("weight"),
    "0.01w": leaf("weight", scale=0.01),
    "-1e-07": leaf("constant", value=-1e-7),
    "(g) / (2){epsilon=0}": apply("divide", G, leaf("constant", value=2.0), epsilon=0.0),
    "norm(g){max_norm=0.5}": apply("clip_norm", G, max_norm=0.5),
    "(0.9*(g)+0.1*(v hat))": apply("blend", G, V, weight=0.9),
    "drop(g, 0.25)": apply("dropout", G, rate=0.25),
    "expMovAvg(ln(|g|){epsilon=0.001}){beta=0}": apply(
        "exp_moving_average", apply("log_abs", G, epsilon=1e-3), beta=0.0
    ),
    "tanh([max(a11{base=0.5}, a14')][g])": apply(
        "tanh", decayed(G, apply("maximum", leaf("exponential_decay", base=0.5), leaf("demon_released")))
    ),
    "[a1][g]/(1+|[a1][g]|)": apply("softsign", decayed(G, A1)),
    "g/(1+|g|)/(1+|g/(1+|g|)|)": apply("softsign", apply("softsign", G)),
    "|[a13][|g|/(1+||g||)]|": apply("abs", decayed(apply("softsign", apply("abs", G)), leaf("demon_decay"))),
    "(|g|)+(v hat)": apply("add", apply("abs", G), V),
    "(|g|)^2": apply("square", apply("abs", G)),
    "exp(-(1/(1+|1|)))": apply("exp", apply("negate", apply("softsign_derivative", leaf("constant")))),
}


def same_graph(graph: Graph, expression: Expression, kind: str = "update") -> bool:
    return graph == to_graph(expression, kind)


@pytest.mark.parametrize(("text", "expression"), [*LEAVES.items(), *UPDATES.items(), *WHOLE_LANGUAGE.items()], ids=str)
def test_update_is_read_and_printed(text, expression):
    spec = from_text(f"None ~ {text}")
    assert same_graph(spec.update, expression)
    assert to_text(spec) == f"None ~ {text}"


@pytest.mark.parametrize(("text", "expression"), DECAYS.items(), ids=str)
def test_decay_is_read_and_printed(text, expression):
    spec = from_text(f"None{{factor=[{text}]}} ~ tanh([{text}][g])")
    assert same_graph(spec.schedule, expression, "decay")
    assert same_graph(spec.update, apply("tanh", decayed(G, expression)))
    assert to_text(spec) == f"None{{factor=[{text}]}} ~ tanh([{text}][g])"


@pytest.mark.parametrize("curve", CURVES)
def test_every_curve_is_read_and_printed(curve):
    graph = Graph((Node("x", curve),), "x", "decay")
    read = from_text(f"None{{factor=[{graph_to_text(graph)}]}} ~ g").schedule
    assert read.nodes == (Node(curve, curve),)


def test_the_hand_written_texts_cover_every_row_of_the_tables():
    covered = {op for e in (*LEAVES.values(), *UPDATES.values(), *WHOLE_LANGUAGE.values()) for op in _ops(e)}
    assert covered == set(OPERANDS) | set(FUNCTIONS)
    assert {e.op for e in DECAYS.values()} <= set(functions("decay"))


def _ops(expression):
    return {expression.op}.union(*map(_ops, expression.arguments))


@pytest.mark.parametrize(
    ("text", "momentum", "ascend"),
    [
        ("None ~ g", Momentum(), False),
        ("Mom ~ g", Momentum("classical"), False),
        ("Nest ~ g", Momentum("nesterov"), False),
        ("Nest{momentum=0.9} ~ g", Momentum("nesterov", 0.9), False),
        ("Mom{high=0.5} ~ g", Momentum("classical", OneCycle(0.5)), False),
        ("Mom{high=0.5, low=0, ascend=true} ~ g", Momentum("classical", OneCycle(0.5, 0.0)), True),
        ("None{ascend=true} ~ g", Momentum(), True),
    ],
)
def test_header(text, momentum, ascend):
    spec = from_text(text)
    assert (spec.momentum, spec.ascend, spec.schedule) == (momentum, ascend, None)
    assert to_text(spec) == text


def test_schedule_factor():
    text = "None{factor=[(erfc(erfc(a4))) / (deriv_tanh(a8)){epsilon=0}]} ~ g"
    spec = from_text(text)
    assert [node.op for node in spec.schedule.nodes][-1] == "divide"
    assert to_text(spec) == text


@pytest.mark.parametrize("operator", ["+", "-", "*", "/"])
def test_operators_may_have_spaces_or_none(operator):
    """In updates and decays, and in the function whose text goes on after its operator; printing has one form."""
    texts = [
        f"None ~ (g){before}{operator}{after}([(a1){before}{operator}{after}(a2)][w])"
        for before in ("", " ")
        for after in ("", " ")
    ]
    (spec,) = {from_text(text) for text in texts}
    assert to_text(spec) in texts
    assert from_text("None ~ (g)/(sqrt(1+(w)^2))") == from_text("None ~ (g) / (sqrt(1+(w)^2))")
    with pytest.raises(SpecError):
        from_text(f"None ~ (g)  {operator} (w)")


def test_published_log(reference):
    with (reference / "search_log" / "published_search.csv").open(newline="", encoding="utf-8") as file:
        texts = [row["expression"] for row in csv.DictReader(file)]
    assert len(texts) > 1900
    changed = [text for text in texts if to_text(from_text(text)) != text]
    assert not changed


def test_integrity_outcomes(reference):
    outcomes = json.loads((reference / "integrity" / "outcomes.json").read_text(encoding="utf-8"))
    changed = [outcome["expr"] for outcome in outcomes if to_text(from_text(outcome["expr"])) != outcome["expr"]]
    assert len(outcomes) == 169
    assert not changed


def test_equal_subexpressions_share_a_node_except_random_ones():
    assert len(from_text("None ~ (exp(g))+(exp(g))").update.nodes) == 3
    assert len(from_text("None ~ (drop(g, 0.5))+(drop(g, 0.5))").update.nodes) == 4


def test_a_shared_random_node_is_labelled():
    nodes = (Node("g", "gradient"), Node("d", "dropout", (Edge("g"),)), Node("e", "exp", (Edge("d"),)),
             Node("u", "add", (Edge("e"), Edge("d"))))  # fmt: skip
    text = to_text(OptimizerSpec(Graph(nodes, "u")))
    assert text == "None ~ (exp(drop(g, 0.5){draw=1}))+(drop(g, 0.5){draw=1})"
    assert len(from_text(text).update.nodes) == 4


def test_inactive_nodes_are_not_printed():
    nodes = (Node("g", "gradient"), Node("unused", "exp", (Edge("g"),)))
    assert to_text(OptimizerSpec(Graph(nodes, "g"))) == "None ~ g"


@pytest.mark.parametrize(
    ("text", "path", "words"),
    [
        ("", "text[0]", "'None', 'Mom' or 'Nest'"),
        ("Foo ~ g", "text[0]", "'Foo ~ g'"),
        ("None~g", "text[4]", "' ~ '"),
        ("None ~ ", "text[7]", "received the end"),
        ("None ~ tahn(g)", "text[7]", "did you mean 'tanh('?"),
        ("None ~ sqrt(g)", "text[7]", "did you mean 'sqrt(|'?"),
        ("None ~ (g)+(v hat", "text[17]", "expected ')'"),
        ("None ~ tanh(0.5*v hat)", "text[15]", "an operator stands between arguments in parentheses: (a)+(b)"),
        ("None ~ arctan((1-0.7)*g+0.7*v hat)", "text[16]", "an operator stands between arguments in parentheses"),
        ("None ~ (g)+(q)", "text[12]", "operands are g, g^2, g^3, v hat, s hat, lam hat, w"),
        ("tanh(g)", "text[0]", "expected 'None', 'Mom' or 'Nest', as in 'None ~ tanh(g)'"),
        ("None ~ tanh([xyz][g])", "text[13]", "curves are a1, a2, a3"),
        ("None ~ g g", "text[8]", "the end of the text"),
        ("None ~ g/(1+|s hat|)", "text[13]", "'g'"),
        ("None ~ (0.9*(g)+0.2*(g))", "text[16]", "'0.1'"),
        ("None ~ v hat{beta=1}", "text[18]", "[0, 0.9999999]"),
        ("None ~ v hat{beta=0.1, beta=0.1}", "text[23]", "'corrected='"),
        ("None ~ v hat{corrected=1}", "text[23]", "'true' or 'false'"),
        ("None ~ s hat{power=2.0}", "text[19]", "an integer"),
        ("None ~ g{}", "text[9]", "'power='"),
        ("None ~ [a1][g]", "text[14]", "a function around this"),
        ("None ~ tanh([g][g])", "text[13]", "a curve or function"),
        ("None ~ tanh([norm(a1)][g])", "text[13]", "a curve or function"),
        ("None ~ tanh([tanh([a1][a2])][g])", "text[18]", "a curve or function"),
        ("None{momentum=0.5} ~ g", "text[5]", "'ascend='"),
        ("Mom{momentum=1} ~ g", "text[13]", "[0, 1)"),
        ("Mom{momentum=0.5, low=0.5} ~ g", "text[3]", "beside"),
    ],
)
def test_errors_name_the_place_and_what_was_expected(text, path, words):
    with pytest.raises(SpecError) as caught:
        from_text(text)
    assert caught.value.path == path
    assert words in caught.value.reason


@pytest.mark.parametrize(
    "text",
    [
        "(" * 90_000,
        "|" * 90_000,
        "[" * 90_000,
        "1/(1+|" * 15_000,
        "tanh([a1][" * 9_000,
        "tanh([" + "1/(1+exp(-" * 9_000 + "a1" + ")" * 9_000 + "][g])",
        "exp(" * 300 + "g" + ")" * 300,
        "g" + "/(1+|g|)" * 12_000,
        "max(g, " + "9" * 90_000,
        "g" * (MAX_LENGTH + 1),
    ],
    ids=lambda text: text[:12],
)
def test_huge_and_deep_texts_are_refused_quickly(text):
    started = time.process_time()
    with pytest.raises(SpecError):
        from_text(f"None ~ {text}")
    assert time.process_time() - started < 5.0


def test_the_deepest_spec_is_printed_and_read():
    nodes = [Node("n0", "gradient")]
    decay = from_text("None ~ tanh([" + "erf(" * 63 + "a1" + ")" * 63 + "][g])").update["h1"].inputs[0].decay
    nodes += [Node(f"n{i}", "exp", (Edge(f"n{i - 1}", decay),)) for i in range(1, 256)]
    spec = OptimizerSpec(Graph(tuple(nodes), "n255"))
    again = from_text(to_text(spec))
    assert len(again.update.nodes) == 256
    assert again.decays == (decay,)
    assert MAX_DEPTH > 256 + 64


@pytest.mark.parametrize("op", ["add", "softsign"])
def test_what_would_be_too_long_is_refused_before_it_is_built(op):
    nodes = [Node("n0", "gradient")]
    for i in range(1, 256):
        nodes.append(Node(f"n{i}", op, (Edge(f"n{i - 1}"),) * FUNCTIONS[op].arity))
    with pytest.raises(SpecError, match="longer than 100000"):
        to_text(OptimizerSpec(Graph(tuple(nodes), "n255")))


def test_reading_a_long_text_is_fast():
    text, doublings = "g", 13
    for _ in range(doublings):
        text = f"({text})+({text})"
    started = time.process_time()
    assert len(text) > 40_000
    assert len(from_text(f"None ~ {text}").update.nodes) == doublings + 1
    assert time.process_time() - started < 10.0


@pytest.mark.parametrize("text", [b"None ~ g", None, 3])
def test_only_text_is_read(text):
    with pytest.raises(SpecError, match="expected text"):
        from_text(text)
