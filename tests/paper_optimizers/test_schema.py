"""The published JSON Schema: it is what the tables say, and it agrees with the reader of specs."""

import json
import random

import pytest

import paper_optimizers as po
from paper_optimizers.errors import SpecError
from paper_optimizers.schema import PATH, json_schema, schema_text
from paper_optimizers.spec import OptimizerSpec
from tests.paper_optimizers.spec_strategies import mutated, random_spec

jsonschema = pytest.importorskip("jsonschema")

CATALOG = sorted((PATH.parent / "optimizers").glob("*.json"))
GRADIENT = {"id": "g", "op": "gradient"}

#: What only the reader knows: how values of a document relate to each other.
RELATIONS = ("no node is called", "a second node is called", "expected the id of a node", "reads itself")


@pytest.fixture(scope="module")
def validator():
    return jsonschema.Draft202012Validator(json_schema())


def document(**changes):
    return {"version": 1, "update": {"root": "g", "nodes": [GRADIENT]}} | changes


def with_nodes(*nodes):
    return document(update={"root": "g", "nodes": [GRADIENT, *nodes]})


def with_decay(*nodes):
    decay = {"root": "a", "nodes": [{"id": "a", "op": "linear_decay"}, *nodes]}
    return with_nodes({"id": "x", "op": "exp", "inputs": [{"node": "g", "decay": decay}]})


def test_the_published_file_is_what_the_tables_say():
    assert PATH.read_text(encoding="utf-8") == schema_text(), "run python -m paper_optimizers.schema"


def test_the_schema_is_a_schema_of_its_draft_and_names_no_host():
    jsonschema.Draft202012Validator.check_schema(json_schema())
    assert json_schema()["$id"].startswith("urn:")


@pytest.mark.parametrize("file", CATALOG, ids=lambda file: file.stem)
def test_every_catalog_file_is_valid(validator, file):
    validator.validate(json.loads(file.read_text(encoding="utf-8"))["spec"])


def test_the_catalog_was_found():
    assert {file.stem for file in CATALOG} >= {"Opt1", "Opt10", "A1", "Adam", "Lion"}
    assert po.get("Opt1").to_dict()["version"] == 1


def test_random_specs_are_valid(validator):
    for seed in range(150):
        validator.validate(json.loads(random_spec(random.Random(seed)).to_json()))


@pytest.mark.parametrize(
    "invalid",
    [
        [],
        {},
        {"version": 1},
        document(version=2),
        document(version=True),
        document(extra=1),
        document(ascend=1),
        document(ascend=None),
        document(momentum=None),
        document(momentum={}),
        document(momentum={"type": "heavy"}),
        document(momentum={"type": "nesterov", "coefficient": 1}),
        document(momentum={"type": "nesterov", "coefficient": -0.1}),
        document(momentum={"type": "nesterov", "coefficient": True}),
        document(momentum={"type": "nesterov", "coefficient": {"high": 0.9}}),
        document(schedule=[]),
        document(schedule={"root": "g", "nodes": [GRADIENT]}),
        document(update=None),
        document(update={"root": "g", "nodes": []}),
        document(update={"root": "g", "nodes": [{"id": f"n{i}", "op": "gradient"} for i in range(257)]}),
        document(update={"root": 3, "nodes": [GRADIENT]}),
        document(update={"nodes": [GRADIENT]}),
        with_nodes({"id": "x"}),
        with_nodes({"op": "gradient"}),
        with_nodes({"id": "x", "op": "linear_decay"}),
        with_nodes({"id": "x", "op": "nonsense"}),
        with_nodes({"id": "1x", "op": "gradient"}),
        with_nodes({"id": "x" * 65, "op": "gradient"}),
        with_nodes({"id": "x", "op": "exp"}),
        with_nodes({"id": "x", "op": "exp", "inputs": []}),
        with_nodes({"id": "x", "op": "exp", "inputs": [{"node": "g"}, {"node": "g"}]}),
        with_nodes({"id": "x", "op": "exp", "inputs": ["g"]}),
        with_nodes({"id": "x", "op": "exp", "inputs": [{"node": "g", "weight": 1}]}),
        with_nodes({"id": "x", "op": "gradient", "inputs": [{"node": "g"}]}),
        with_nodes({"id": "x", "op": "gradient", "params": {"power": 4}}),
        with_nodes({"id": "x", "op": "gradient", "params": {"power": 1.5}}),
        with_nodes({"id": "x", "op": "gradient", "params": {"power": True}}),
        with_nodes({"id": "x", "op": "gradient", "params": {"beta": 0.9}}),
        with_nodes({"id": "x", "op": "moment", "params": {"beta": 1}}),
        with_nodes({"id": "x", "op": "moment", "params": {"corrected": 1}}),
        with_nodes({"id": "x", "op": "moment", "params": []}),
        with_nodes({"id": "x", "op": "constant", "params": {"value": 1e13}}),
        with_nodes({"id": "x", "op": "constant", "params": {"value": "1"}}),
        with_decay({"id": "x", "op": "gradient"}),
        with_decay({"id": "x", "op": "clip_norm", "inputs": [{"node": "a"}]}),
        with_decay({"id": "x", "op": "exp", "inputs": [{"node": "a", "decay": None}]}),
    ],
    ids=lambda invalid: json.dumps(invalid)[-60:],
)
def test_the_schema_refuses_what_the_reader_refuses(validator, invalid):
    assert not validator.is_valid(invalid)
    with pytest.raises(SpecError):
        OptimizerSpec.from_json(json.dumps(invalid))


@pytest.mark.parametrize("spec", [document(), with_nodes(), with_decay()], ids=["plain", "nodes", "decay"])
def test_the_examples_that_are_broken_above_are_valid(validator, spec):
    validator.validate(spec)
    OptimizerSpec.from_json(json.dumps(spec))


def test_schema_and_reader_agree_on_mutated_documents(validator):
    source = random.Random(1)
    refused = 0
    for seed in range(400):
        changed = mutated(source, random_spec(random.Random(seed), 5).to_dict())
        reason = refusal(changed)
        related = reason is not None and any(words in reason for words in RELATIONS)
        assert related or validator.is_valid(changed) == (reason is None), changed
        refused += reason is not None
    assert 100 < refused < 400


def refusal(changed):
    try:
        OptimizerSpec.from_json(json.dumps(changed))
    except SpecError as error:
        return error.reason
    return None
