"""Random valid specs of the whole language, for property tests: `random_spec` and the hypothesis strategy `specs`."""

import json
import random

from hypothesis import strategies as st

from paper_optimizers.fields import Momentum, OneCycle
from paper_optimizers.graph import Edge, Graph, Node, functions, leaves
from paper_optimizers.ops import FUNCTIONS
from paper_optimizers.spec import OptimizerSpec

_SPECIAL_NUMBERS = (0.0, 1.0, 2.0, -1.0, 0.5, 0.1, 1e-5, 1e-8, 0.05, 0.95, 3.0, 1e10, 0.1 + 0.2, -2.5e-7)


def random_spec(source: random.Random, max_nodes: int = 10) -> OptimizerSpec:
    """A spec with up to ``max_nodes`` nodes, some of them inactive or shared, some edges with decays."""
    update = _random_graph(source, "update", source.randint(1, max_nodes))
    return OptimizerSpec(
        update=update,
        momentum=_random_momentum(source),
        ascend=source.random() < 0.2,
        schedule=_random_graph(source, "decay", source.randint(1, 5)) if source.random() < 0.2 else None,
    )


def specs(max_nodes=8):
    """The same as a hypothesis strategy."""
    return st.randoms(use_true_random=False).map(lambda source: random_spec(source, max_nodes))


def _random_momentum(source):
    type = source.choice(["none", "classical", "nesterov"])
    coefficient = source.choice([OneCycle(), OneCycle(0.9, 0.5), OneCycle(0.95, 0.1), 0.9, 0.0, source.random()])
    return Momentum(type, coefficient)


def _random_graph(source, kind, size):
    ids = [f"n{index}" for index in range(size)]
    nodes = []
    for index, id in enumerate(ids):
        if index == 0 or source.random() < 0.25:
            op, arity = source.choice(sorted(leaves(kind))), 0
        else:
            op = source.choice(sorted(functions(kind)))
            arity = FUNCTIONS[op].arity
        inputs = tuple(_random_edge(source, kind, ids[:index]) for _ in range(arity))
        nodes.append(Node(id, op, inputs, _random_params(source, op, kind)))
    # Most often the last node that reads another, so that most of the graph is active.
    root = next((node.id for node in reversed(nodes) if node.inputs), ids[-1])
    if source.random() < 0.1:
        root = source.choice(ids)
    source.shuffle(nodes)
    return Graph(tuple(nodes), root, kind)


def _random_edge(source, kind, ids):
    near = ids[-2:] if source.random() < 0.75 else ids
    decay = None
    if kind == "update" and source.random() < 0.25:
        decay = _random_graph(source, "decay", source.randint(1, 4))
    return Edge(source.choice(near), decay)


def _random_params(source, op, kind):
    table = leaves(kind)[op].parameters if op in leaves(kind) else FUNCTIONS[op].parameters
    return {name: _random_value(source, parameter) for name, parameter in table.items() if source.random() < 0.5}


def _random_value(source, parameter):
    if isinstance(parameter.default, bool):
        return source.random() < 0.5
    if isinstance(parameter.default, int):
        return source.randint(int(parameter.minimum), int(parameter.maximum))
    value = source.choice(_SPECIAL_NUMBERS) if source.random() < 0.5 else source.random()
    if source.random() < 0.1:
        value = source.uniform(-1.0, 1.0) * 10.0 ** source.uniform(-12.0, 12.0)
    return value if parameter.accepts(value) else min(max(source.random(), parameter.minimum), parameter.maximum)


_STRANGE = (None, True, False, 0, 1, -1, 2, 1.5, 1e300, 2**70, "", "x", "gradient", "n0", [], {}, [1], {"node": "n0"})


def mutated(source: random.Random, document):
    """A copy of a spec's plain data with one value, key or entry changed somewhere."""
    place = copy = json.loads(json.dumps(document))
    while True:
        containers = [value for value in _values(place) if isinstance(value, dict | list) and value]
        if not containers or source.random() < 0.25:
            break
        place = source.choice(containers)
    key = source.choice(list(place) if isinstance(place, dict) else range(len(place)))
    change = source.randrange(4)
    if change == 0:
        del place[key]
    elif change == 1:
        place[key] = source.choice(_STRANGE)
    elif change == 2 and isinstance(place, dict):
        place[source.choice(["node", "decay", "params", "inputs", "beta", "power", "x" * 90])] = place[key]
    else:
        place[key] = source.choice(_values(document))
    return json.loads(json.dumps(copy))


def _values(place):
    return list(place.values()) if isinstance(place, dict) else list(place)
