"""Compiled programs: what is computed, merged and kept; and functions with state or randomness against hand loops."""

from collections.abc import Iterator

import numpy as np
import pytest

import paper_optimizers as po
from paper_optimizers.expressions import Expression, apply, leaf, to_graph
from paper_optimizers.fields import Momentum
from paper_optimizers.graph import Edge, Graph, Node
from paper_optimizers.program import compile_spec
from paper_optimizers.simulation import draw_from
from paper_optimizers.spec import OptimizerSpec
from tests.paper_optimizers.cases import decayed, tensors

G = leaf("gradient")
STEPS = 25


def spec_of(*nodes: Node) -> OptimizerSpec:
    """The spec whose root is the last node."""
    return OptimizerSpec(Graph(nodes, nodes[-1].id))


def updates(expression: Expression, seed: int = 3) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Gradient and update of each step."""
    (weight,), gradients = tensors(seed, STEPS, ((9,),))
    optimizer = po.NumpyOptimizer(OptimizerSpec(to_graph(expression)), total_steps=STEPS)
    for (gradient,) in gradients:
        yield gradient, optimizer.updates([weight], [gradient])[0]


def ops(spec: OptimizerSpec) -> list[str]:
    return [instruction.op for instruction in compile_spec(spec).instructions]


def test_what_the_root_does_not_reach_is_not_computed() -> None:
    spec = spec_of(
        Node("g", "gradient"),
        Node("s", "moment", (), {"power": 2}),
        Node("dead", "exp_moving_average", (Edge("s"),)),
        Node("deader", "dropout", (Edge("dead"),)),
        Node("root", "tanh", (Edge("g"),)),
    )
    program = compile_spec(spec)
    assert ops(spec) == ["gradient", "tanh"]
    assert (program.moments, program.states, program.num_draws) == ((), (), 0)


def test_equal_nodes_are_computed_once() -> None:
    spec = spec_of(
        Node("g", "gradient"),
        Node("again", "gradient", (), {"power": 1}),
        Node("a", "exp", (Edge("g"),)),
        Node("b", "exp", (Edge("again"),)),
        Node("c", "exp_moving_average", (Edge("a"),)),
        Node("d", "exp_moving_average", (Edge("b"),)),
        Node("root", "add", (Edge("c"), Edge("d"))),
    )
    assert ops(spec) == ["gradient", "exp", "exp_moving_average", "add"]
    assert compile_spec(spec).states == (0.95,)


def test_nodes_that_differ_are_not_merged() -> None:
    decay = to_graph(leaf("linear_decay"), "decay")
    spec = spec_of(
        Node("g", "gradient"),
        Node("g2", "gradient", (), {"power": 2}),
        Node("a", "exp", (Edge("g"),)),
        Node("b", "exp", (Edge("g", decay),)),
        Node("c", "exp", (Edge("g2"),)),
        Node("ab", "subtract", (Edge("a"), Edge("b"))),
        Node("ba", "subtract", (Edge("b"), Edge("a"))),
        Node("both", "multiply", (Edge("ab"), Edge("ba"))),
        Node("root", "add", (Edge("both"), Edge("c"))),
    )
    assert ops(spec).count("exp") == 3
    assert ops(spec).count("subtract") == 2


def test_dropouts_are_not_merged_but_a_shared_one_is_one() -> None:
    drop = apply("dropout", G)
    assert compile_spec(OptimizerSpec(to_graph(apply("add", drop, drop)))).num_draws == 2
    shared = spec_of(
        Node("g", "gradient"), Node("d", "dropout", (Edge("g"),)), Node("root", "subtract", (Edge("d"), Edge("d")))
    )
    assert compile_spec(shared).num_draws == 1
    optimizer = po.NumpyOptimizer(shared, draw=draw_from(np.random.default_rng(0)))
    np.testing.assert_array_equal(optimizer.updates([np.ones(50)], [np.ones(50)])[0], 0.0)


def test_moments_are_shared_between_operands() -> None:
    expression = apply(
        "add",
        apply("add", leaf("moment"), leaf("moment_sign")),
        apply("add", leaf("gradient_blend"), leaf("aggregate")),
    )
    assert compile_spec(OptimizerSpec(to_graph(expression))).moments == ((1, 0.9),)
    delayed = apply("add", leaf("moment", corrected=False, delayed=True), leaf("moment", beta=0.5))
    assert compile_spec(OptimizerSpec(to_graph(delayed))).moments == ((1, 0.9), (1, 0.5))


def test_decays_are_listed_once() -> None:
    a1, a2 = leaf("linear_decay"), leaf("linear_growth")
    expression = apply("add", decayed(apply("exp", decayed(G, a1)), a2), decayed(leaf("moment"), a1))
    assert len(compile_spec(OptimizerSpec(to_graph(expression))).decays) == 2


def test_a_decay_multiplies_what_its_edge_carries() -> None:
    expression = apply("subtract", decayed(G, leaf("linear_decay")), decayed(G, leaf("exponential_decay")))
    for step, (gradient, update) in enumerate(updates(expression)):
        np.testing.assert_allclose(
            update, (1 - step / STEPS) * gradient - 0.01 ** (step / STEPS) * gradient, rtol=1e-12, atol=1e-15
        )


@pytest.mark.parametrize("beta", [0.95, 0.0, 0.5])
def test_exp_moving_average(beta: float) -> None:
    average = 0.0
    for step, (gradient, update) in enumerate(updates(apply("exp_moving_average", apply("exp", G), beta=beta))):
        average = beta * average + (1 - beta) * np.exp(gradient)
        np.testing.assert_allclose(update, average / (1 - beta ** (step + 1)), rtol=1e-12)
        if step == 0:
            np.testing.assert_allclose(update, np.exp(gradient), rtol=1e-12)


def test_delta_change() -> None:
    """n_t = x_t - n_(t-1): an alternating sum, not a difference of neighbours."""
    last = 0.0
    for gradient, update in updates(apply("delta_change", G)):
        last = gradient - last
        np.testing.assert_allclose(update, last, rtol=1e-12)


def test_running_maximum_starts_at_zero() -> None:
    highest = np.zeros(9)
    for gradient, update in updates(apply("running_maximum", apply("subtract", G, leaf("constant", value=0.5)))):
        highest = np.maximum(highest, gradient - 0.5)
        np.testing.assert_array_equal(update, highest)
    assert (highest == 0).any()
    assert (highest > 0).any()


def test_running_sum_starts_at_zero() -> None:
    total = np.zeros(9)
    for gradient, update in updates(apply("running_sum", G)):
        total = total + gradient
        np.testing.assert_allclose(update, total, rtol=1e-12)


def test_states_of_states() -> None:
    inner, outer, last = 0.0, 0.0, 0.0
    expression = apply("exp_moving_average", apply("delta_change", apply("exp_moving_average", G)))
    for step, (gradient, update) in enumerate(updates(expression)):
        correction = 1 - 0.95 ** (step + 1)
        inner = 0.95 * inner + 0.05 * gradient
        last = inner / correction - last
        outer = 0.95 * outer + 0.05 * last
        np.testing.assert_allclose(update, outer / correction, rtol=1e-10, atol=1e-15)


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.3, 0.5])
def test_dropout(rate: float) -> None:
    size, spec = 200_000, OptimizerSpec(to_graph(apply("dropout", G, rate=rate)))
    optimizer = po.NumpyOptimizer(spec, draw=draw_from(np.random.default_rng(1)))
    first, second = (optimizer.updates([np.zeros(size)], [np.full(size, 3.0)])[0] for _ in range(2))
    np.testing.assert_allclose(first[first != 0], 3.0 / (1.0 - rate))
    for values in (first, second):
        # Five standard deviations of the share of zeros.
        assert abs(np.mean(values == 0) - rate) <= 5 * np.sqrt(rate * (1 - rate) / size)
    assert rate == 0 or (first != second).any()


def test_masks_of_two_nodes_are_independent() -> None:
    spec = OptimizerSpec(to_graph(apply("multiply", apply("dropout", G), apply("dropout", G))))
    optimizer = po.NumpyOptimizer(spec, draw=draw_from(np.random.default_rng(2)))
    (update,) = optimizer.updates([np.zeros(100_000)], [np.ones(100_000)])
    assert abs(np.mean(update != 0) - 0.25) < 0.01


def test_norm_is_taken_tensor_by_tensor() -> None:
    optimizer = po.NumpyOptimizer(OptimizerSpec(to_graph(apply("clip_norm", G))))
    long, short = optimizer.updates([np.zeros(4), np.zeros(2)], [np.full(4, 3.0), np.full(2, 0.1)])
    np.testing.assert_allclose(long, 0.5)
    np.testing.assert_array_equal(short, 0.1)


def test_ascent() -> None:
    (weight,), gradients = tensors(3, STEPS, ((9,),))
    down, up = (
        po.NumpyOptimizer(OptimizerSpec(to_graph(apply("exp", G)), Momentum("nesterov", 0.9), ascend=ascend))
        for ascend in (False, True)
    )
    lower = higher = weight
    for (gradient,) in gradients:
        (lower,), (higher,) = down.step([lower], [gradient], 0.1), up.step([higher], [gradient], 0.1)
    np.testing.assert_allclose(higher - weight, weight - lower, rtol=1e-12)


def test_a_constant_update_has_the_shape_of_its_weight() -> None:
    optimizer = po.NumpyOptimizer(OptimizerSpec(to_graph(apply("exp", leaf("constant")))))
    assert [u.shape for u in optimizer.updates([np.zeros((2, 3)), np.zeros(())], [np.zeros((2, 3)), np.zeros(())])] == [
        (2, 3),
        (),
    ]


def test_inputs_are_left_alone() -> None:
    weights, gradients = [np.ones(4)], [np.full(4, 2.0)]
    optimizer = po.NumpyOptimizer(po.get("Opt8"), total_steps=5)
    moved = optimizer.step(weights, gradients, 0.1)
    moved[0] += 1.0
    np.testing.assert_array_equal(weights[0], 1.0)
    np.testing.assert_array_equal(gradients[0], 2.0)


def test_expressions_share_equal_parts() -> None:
    v = leaf("moment")
    graph = to_graph(apply("add", apply("exp", v), apply("negate", apply("exp", v))))
    assert [node.op for node in graph.nodes] == ["moment", "exp", "negate", "add"]
    assert len(to_graph(apply("add", decayed(v, leaf("linear_decay")), v)).nodes) == 2
