"""Fingerprints: equal for equal functions however they are written, different for anything else, the same for ever."""

import json
import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import paper_optimizers as po
from paper_optimizers.curves import CURVES
from paper_optimizers.expressions import Expression, apply, leaf, to_graph
from paper_optimizers.fields import Momentum, OneCycle
from paper_optimizers.graph import Edge, Graph, Node
from paper_optimizers.ops import FUNCTIONS
from paper_optimizers.spec import OptimizerSpec
from reproduce.search import published_space
from tests.paper_optimizers.cases import decayed, tensors
from tests.paper_optimizers.spec_strategies import random_spec

#: Fingerprints are stored with results, so a change of any of these makes old results unfindable.
GOLDEN = Path(__file__).with_name("golden_fingerprints.json")
NUM_RANDOM_SPECS = 800

G, V, S = leaf("gradient"), leaf("moment"), leaf("moment", power=2, beta=0.99)
ONE, TWO = leaf("constant"), leaf("constant", value=2.0)
A1, A2, A9, A10 = (
    leaf("linear_decay"),
    leaf("linear_growth"),
    leaf("linear_restart_decay"),
    leaf("linear_restart_growth"),
)
CURVE_ONE = leaf("constant", value=1.0)
Q1 = leaf("gradient_blend")


def of(expression: Expression, **fields: object) -> str:
    return OptimizerSpec(to_graph(expression), **fields).fingerprint()


def with_decay(decay: Expression) -> Expression:
    return apply("identity", decayed(G, decay))


EQUAL = {
    "argument order of a sum": (apply("add", G, V), apply("add", V, G)),
    "argument order of a product": (apply("multiply", G, S), apply("multiply", S, G)),
    "argument order of a maximum": (apply("maximum", G, V), apply("maximum", V, G)),
    "argument order of a minimum": (apply("minimum", G, V), apply("minimum", V, G)),
    "identity": (apply("identity", apply("identity", G)), G),
    "identity inside": (apply("tanh", apply("identity", G)), apply("tanh", G)),
    "double negation": (apply("negate", apply("negate", apply("exp", G))), apply("exp", G)),
    "times 1": (apply("multiply", V, ONE), V),
    "minus": (apply("add", G, apply("negate", V)), apply("subtract", G, V)),
    "associativity": (apply("add", apply("add", G, V), S), apply("add", G, apply("add", V, S))),
    "twice": (apply("add", V, V), apply("multiply", V, TWO)),
    "square": (apply("multiply", G, G), leaf("gradient", power=2)),
    "sign": (apply("sign", G), leaf("gradient_sign")),
    "absolute value": (apply("abs", G), apply("subtract", apply("relu", G), apply("min_zero", G))),
    "even function": (apply("abs", apply("negate", V)), apply("abs", V)),
    "maximum of equals": (apply("maximum", V, V), V),
    "blend of equals": (apply("blend", V, V), V),
    "clip as minimum and maximum": (
        apply("clip", G, V),
        apply("maximum", apply("minimum", G, apply("abs", V)), apply("negate", apply("abs", V))),
    ),
    "hand-made blend": (Q1, apply("blend", G, V, weight=0.3)),
    "a decay of 1": (with_decay(CURVE_ONE), G),
    "a decay on either factor": (
        apply("multiply", decayed(G, A1), V),
        apply("multiply", G, decayed(V, A1)),
    ),
    "a9 from a10": (with_decay(A9), with_decay(apply("subtract", CURVE_ONE, A10))),
    "a2 from a1": (with_decay(A2), with_decay(apply("subtract", CURVE_ONE, A1))),
    "a5 from a6": (
        with_decay(leaf("cosine_valley")),
        with_decay(apply("subtract", CURVE_ONE, leaf("cosine_hill"))),
    ),
    "a curve squared": (with_decay(apply("square", A1)), with_decay(apply("multiply", A1, A1))),
    "averages of one thing": (
        leaf("moment", beta=0.95),
        apply("exp_moving_average", G),
    ),
    "dropout of either": (
        apply("add", apply("dropout", G), apply("dropout", V)),
        apply("add", apply("dropout", V), apply("dropout", G)),
    ),
    "dropout at two rates": (
        apply("add", apply("dropout", G, rate=0.1), apply("dropout", G)),
        apply("add", apply("dropout", G), apply("dropout", G, rate=0.1)),
    ),
    "no dropout": (apply("dropout", G, rate=0.0), G),
}

DIFFERENT = {
    "a restart and none": (with_decay(A9), with_decay(A1)),
    # Equal in the first half of a run.
    "a9 and a1 - a2": (with_decay(A9), with_decay(apply("relu", apply("subtract", A1, A2)))),
    "a10 and twice a2": (with_decay(A10), with_decay(apply("minimum", apply("add", A2, A2), CURVE_ONE))),
    # Equal at every step but the last.
    "a13 and a14": (with_decay(leaf("demon_decay")), with_decay(leaf("demon_growth"))),
    "order of a difference": (apply("subtract", G, V), apply("subtract", V, G)),
    "order of a quotient": (apply("divide", G, S), apply("divide", S, G)),
    "order of a clip": (apply("clip", G, V), apply("clip", V, G)),
    "order of a blend": (apply("blend", G, V), apply("blend", V, G)),
    "a small epsilon": (apply("divide", G, S), apply("divide", G, S, epsilon=1e-8)),
    "a tiny pull to zero": (G, apply("add", G, leaf("weight", scale=1e-6))),
    "linear near zero": (G, apply("tanh", G)),
    "correction of the bias": (V, leaf("moment", corrected=False)),
    "sign and average's sign": (leaf("gradient_sign"), leaf("moment_sign")),
    "a clipped norm": (G, apply("clip_norm", G)),
    "dropout and none": (G, apply("dropout", G)),
    "rates of dropout": (apply("dropout", G), apply("dropout", G, rate=0.3)),
    "one dropout or two": (apply("dropout", G, rate=0.75), apply("dropout", apply("dropout", G))),
    "exp at its overflow": (apply("exp", apply("multiply", G, G)), apply("exp", apply("abs", G))),
}


@pytest.mark.parametrize("pair", EQUAL.values(), ids=list(EQUAL))
def test_equal_functions(pair: tuple[Expression, Expression]) -> None:
    first, second = pair
    assert of(first) == of(second)


@pytest.mark.parametrize("pair", DIFFERENT.values(), ids=list(DIFFERENT))
def test_different_functions(pair: tuple[Expression, Expression]) -> None:
    first, second = pair
    assert of(first) != of(second)


def test_a_flipped_spec_that_negates_is_the_plain_one() -> None:
    assert of(apply("negate", G), ascend=True) == of(G)
    assert of(G, ascend=True) == of(apply("negate", G)) != of(G)


def test_inactive_nodes_names_and_order_make_no_difference() -> None:
    spec = po.get("Opt4")
    renamed = {node.id: f"x{index}" for index, node in enumerate(spec.update.nodes)}
    nodes = [
        replace(node, id=renamed[node.id], inputs=tuple(replace(e, node=renamed[e.node]) for e in node.inputs))
        for node in reversed(spec.update.nodes)
    ]
    nodes += [Node("unused", "dropout", (Edge(renamed[spec.update.root]),)), Node("also", "aggregate")]
    other = replace(spec, update=Graph(tuple(nodes), renamed[spec.update.root]))
    assert other != spec
    assert other.fingerprint() == spec.fingerprint()


def test_a_shared_node_and_a_repeated_one() -> None:
    shared = (
        Node("g", "gradient"),
        Node("e", "exp_moving_average", (Edge("g"),)),
        Node("r", "divide_hypot", (Edge("e"), Edge("e"))),
    )
    repeated = (
        *shared[:2],
        Node("e2", "exp_moving_average", (Edge("g"),)),
        replace(shared[2], inputs=(Edge("e"), Edge("e2"))),
    )
    assert OptimizerSpec(Graph(shared, "r")).fingerprint() == OptimizerSpec(Graph(repeated, "r")).fingerprint()


def test_a_shared_dropout_is_not_a_repeated_one() -> None:
    drop = Node("d", "dropout", (Edge("g"),))
    shared = (Node("g", "gradient"), drop, Node("r", "add", (Edge("d"), Edge("d"))))
    repeated = (*shared[:2], replace(drop, id="d2"), replace(shared[2], inputs=(Edge("d"), Edge("d2"))))
    assert OptimizerSpec(Graph(shared, "r")).fingerprint() != OptimizerSpec(Graph(repeated, "r")).fingerprint()


def test_momentum() -> None:
    same = [
        Momentum("none"),
        Momentum("classical", 0.0),
        Momentum("nesterov", 0.0),
        Momentum("nesterov", OneCycle(0, 0)),
    ]
    assert len({of(G, momentum=momentum) for momentum in same}) == 1
    assert of(G, momentum=Momentum("classical", 0.9)) == of(G, momentum=Momentum("classical", OneCycle(0.9, 0.9)))
    different = [
        Momentum("none"),
        *(
            Momentum(kind, c)
            for kind in ("classical", "nesterov")
            for c in (0.9, 0.91, OneCycle(), OneCycle(0.95, 0.8))
        ),
    ]
    assert len({of(G, momentum=momentum) for momentum in different}) == len(different)


def test_the_schedule_factor_counts() -> None:
    factors = {name: po.describe_schedule(name).factor for name in po.schedule_names()}
    prints = {name: of(G, schedule=factor) for name, factor in factors.items()}
    assert len({*prints.values(), of(G)}) == 10
    assert of(G, schedule=to_graph(A1, "decay")) == of(with_decay(A1))


def test_the_catalog_is_distinct() -> None:
    found = defaultdict(list)
    for name in po.names():
        found[po.get(name).fingerprint()].append(name)
    assert [names for names in found.values() if len(names) > 1] == []


def test_golden_fingerprints() -> None:
    assert {name: po.get(name).fingerprint() for name in po.names()} == json.loads(GOLDEN.read_text("utf-8"))


def test_a_fingerprint_is_32_hexadecimal_digits_and_repeats() -> None:
    spec = OptimizerSpec(to_graph(apply("dropout", apply("exp", G))))
    assert len(spec.fingerprint()) == len(f"{int(spec.fingerprint(), 16):032x}") == 32
    assert spec.fingerprint() == spec.fingerprint()


def behaviour(spec: OptimizerSpec) -> np.ndarray:
    """Updates times the schedule factor on data that the fingerprint does not use."""
    start, gradients = tensors(99, 24, ((20,),))
    optimizer = po.NumpyOptimizer(spec, total_steps=24, draw=lambda number, tensor: np.full(np.shape(tensor), 0.9))
    values = []
    for step, gradient in enumerate(gradients):
        factor = optimizer.step_values().rate_factor
        scale = (1e-3, 1.0, 20.0)[step % 3]
        (update,) = optimizer.updates([start[0] * scale], [gradient[0] * scale])
        with np.errstate(all="ignore"):
            values.append(update if factor is None else update * factor)
    return np.array(values)


def agree(first: OptimizerSpec, second: OptimizerSpec) -> bool:
    """Whether two specs do the same, to eight digits of each step's largest finite value."""
    for a, b in zip(behaviour(first), behaviour(second), strict=True):
        finite = np.isfinite(a)
        if (finite != np.isfinite(b)).any():
            return False
        size = np.abs(a[finite]).max(initial=0.0)
        if (np.abs(a - b)[finite] > 1e-8 * size).any():
            return False
    return moves(first) == moves(second)


def moves(spec: OptimizerSpec) -> object:
    """The effect of the momentum; a coefficient of 0 has none."""
    coefficient = spec.momentum.coefficient
    return None if spec.momentum.type == "none" or coefficient == 0.0 else spec.momentum


def single_changes(spec: OptimizerSpec, source: random.Random, number: int) -> Iterator[tuple[str, OptimizerSpec]]:
    """``number`` random changes of one thing: an op, an operand, a decay, a parameter."""
    for _ in range(number):
        nodes = list(spec.update.nodes)
        index = source.randrange(len(nodes))
        node = nodes[index]
        change = source.choice(("op", "decay", "params"))
        if change == "op" or not node.inputs:
            table = [published_space.OPERANDS, published_space.UNARY, published_space.BINARY][len(node.inputs)]
            new = source.choice(table)
            nodes[index] = Node(node.id, new.op, node.inputs, dict(new.params))
        elif change == "decay":
            slot, curve = source.randrange(len(node.inputs)), source.choice(published_space.DECAY_CURVES)
            inputs = list(node.inputs)
            inputs[slot] = Edge(inputs[slot].node, to_graph(leaf(curve.op), "decay"))
            nodes[index] = replace(node, inputs=tuple(inputs))
        else:
            values = {k: v * 0.99 for k, v in node.values.items() if isinstance(v, float)}
            nodes[index] = replace(node, params=dict(node.params) | values)
        if nodes[index] != node:
            yield (
                f"{node.id}: {node.op} to {nodes[index].op} ({change})",
                replace(spec, update=replace(spec.update, nodes=tuple(nodes))),
            )


@pytest.mark.parametrize("name", po.names())
def test_any_single_change_shows(name: str) -> None:
    spec = po.get(name)
    own = spec.fingerprint()
    assert replace(spec, ascend=True).fingerprint() != own
    assert replace(spec, schedule=to_graph(leaf("cosine_decay"), "decay")).fingerprint() != own
    kind = "classical" if spec.momentum.type == "nesterov" else "nesterov"
    assert replace(spec, momentum=Momentum(kind, 0.9)).fingerprint() != own
    hidden = [
        label
        for label, changed in single_changes(spec, random.Random(name), 25)
        if changed.fingerprint() == own and not agree(spec, changed)
    ]
    assert hidden == []


def rewritten(spec: OptimizerSpec, source: random.Random) -> OptimizerSpec:
    """The same function written otherwise: arguments swapped, identities put in, nodes doubled, unused ones added."""
    graph = spec.update
    nodes: list[Node] = []
    for node in graph.nodes:
        inputs = node.inputs
        if node.op in ("add", "multiply", "maximum", "minimum") and source.random() < 0.5:
            inputs = inputs[::-1]
        for slot, edge in enumerate(inputs):
            if source.random() < 0.2:
                twice = source.random() < 0.5
                ids = [f"wrap{len(nodes)}_{slot}_{k}" for k in range(2)]
                op = "negate" if twice else "identity"
                nodes.append(Node(ids[0], op, (edge,)))
                if twice:
                    nodes.append(Node(ids[1], op, (Edge(ids[0]),)))
                inputs = (*inputs[:slot], Edge(ids[int(twice)]), *inputs[slot + 1 :])
        nodes.append(replace(node, inputs=inputs))
        nodes.append(replace(node, id=f"copy_of_{node.id}"))
    source.shuffle(nodes)
    return replace(spec, update=Graph(tuple(nodes), graph.root))


def random_draws_clash(spec: OptimizerSpec) -> bool:
    """Whether two dropouts may see equal tensors, where the order of nodes decides which mask is whose."""
    return sum(node.op == "dropout" for node in spec.update.active()) > 1


def test_random_specs_keep_their_fingerprint_when_rewritten() -> None:
    source = random.Random(0)
    specs = [random_spec(random.Random(seed), 8) for seed in range(NUM_RANDOM_SPECS)]
    prints = [spec.fingerprint() for spec in specs]
    unequal = [
        seed
        for seed, spec in enumerate(specs)
        if not random_draws_clash(spec) and rewritten(spec, source).fingerprint() != prints[seed]
    ]
    assert unequal == []
    groups = defaultdict(list)
    for spec, own in zip(specs, prints, strict=True):
        groups[own].append(spec)
    clashes = [specs for specs in groups.values() if not all(agree(specs[0], other) for other in specs[1:])]
    assert clashes == []
    assert len(groups) > NUM_RANDOM_SPECS / 2


def test_every_function_and_curve_is_told_apart() -> None:
    unary = {name: of(apply(name, G)) for name, op in FUNCTIONS.items() if op.arity == 1 and name != "sign"}
    binary = {name: of(apply(name, G, V)) for name, op in FUNCTIONS.items() if op.arity == 2}
    operands = {p: of(leaf(p.op, **dict(p.params))) for p in published_space.OPERANDS if p.op != "gradient_sign"}
    curves = {name: of(with_decay(leaf(name))) for name in CURVES if name != "constant"}
    merged = [*unary.values(), *binary.values(), *operands.values(), *curves.values()]
    # identity is g, square is g^2, delta_change starts as g but goes its own way.
    assert len(set(merged)) == len(merged) - 2
