"""Every row of the op tables computes its formula in float64, and the search space has the paper's rows."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from paper_optimizers.curves import CURVES, numpy_progress
from paper_optimizers.expressions import Expression, apply, leaf, to_graph
from paper_optimizers.graph import default_values
from paper_optimizers.namespaces import NUMPY
from paper_optimizers.operands import OPERANDS
from paper_optimizers.ops import FUNCTIONS
from paper_optimizers.program import evaluate_graph
from paper_optimizers.simulation import NumpyOptimizer
from paper_optimizers.spec import OptimizerSpec
from reproduce.search import published_space
from tests.paper_optimizers.cases import decayed, tensors
from tests.paper_optimizers.formulas import History, curves, known_curves
from tests.paper_optimizers.op_rows import BINARY, RANDOM, SEVERAL_STEPS, UNARY, arguments, cases, expected

#: The operands of the search space in the paper's order: the log's text and the value, from a history and the moments.
OPERAND_TEXTS: list[tuple[str, Callable[[History], Any]]] = [
    ("g", lambda h: h.g),
    ("g^2", lambda h: h.g**2),
    ("g^3", lambda h: h.g**3),
    ("v hat", lambda h: h.v),
    ("s hat", lambda h: h.s),
    ("lam hat", lambda h: h.average(3, 0.999)),
    ("1", lambda h: np.ones_like(h.g)),
    ("2", lambda h: 2 * np.ones_like(h.g)),
    ("10-6w", lambda h: 1e-6 * h.w),
    ("10-5w", lambda h: 1e-5 * h.w),
    ("10-4w", lambda h: 1e-4 * h.w),
    ("10-3w", lambda h: 1e-3 * h.w),
    ("sign(g)", lambda h: np.sign(h.g)),
    ("sign(v hat)", lambda h: np.sign(h.v)),
    ("((1-0.7)*g+0.7*v hat)", lambda h: h.q1),
    ("((1-0.95)*g^2+0.95*s hat)", lambda h: h.q2),
    ("((1-0.99)*g^2+0.99*lam hat)", lambda h: h.q3),
    ("mean(beta*v-g)", lambda h: _aggregate(h, 1, 0.9, 0.9, 0.999)),
    ("mean(beta*s-g^2)", lambda h: _aggregate(h, 2, 0.99, 0.99, 0.999)),
    ("mean(beta*lam-g^3)", lambda h: _aggregate(h, 3, 0.999, 0.999, 0.9999)),
]
UNARY_TEXTS = [
    "id(g)", "-(g)", "ln(|g|)", "sqrt(|g|)", "exp(g)", "|g|", "sig(g)", "1/(1+|g|)", "ln(|1+exp(g)|)", "erf(g)",
    "erfc(g)", "arcsinh(g)", "tanh(g)", "arctan(g)", "1/(g)", "bessel_i1e(g)", "max(g, 0)", "min(g, 0)",
    "drop(g, 0.5)", "drop(g, 0.3)", "drop(g, 0.1)", "norm(g)", "g/(1+|g|)", "expMovAvg(g)", "deltaChange(g)",
    "MaxValue(g)",
]  # fmt: skip
BINARY_TEXTS = [
    "(g)+(v hat)", "(g)-(v hat)", "(g)*(v hat)", "max(g, v hat)", "min(g, v hat)", "(g) / (v hat)",
    "(g) / (sqrt(1+(v hat)^2))", "clip(g, v hat)", "(0.95*(g)+0.05*(v hat))", "(|g|)^(v hat)",
]  # fmt: skip
DECAY_UNARY_TEXTS = [
    "1/(1+exp(-a1)", "deriv_soft(a1)", "erf(a1)", "erfc(a1)", "tanh(a1)", "arctan(a1)", "bessel_i1e(a1)", "(a1)^2",
    "sqrt(a1)", "a1/(1+|a1|)", "deriv_tanh(a1)", "deriv_sig(a1)", "id(a1)",
]  # fmt: skip
DECAY_BINARY_TEXTS = [
    "(a1)+(a2)", "(a1)-(a2)", "(a1)*(a2)", "max(a1, a2)", "min(a1, a2)", "(a1) / (a2)", "(a1) / (sqrt(1+(a2)^2))",
]  # fmt: skip


def _aggregate(h: History, power: int, beta: float, first: float, second: float) -> Any:
    x, m = h.g**power, h.average(power, beta, corrected=False)
    return np.mean([0 * m - x, first * m - x, second * m - x], axis=0)


def text(expression: Expression) -> str:
    return OptimizerSpec(to_graph(expression)).to_text().removeprefix("None ~ ")


def test_every_row_is_tested() -> None:
    assert set(FUNCTIONS) == set(UNARY) | set(BINARY) | SEVERAL_STEPS | RANDOM
    assert {name for name, op in FUNCTIONS.items() if op.arity == 2} == set(BINARY)
    assert len(FUNCTIONS) == 39


@pytest.mark.parametrize(("name", "parameters", "formula"), cases())
def test_functions(name: str, parameters: dict[str, float], formula: Callable[..., Any]) -> None:
    inputs = arguments(name, decades=30)
    with np.errstate(all="ignore"):
        values = default_values(name) | parameters
        ours = FUNCTIONS[name].compute(NUMPY, *(x.astype(np.float64) for x in inputs), **values)
    # Where a result of order 1 cancels to nothing, both sides round differently.
    np.testing.assert_allclose(ours, expected(formula, inputs), rtol=1e-13, atol=2e-16)


def test_a_small_tensor_keeps_its_norm() -> None:
    small = np.array([0.3, -0.4])
    np.testing.assert_array_equal(FUNCTIONS["clip_norm"].compute(NUMPY, small, max_norm=1.0), small)
    np.testing.assert_array_equal(FUNCTIONS["clip_norm"].compute(NUMPY, 0 * small, max_norm=1.0), 0 * small)


@pytest.mark.parametrize("total", [1, 2, 3, 10, 99, 100])
def test_curves(total: int) -> None:
    now = numpy_progress(np.arange(total), total)
    by_hand = [curves(t, total) for t in range(total)]
    rows = [name for name in CURVES if name != "constant"]
    assert len(rows) == len(by_hand[0]) == 15
    for name, label in zip(rows, by_hand[0], strict=True):
        assert list(CURVES[name].notation) == [label.replace("b14", "a14'")]
        ours = CURVES[name].compute(NUMPY, now, **default_values(name))
        np.testing.assert_allclose(ours, [values[label] for values in by_hand], rtol=1e-13, atol=1e-15, err_msg=name)
    held = CURVES["demon_decay"].compute(NUMPY, now, **{**default_values("demon_decay"), "held": True})
    np.testing.assert_allclose(held, [known_curves(t, total)["held_a13"] for t in range(total)], rtol=1e-13)
    if total > 1:
        assert held[-1] == pytest.approx(held[-2], rel=1e-13)


def test_curves_with_other_parameters() -> None:
    now = numpy_progress(np.arange(10), 10)
    tau, B = np.arange(10) / 10, 0.5 * (1 - np.arange(1, 11) / 10)
    for name, parameters, values in [
        ("exponential_decay", {"base": 0.5}, 0.5**tau),
        ("exponential_growth", {"base": 0.5}, 1 - 0.5**tau),
        ("demon_decay", {"initial": 0.5}, B / (0.5 + B)),
        ("demon_growth", {"initial": 0.5}, 0.5 - B / (0.5 + B)),
        ("demon_released", {"initial": 0.5}, (0.5 - B) / (0.5 + B)),
        ("constant", {"value": 0.25}, np.full(10, 0.25)),
    ]:
        ours = CURVES[name].compute(NUMPY, now, **(default_values(name) | parameters))
        np.testing.assert_allclose(ours, values, rtol=1e-13, atol=1e-15, err_msg=name)


def run(expression: Expression, value: Callable[[History], Any], steps: int = 12) -> None:
    """The oracle's update is ``value`` at every step."""
    (weight,), gradients = tensors(5, steps, ((11,),))
    optimizer = NumpyOptimizer(OptimizerSpec(to_graph(expression)))
    history: list[Any] = []
    for (gradient,) in gradients:
        history.append(gradient)
        weight = weight + 0.3
        (ours,) = optimizer.updates([weight], [gradient])
        np.testing.assert_allclose(ours, value(History(history, weight)), rtol=1e-10, atol=1e-15)


@pytest.mark.parametrize(
    ("primitive", "value"),
    [(primitive, value) for primitive, (_, value) in zip(published_space.OPERANDS, OPERAND_TEXTS, strict=True)],
    ids=[label for label, _ in OPERAND_TEXTS],
)
def test_operands_of_the_search_space(primitive: published_space.Primitive, value: Callable[[History], Any]) -> None:
    run(leaf(primitive.op, **dict(primitive.params)), value)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        (leaf("moment", beta=0.5), lambda h: h.average(1, 0.5)),
        (leaf("moment", beta=0.5, corrected=False), lambda h: h.average(1, 0.5, corrected=False)),
        (leaf("moment", beta=0.99, corrected=False, delayed=True), lambda h: h.before(0.99)),
        (leaf("moment", beta=0.0), lambda h: h.g),
        (leaf("moment", power=3, beta=0.2), lambda h: h.average(3, 0.2)),
        (leaf("moment_sign", beta=0.3), lambda h: np.sign(h.average(1, 0.3))),
        (leaf("constant", value=-0.125), lambda h: np.full_like(h.g, -0.125)),
        (leaf("weight"), lambda h: h.w),
        (leaf("weight", scale=-2.5), lambda h: -2.5 * h.w),
        (leaf("gradient_blend", power=2, beta=0.4, weight=0.2), lambda h: 0.8 * h.g**2 + 0.2 * h.average(2, 0.4)),
        (leaf("aggregate", power=2, beta=0.4, first=0.1, second=7.0), lambda h: _aggregate(h, 2, 0.4, 0.1, 7.0)),
    ],
)
def test_operands_with_other_parameters(expression: Expression, value: Callable[[History], Any]) -> None:
    run(expression, value)


def test_every_operand_is_tested() -> None:
    assert {primitive.op for primitive in published_space.OPERANDS} == set(OPERANDS)


def test_size_of_the_search_space() -> None:
    space = published_space
    rows = (space.OPERANDS, space.UNARY, space.BINARY, space.DECAY_CURVES, space.DECAY_UNARY, space.DECAY_BINARY)
    assert tuple(len(row) for row in rows) == (20, 26, 10, 14, 13, 7)
    assert all(len(set(row)) == len(row) for row in rows)


def test_notation_of_the_search_space() -> None:
    """Each row, in the paper's order, prints the text that the published log has."""
    g, v, a1, a2 = leaf("gradient"), leaf("moment"), leaf("linear_decay"), leaf("linear_growth")

    def decay_text(expression: Expression) -> str:
        return text(apply("identity", decayed(g, expression))).removeprefix("id([").removesuffix("][g])")

    space = published_space
    assert [text(leaf(p.op, **dict(p.params))) for p in space.OPERANDS] == [label for label, _ in OPERAND_TEXTS]
    assert [text(apply(p.op, g, **dict(p.params))) for p in space.UNARY] == UNARY_TEXTS
    assert [text(apply(p.op, g, v, **dict(p.params))) for p in space.BINARY] == BINARY_TEXTS
    assert [decay_text(leaf(p.op, **dict(p.params))) for p in space.DECAY_CURVES] == [f"a{n}" for n in range(1, 15)]
    assert [decay_text(apply(p.op, a1, **dict(p.params))) for p in space.DECAY_UNARY] == DECAY_UNARY_TEXTS
    assert [decay_text(apply(p.op, a1, a2, **dict(p.params))) for p in space.DECAY_BINARY] == DECAY_BINARY_TEXTS


def test_validity_of_decays() -> None:
    """Only decays that stay in [0, 1] over a run of 100 steps are candidates; a NaN anywhere refuses one."""
    a1, a13, a14 = leaf("linear_decay"), leaf("demon_decay"), leaf("demon_growth")
    for expression, valid in [
        (a1, True),
        (a14, True),
        (apply("divide", a1, a13), False),  # 0.01 / 1e-7 in the last step
        (apply("subtract", a1, a13), False),
        (apply("erfc", a1), True),
        (apply("add", a1, a1), False),
        (apply("divide", leaf("constant", value=0.0), leaf("constant", value=-1e-7)), False),  # 0 / 0
        (leaf("constant", value=1.0), True),
        (leaf("constant", value=1.0000001), False),
    ]:
        assert published_space.is_valid_decay(to_graph(expression, "decay")) is valid
    valid = [name for name in CURVES if published_space.is_valid_decay(to_graph(leaf(name), "decay"))]
    assert valid == [name for name in CURVES if name != "demon_released"]


def test_a_graph_of_curves_is_computed_elementwise() -> None:
    expression = apply("multiply", apply("erf", leaf("linear_decay")), leaf("cosine_hill"))
    graph = to_graph(expression, "decay")
    together = evaluate_graph(graph, NUMPY, numpy_progress(np.arange(20), 20))
    one_by_one = [evaluate_graph(graph, NUMPY, numpy_progress(t, 20)) for t in range(20)]
    np.testing.assert_array_equal(together, one_by_one)
