"""Specs: what is refused and where the error points, and that a valid spec is a frozen value."""

import copy
import json
import pickle
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import numpy as np
import pytest

import paper_optimizers as po
from paper_optimizers import NumpyOptimizer, SpecError, describe_schedule, from_text, get, names
from paper_optimizers.expressions import apply, leaf, to_graph
from paper_optimizers.fields import Momentum, OneCycle
from paper_optimizers.graph import MAX_NODES, Edge, Graph, Node
from paper_optimizers.serialization import MAX_LENGTH
from paper_optimizers.spec import OptimizerSpec
from tests.paper_optimizers.cases import decayed

DECAY = {"root": "a", "nodes": [{"id": "a", "op": "linear_decay"}]}


def document() -> dict:
    """A small spec that has one of everything."""
    return {
        "version": 1,
        "momentum": {"type": "nesterov", "coefficient": {"high": 0.95, "low": 0.85}},
        "ascend": True,
        "update": {
            "root": "sum",
            "nodes": [
                {"id": "g", "op": "gradient"},
                {"id": "v", "op": "moment", "params": {"beta": 0.8}},
                {"id": "sum", "op": "add", "inputs": [{"node": "g"}, {"node": "v", "decay": DECAY}]},
                {"id": "unused", "op": "exp", "inputs": [{"node": "sum"}]},
            ],
        },
        "schedule": {"root": "f", "nodes": [{"id": "f", "op": "cosine_hill"}]},
    }


#: Where to write, what to write there (... to delete), the path that the error must name, words of its reason.
REFUSED = [
    (("version",), ..., "", "the field 'version' is missing"),
    (("version",), 2, "version", "received 2; this version reads 1"),
    (("version",), True, "version", "received True"),
    (("update",), ..., "", "the field 'update' is missing"),
    (("update",), [], "update", "received a list; expected an object"),
    (("extra",), 1, "", "unknown field 'extra'"),
    (("ascend",), 1, "ascend", "received 1; expected true or false"),
    (("ascend",), None, "ascend", "expected true or false"),
    (("momentum", "type"), ..., "momentum", "the field 'type' is missing"),
    (("momentum", "type"), "nesterow", "momentum.type", "received 'nesterow'; expected one of none, classical"),
    (("momentum", "type"), 3, "momentum.type", "expected text"),
    (("momentum", "coefficient"), 1.0, "momentum.coefficient", "received 1.0; expected a number in [0, 1)"),
    (("momentum", "coefficient"), float("nan"), "momentum.coefficient", "received nan"),
    (("momentum", "coefficient"), True, "momentum.coefficient", "received True"),
    (("momentum", "coefficient"), [], "momentum.coefficient", "expected a number in [0, 1)"),
    (("momentum", "coefficient", "low"), -0.1, "momentum.coefficient.low", "received -0.1"),
    (("momentum", "coefficient", "low"), ..., "momentum.coefficient", "the field 'low' is missing"),
    (("update", "root"), "nowhere", "update.root", "received 'nowhere'; expected the id of a node: g, sum, unused, v"),
    (("update", "root"), None, "update.root", "expected text"),
    (("update", "nodes"), [], "update.nodes", "received 0 nodes; expected 1 to 256"),
    (("update", "nodes"), {}, "update.nodes", "expected a list"),
    (("update", "nodes", 0, "id"), "9", "update.nodes[0].id", "expected a letter or underscore"),
    (("update", "nodes", 0, "id"), "x" * 65, "update.nodes[0].id", "64 at most"),
    (("update", "nodes", 0, "id"), "g\n", "update.nodes[0].id", "expected a letter or underscore"),
    (("update", "nodes", 1, "id"), "g", "update.nodes[1].id", "a second node is called 'g'"),
    (("update", "nodes", 0, "op"), ..., "update.nodes[0]", "the field 'op' is missing"),
    (("update", "nodes", 0, "op"), "gradint", "update.nodes[0].op", "unknown op 'gradint' in an update; did you mean"),
    (("update", "nodes", 0, "op"), "linear_decay", "update.nodes[0].op", "unknown op 'linear_decay' in an update"),
    (("update", "nodes", 0, "inputs"), [{"node": "v"}], "update.nodes[0].inputs", "takes 0 inputs; received 1"),
    (("update", "nodes", 2, "inputs"), [{"node": "g"}], "update.nodes[2].inputs", "'add' takes 2 inputs; received 1"),
    (("update", "nodes", 2, "inputs"), ..., "update.nodes[2].inputs", "'add' takes 2 inputs; received 0"),
    (("update", "nodes", 2, "inputs"), [{}] * 3, "update.nodes[2].inputs", "received 3 entries; expected at most 2"),
    (("update", "nodes", 2, "inputs", 0), "g", "update.nodes[2].inputs[0]", "received 'g'; expected an object"),
    (("update", "nodes", 2, "inputs", 1, "node"), "x", "update.nodes[2].inputs[1].node", "no node is called 'x'"),
    (("update", "nodes", 2, "inputs", 1, "node"), "sum", "update.nodes[2].inputs", "reads itself through a cycle"),
    (("update", "nodes", 1, "params", "beta"), 1.0, "update.nodes[1].params.beta", "received 1.0; expected a number"),
    (("update", "nodes", 1, "params", "beta"), float("nan"), "update.nodes[1].params.beta", "received nan"),
    (("update", "nodes", 1, "params", "beta"), float("-inf"), "update.nodes[1].params.beta", "received -inf"),
    (("update", "nodes", 1, "params", "beta"), "0.9", "update.nodes[1].params.beta", "expected a number"),
    (("update", "nodes", 1, "params", "power"), 4, "update.nodes[1].params.power", "expected an integer in [1, 3]"),
    (("update", "nodes", 1, "params", "power"), 2.0, "update.nodes[1].params.power", "expected an integer in [1, 3]"),
    (("update", "nodes", 1, "params", "corrected"), 1, "update.nodes[1].params.corrected", "expected true or false"),
    (("update", "nodes", 1, "params", "gamma"), 1, "update.nodes[1].params.gamma", "it takes beta, corrected, delayed"),
    (("update", "nodes", 1, "params"), [], "update.nodes[1].params", "expected an object of names and numbers"),
    (
        ("update", "nodes", 2, "inputs", 1, "decay", "nodes", 0, "op"), "gradient",
        "update.nodes[2].inputs[1].decay.nodes[0].op", "unknown op 'gradient' in a decay function",
    ),
    (
        ("update", "nodes", 2, "inputs", 1, "decay", "root"), "b",
        "update.nodes[2].inputs[1].decay.root", "received 'b'; expected the id of a node: a",
    ),
    (("schedule", "nodes", 0, "op"), "drop", "schedule.nodes[0].op", "unknown op 'drop' in a decay function"),
    (("schedule", "nodes", 0, "op"), "dropout", "schedule.nodes[0].op", "unknown op 'dropout' in a decay function"),
]  # fmt: skip


def changed(place: tuple, value: object) -> dict:
    result = json.loads(json.dumps(document()))
    target = result
    for key in place[:-1]:
        target = target[key]
    if value is ...:
        del target[place[-1]]
    else:
        target[place[-1]] = value
    return result


@pytest.mark.parametrize(("place", "value", "path", "reason"), REFUSED)
def test_refused(place: tuple, value: object, path: str, reason: str) -> None:
    with pytest.raises(po.SpecError) as caught:
        OptimizerSpec.from_dict(changed(place, value))
    assert caught.value.path == path
    assert reason in caught.value.reason
    assert str(caught.value) == (f"{path}: {caught.value.reason}" if path else caught.value.reason)


def test_a_cycle_among_inactive_nodes_is_refused() -> None:
    nodes = [
        {"id": "g", "op": "gradient"},
        {"id": "a", "op": "exp", "inputs": [{"node": "b"}]},
        {"id": "b", "op": "exp", "inputs": [{"node": "a"}]},
    ]
    with pytest.raises(po.SpecError, match=r"^update\.nodes\[\d\]\.inputs: .* through a cycle"):
        OptimizerSpec.from_dict({"version": 1, "update": {"root": "g", "nodes": nodes}})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "the document is not JSON"),
        ("[]", "received a list; expected an object with version, update"),
        ("null", "received None; expected an object"),
        (b"\xff\xfe", "not UTF-8"),
        ('{"version": 1, "version": 1}', "the key 'version' stands twice"),
        ('{"version": NaN}', "NaN is not a number"),
        ('{"version": -Infinity}', "-Infinity is not a number"),
        ("[" * 100_000, "nests too deeply"),
        (" " * (MAX_LENGTH + 1), f"expected at most {MAX_LENGTH}"),
        (3, "received int; expected JSON text"),
    ],
)
def test_json_refused(text: object, reason: str) -> None:
    with pytest.raises(po.SpecError) as caught:
        OptimizerSpec.from_json(text)
    assert reason in caught.value.reason


def test_sizes() -> None:
    for kind, op in (("update", "gradient"), ("decay", "linear_decay")):
        limit = MAX_NODES[kind]
        nodes = [Node("n0", op)] + [Node(f"n{i}", "exp", (Edge(f"n{i - 1}"),)) for i in range(1, limit + 1)]
        assert len(Graph(tuple(nodes[:limit]), f"n{limit - 1}", kind).active()) == limit
        with pytest.raises(po.SpecError, match=f"received {limit + 1} nodes; expected 1 to {limit}"):
            Graph(tuple(nodes), f"n{limit}", kind)


def test_decays_do_not_nest() -> None:
    inner = to_graph(leaf("linear_decay"), "decay")
    with pytest.raises(po.SpecError, match=r"nodes\[1\].inputs\[0\].decay: a decay function has no decays"):
        Graph((Node("a", "linear_decay"), Node("b", "exp", (Edge("a", inner),))), "b", "decay")
    with pytest.raises(po.SpecError, match="expected 'decay'"):
        Graph((Node("g", "gradient"), Node("b", "exp", (Edge("g", to_graph(leaf("gradient"))),))), "b")
    with pytest.raises(po.SpecError, match=r"^update: received a graph of kind 'decay'"):
        OptimizerSpec(inner)
    with pytest.raises(po.SpecError, match=r"^schedule: received a graph of kind 'update'"):
        OptimizerSpec(to_graph(leaf("gradient")), schedule=to_graph(leaf("gradient")))


def test_a_spec_is_frozen() -> None:
    spec = OptimizerSpec.from_dict(document())
    with pytest.raises(FrozenInstanceError):
        spec.ascend = False
    with pytest.raises(FrozenInstanceError):
        spec.update.root = "g"
    with pytest.raises(FrozenInstanceError):
        spec.update["v"].op = "gradient"
    with pytest.raises(TypeError):
        spec.update["v"].params["beta"] = 0.1


def test_a_spec_does_not_watch_its_document() -> None:
    source = document()
    spec, before = OptimizerSpec.from_dict(source), OptimizerSpec.from_dict(document())
    source["update"]["nodes"][1]["params"]["beta"] = 0.1
    source["update"]["nodes"].clear()
    assert spec == before


def test_equality_and_hash() -> None:
    spec, same = OptimizerSpec.from_dict(document()), OptimizerSpec.from_dict(document())
    assert spec == same
    assert hash(spec) == hash(same)
    others = [
        replace(spec, ascend=False),
        replace(spec, schedule=None),
        replace(spec, momentum=Momentum("nesterov", 0.9)),
        OptimizerSpec.from_dict(changed(("update", "nodes", 1, "params", "beta"), 0.81)),
        spec.without_decays(),
    ]
    assert len({spec, same, *others}) == 6


def test_defaults_and_number_types_make_no_difference() -> None:
    assert Node("v", "moment", (), {"beta": 0.9, "power": 1}) == Node("v", "moment")
    assert Node("c", "constant", (), {"value": 2}) == Node("c", "constant", (), {"value": 2.0})
    assert Momentum("none", 0.5) == Momentum("none") == Momentum()
    assert Momentum("classical", 0) == Momentum("classical", 0.0)
    assert OptimizerSpec.from_json('{"version": 1, "update": {"root": "g", "nodes": [{"id": "g", "op": "gradient"}]}}')


@pytest.mark.parametrize("name", po.names())
def test_copies_are_equal(name: str) -> None:
    spec = po.get(name)
    for twin in (copy.copy(spec), copy.deepcopy(spec), pickle.loads(pickle.dumps(spec))):
        assert twin == spec
        assert hash(twin) == hash(spec)
    assert OptimizerSpec.from_json(spec.to_json()) == spec
    assert OptimizerSpec.from_dict(spec.to_dict()) == spec
    assert OptimizerSpec.from_json(spec.to_json().encode()) == spec


def test_inactive_nodes_are_kept() -> None:
    spec = OptimizerSpec.from_dict(document())
    assert [node.id for node in spec.update.nodes] == ["g", "v", "sum", "unused"]
    assert [node.id for node in spec.update.active()] == ["g", "v", "sum"]
    assert OptimizerSpec.from_json(spec.to_json()).update.nodes == spec.update.nodes
    assert spec.without_decays().update.nodes[3].id == "unused"


def test_json_has_the_version_and_only_what_differs_from_the_defaults() -> None:
    assert po.get("SGD").to_dict() == {
        "version": 1,
        "momentum": {"type": "none"},
        "update": {"root": "gradient", "nodes": [{"id": "gradient", "op": "gradient"}]},
    }
    assert OptimizerSpec.from_dict(document()).to_dict() == document()
    assert po.get("SGD").to_json().endswith("}\n")


def test_properties() -> None:
    spec = OptimizerSpec.from_dict(document())
    assert spec.needs_total_steps
    assert [graph.root for graph in spec.decays] == ["a"]
    bare = spec.without_decays()
    assert bare.decays == ()
    assert bare.schedule is None
    assert bare.needs_total_steps  # one-cycle momentum
    assert not bare.with_momentum(0.9).needs_total_steps
    assert bare.with_momentum(0.9).momentum == Momentum("nesterov", 0.9)
    assert not spec.is_random
    unread = apply("dropout", leaf("gradient"))
    assert OptimizerSpec(to_graph(apply("add", leaf("moment"), decayed(unread, leaf("linear_decay"))))).is_random
    with pytest.raises(po.SpecError, match="expected a number in"):
        OneCycle(0.95, 1.0)


def test_an_inactive_decay_asks_for_nothing() -> None:
    decay = to_graph(leaf("linear_decay"), "decay")
    nodes = (Node("g", "gradient"), Node("e", "exp", (Edge("g", decay),)), Node("d", "dropout", (Edge("g"),)))
    spec = OptimizerSpec(Graph(nodes, "g"))
    assert not spec.needs_total_steps
    assert not spec.is_random
    assert spec.decays == ()


def test_the_oracle_says_what_it_misses() -> None:
    with pytest.raises(ValueError, match="pass total_steps="):
        po.NumpyOptimizer(po.get("Opt7"))
    with pytest.raises(ValueError, match="pass draw="):
        po.NumpyOptimizer(OptimizerSpec(to_graph(apply("dropout", leaf("gradient")))))
    (update,) = po.NumpyOptimizer(po.get("SGD")).updates([np.zeros(3)], [np.arange(3.0)])
    np.testing.assert_array_equal(update, np.arange(3.0))


@pytest.mark.parametrize(
    ("read", "received", "message"),
    [
        (OptimizerSpec.from_json, "/no/such.json", r"not JSON. This is a path; read the file: OptimizerSpec.from_json"),
        (OptimizerSpec.from_json, Path("specs/a.json"), r"PosixPath; expected JSON text. This is a path"),
        (OptimizerSpec.from_json, "C:\\specs\\a", r"This is a path"),
        (OptimizerSpec.from_json, {"version": 1}, r"received dict; .*from_dict"),
        (OptimizerSpec.from_json, "None ~ g", r"a text in the notation; read it with from_text"),
        (OptimizerSpec.from_json, "Opt4", r"a name; get"),
        (OptimizerSpec.from_json, None, r"received NoneType; expected JSON text$"),
        (OptimizerSpec.from_json, '{"version"', r"not JSON: Expecting"),
        (OptimizerSpec.from_dict, '{"version": 1}', r"JSON text; read it with OptimizerSpec.from_json"),
        (from_text, '{"version": 1}', r"JSON text; read it with OptimizerSpec.from_json"),
        (from_text, "my specs/mine.txt", r"a path; read the file: from_text\(Path\('my specs/mine.txt'\)"),
        (from_text, None, r"received NoneType; expected text$"),
        (from_text, "(g) / (v hat)", r"expected 'None', 'Mom' or 'Nest', as in 'None ~ tanh\(g\)'$"),
        (get, "specs/Opt4.json", r"no optimizer called 'specs/Opt4.json'. This is a path"),
        (get, Path("Opt4.json"), r"a name of the catalog, such as 'Opt4'. This is a path"),
        (get, {"version": 1}, r"received a dict; .*from_dict"),
        (get, "None ~ g", r"from_text"),
        (get, None, r"received None; expected a name of the catalog, such as 'Opt4'$"),
        (describe_schedule, {}, r"such as 'LR1'"),
        (NumpyOptimizer, "Opt4", r"must be an OptimizerSpec; received 'Opt4'. This is a name"),
    ],
)
def test_another_form_of_a_spec_is_told_with_its_reader(read, received, message) -> None:
    with pytest.raises((SpecError, KeyError, ValueError), match=message):
        read(received)


def test_weight_decay_is_a_term_that_is_added_replaced_or_left_out() -> None:
    assert get("AdamW").with_weight_decay(0) == get("Adam")
    assert get("AdamW").with_weight_decay(0.004).fingerprint() == get("AdamW").fingerprint()
    assert get("AdamW").with_weight_decay(0.1).to_text().endswith("+(0.1w)")
    for name in names():
        decayed = get(name).with_weight_decay(0.3)
        assert decayed.with_weight_decay(0.1) == get(name).with_weight_decay(0.1)
        assert decayed.with_weight_decay(0).fingerprint() == get(name).with_weight_decay(0).fingerprint()


@pytest.mark.parametrize("spec", [get("SGD"), get("Lion"), replace(get("SGD"), ascend=True)])
def test_weight_decay_moves_weights_towards_zero_whichever_way_the_optimizer_goes(spec: OptimizerSpec) -> None:
    weight, gradient = np.array([2.0, -3.0]), np.array([0.3, -0.2])
    plain, decayed = (
        NumpyOptimizer(each).step([weight], [gradient], learning_rate=0.1)[0]
        for each in (spec, spec.with_weight_decay(0.5))
    )
    np.testing.assert_allclose(decayed - plain, -0.1 * 0.5 * weight)


@pytest.mark.parametrize("coefficient", [-0.1, float("nan"), float("inf"), "0.1", True])
def test_a_weight_decay_that_is_none_is_refused(coefficient: object) -> None:
    with pytest.raises(SpecError, match=r"weight_decay: received .*; expected a finite number, 0 or more"):
        get("Adam").with_weight_decay(coefficient)
