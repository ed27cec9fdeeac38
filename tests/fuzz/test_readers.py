"""The readers that are fuzzed, on their seeds and on inputs that once got through them."""

import io
import json
import zipfile
from collections.abc import Iterator

import pytest

from tests.fuzz.readers import READERS
from tests.fuzz.totals import INTERRUPTED, Total, added, read_totals, write_totals

DIGITS = b"9" * 400


@pytest.mark.parametrize("name", READERS)
def test_every_seed_is_accepted_and_every_half_of_one_is_judged(name: str) -> None:
    reader = READERS[name]
    seeds = list(reader.seeds())
    assert seeds
    assert all(reader.accepts(seed) for seed in seeds)
    halves = [seed[: len(seed) // 2] for seed in seeds[:20]]
    assert all(reader.accepts(half) in (True, False) for half in halves)
    assert not reader.accepts(b"\xff\xfe{\n")


def search_line(kind: bytes) -> dict:
    line = next(seed for seed in READERS["search-records"].seeds() if b'"record":"' + kind in seed)
    return json.loads(line)


def bad_records() -> Iterator[dict]:
    yield {**search_line(b"end"), "record": []}
    yield {**search_line(b"evaluation"), "seconds": 10**400}
    sample = search_line(b"sample")
    for wire in (
        {"hidden": True},
        {"hidden": 0.5},
        {"op": None},
        {"op": ["g"]},
        {"op": "g", "params": {"beta": []}},
        {"op": "g", "decay": {"hidden": _decay_node(0), "root": _decay_node(0)}},
        {"op": "g", "decay": {"hidden": _decay_node("a1"), "root": _decay_node(7)}},
    ):
        gene = {"op": "tanh", "inputs": [wire]}
        yield {**sample, "genome": {**sample["genome"], "hidden": [gene] * 5}}


def _decay_node(source: int | str) -> dict:
    return {"op": "square", "inputs": [{"hidden": source} if isinstance(source, int) else {"op": source}]}


def test_records_of_a_search_that_once_got_through() -> None:
    for record in bad_records():
        assert READERS["search-records"].accepts(json.dumps(record).encode() + b"\n") is False, record


def test_numbers_without_measure_in_a_sample_are_refused() -> None:
    line = json.dumps(search_line(b"sample")).replace('"hidden": ', '"hidden": 1e999, "was": ', 1).encode() + b"\n"
    assert READERS["search-records"].accepts(line) is False


@pytest.mark.parametrize("field", ["rate", "validation_accuracy", "seconds"])
def test_rows_with_numbers_that_no_float_holds(field: str) -> None:
    row = json.loads(next(READERS["study-rows"].seeds()))
    line = json.dumps({**row, field: int(DIGITS)}).encode() + b"\n"
    assert READERS["study-rows"].accepts(line) is False


@pytest.mark.parametrize("name", ["study-protocol", "search-protocol", "elimination-protocol"])
@pytest.mark.parametrize("value", [DIGITS, b"9" * 5000, b"[" * 5000], ids=["large", "endless", "deep"])
def test_protocols_with_numbers_and_nesting_without_measure(name: str, value: bytes) -> None:
    seed = next(READERS[name].seeds())
    key = b"dropout = 0.2"
    assert key in seed
    assert READERS[name].accepts(seed.replace(key, key.split(b"=")[0] + b"= " + value, 1)) is False


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("step-costs", b'optimizer,seconds\n"' + b"x" * 140_000 + b'",1\n'),
        ("step-costs", b"optimizer,seconds,ratio,state_bytes,adam_state_bytes,device\nOpt1,1,1,inf,1,a\n"),
        ("member-steps", b'layout,members\n"' + b"x" * 140_000 + b'",1\n'),
        ("engine-speed", b"[" * 100_000),
        ("engine-speed", b'{"contestants": [], "times_keras": ' + DIGITS + b"}"),
    ],
)
def test_measurements_that_once_got_through(name: str, data: bytes) -> None:
    assert READERS[name].accepts(data) is False


def test_a_zip_with_a_member_without_a_name() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(zipfile.ZipInfo(""), b"")
    assert READERS["archive-zip"].accepts(file.getvalue()) is False


def test_totals_add_up(tmp_path) -> None:
    path = tmp_path / "totals.toml"
    assert read_totals(path) == {}
    total = added(Total(), "Done 81208 runs in 6 second(s)", 0)
    total = added(total, "==1== ERROR: libFuzzer: fuzz target exited", 77)
    assert added(total, "==2== libFuzzer: run interrupted; exiting", INTERRUPTED) == total
    write_totals({"text": total, "json": Total()}, path)
    assert read_totals(path) == {"text": Total(81208, 6, 1), "json": Total()}
