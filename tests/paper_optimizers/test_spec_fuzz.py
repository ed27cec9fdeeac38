"""Random specs come back from JSON and text; whatever else is read raises SpecError and nothing else.

`tests/fuzz` looks for what these tests miss, guided by coverage.
"""

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paper_optimizers import from_text
from paper_optimizers.errors import SpecError
from paper_optimizers.notation import graph_to_text, to_text
from paper_optimizers.spec import OptimizerSpec
from tests.paper_optimizers.spec_strategies import mutated, random_spec, specs

NUM_SPECS = 10_000
#: Every so many of them are also run on the fingerprint's probe, before and after.
FINGERPRINT_EVERY = 20

TEXTS = st.text(alphabet="gvshatlmw12310-^()|[]{}=,. /*+~NoneMstxp", max_size=80)


def read(reader, document):
    """The spec that was read, or None if the text was refused with the documented error."""
    try:
        return reader(document)
    except SpecError as error:
        if not error.reason:
            raise AssertionError(f"an error without a reason for {document!r}") from error
        return None


def test_ten_thousand_specs_round_trip_through_json_and_text():
    for seed in range(NUM_SPECS):
        spec = random_spec(random.Random(seed), 12)
        assert OptimizerSpec.from_json(spec.to_json()) == spec, seed
        text = to_text(spec)
        again = from_text(text)
        assert to_text(again) == text, seed
        assert (again.momentum, again.ascend) == (spec.momentum, spec.ascend), seed
        if seed % FINGERPRINT_EVERY == 0:
            assert again.fingerprint() == spec.fingerprint(), (seed, text)


@given(specs(max_nodes=14))
def test_text_says_the_same_function(spec):
    again = from_text(spec.to_text())
    assert again.fingerprint() == spec.fingerprint()
    assert len(again.update.nodes) <= len(spec.update.active())
    assert spec.schedule is None or graph_to_text(again.schedule) == graph_to_text(spec.schedule)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data):
    read(OptimizerSpec.from_json, data)
    read(from_text, data.decode("latin-1"))


@given(st.text(max_size=100))
def test_any_text_is_read_or_refused(text):
    read(OptimizerSpec.from_json, text)
    for head in ("", "None ~ ", "None{factor=[", "Nest{momentum="):
        read(from_text, head + text)


@given(TEXTS)
def test_any_text_of_the_notation_s_letters_is_read_or_refused(text):
    spec = read(from_text, f"None ~ {text}")
    assert spec is None or to_text(from_text(to_text(spec))) == to_text(spec)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["version", "update", "nodes", "root", "id", "op", "inputs", "params", "momentum", "type", "decay"]
    ), inner, max_size=5),
    max_leaves=12,
)  # fmt: skip


@given(json_values)
def test_any_json_value_is_read_or_refused(value):
    read(OptimizerSpec.from_json, json.dumps(value))
    read(OptimizerSpec.from_dict, value)


def test_mutated_documents_are_read_or_refused():
    source = random.Random(7)
    outcomes = []
    for seed in range(2_000):
        document = random_spec(random.Random(seed), 6).to_dict()
        for _ in range(source.randint(1, 3)):
            document = mutated(source, document)
            if not document:
                break
        outcomes.append(read(OptimizerSpec.from_json, json.dumps(document)) is None)
    assert 200 < sum(outcomes) < 2_000


def test_mutated_texts_are_read_or_refused():
    source = random.Random(8)
    outcomes = []
    for seed in range(4_000):
        text = to_text(random_spec(random.Random(seed), 6))
        spec = read(from_text, mutated_text(source, text))
        assert spec is None or to_text(from_text(to_text(spec))) == to_text(spec)
        outcomes.append(spec is None)
    assert 400 < sum(outcomes) < 4_000


def mutated_text(source, text):
    start = source.randrange(len(text))
    end = min(len(text), start + source.randint(0, 6))
    piece = source.choice(["", text[start:end] * 2, source.choice("()[]{}|~,.=0aghvw /"), text[: end - start]])
    return text[:start] + piece + text[end:]


@pytest.mark.parametrize(
    "document",
    [
        b"\xff\xfe",
        b"{",
        "[" * 50_000,
        '{"a":' * 50_000,
        '{"version": 1, "version": 1}',
        '{"version": NaN}',
        '{"version": 1e999}',
        '{"version": ' + "9" * 5_000 + "}",
        '{"version": 1, "update": {"root": "\\ud800", "nodes": []}}',
        " " * 1_000_001,
        None,
        7,
    ],
    ids=lambda document: repr(document)[:40],
)
def test_documents_that_no_json_reader_likes(document):
    with pytest.raises(SpecError):
        OptimizerSpec.from_json(document)
