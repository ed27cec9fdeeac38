import dataclasses
import errno
import json
import math
import multiprocessing
import os
from pathlib import Path

import pytest

from reproduce.errors import LedgerError
from reproduce.study.ledgers import check_same, open_ledger, read_rows
from reproduce.study.rows import Job, Row, row_from_dict
from tests.study.cases import diverged_row, invented_row

ROWS = [
    invented_row(Job("digits", "Opt1", "tune", 0.1, 0)),
    diverged_row(Job("digits", "A1", "final", 1e-5, 2)),
    invented_row(Job("digits", "Ünïcode ", "final", 1.0, 2**31 - 1)),
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "a" / "ledger.jsonl"
    notices: list[str] = []
    with open_ledger(path, notices.append) as ledger:
        for row in ROWS:
            ledger.append(row)
    assert notices == []
    return path


def reopen(path: Path) -> tuple[list[Row], list[str]]:
    notices: list[str] = []
    with open_ledger(path, notices.append) as ledger:
        return list(ledger.records), notices


def test_rows_come_back_as_they_were(path: Path) -> None:
    assert read_rows(path) == ROWS
    assert reopen(path) == (ROWS, [])
    assert len(path.read_bytes().splitlines()) == len(ROWS)


def test_json_has_no_nan_and_a_diverged_run_has_nulls(path: Path) -> None:
    diverged = json.loads(path.read_text(encoding="utf-8").split("\n")[1])
    assert diverged["outcome"] == {"kind": "diverged", "step": 3}
    assert diverged["test_accuracy"] is None
    with open_ledger(path, print) as ledger, pytest.raises(ValueError, match="JSON"):
        ledger.append(dataclasses.replace(ROWS[0], seconds=math.nan))
    assert read_rows(path) == ROWS


def test_deterministic_mode_is_stored_where_it_was_on(path: Path) -> None:
    row = dataclasses.replace(ROWS[0], deterministic=True)
    with open_ledger(path, print) as ledger:
        ledger.append(row)
    assert read_rows(path) == [*ROWS, row]
    assert [json.loads(line).get("deterministic") for line in path.read_text().split("\n")[:-1]] == [None] * 3 + [True]


@pytest.mark.parametrize("cut", [1, 2, 100])
def test_a_torn_last_line_is_removed_and_said(path: Path, cut: int) -> None:
    path.write_bytes(path.read_bytes()[:-cut])
    assert read_rows(path) == ROWS[:-1]
    rows, notices = reopen(path)
    assert rows == ROWS[:-1]
    assert len(notices) == 1
    assert "half-written last line" in notices[0]
    assert reopen(path) == (ROWS[:-1], [])


def test_writing_goes_on_after_a_torn_line(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b'{"schema":')
    with open_ledger(path, lambda text: None) as ledger:
        ledger.append(ROWS[0])
    assert read_rows(path) == [*ROWS, ROWS[0]]


@pytest.mark.parametrize(
    "damage",
    [b"not json", b"{}", b"[]", b"\xff\xfe", b"", b"\0" * 9, b'{"schema": 99}', b"[" * 10**5, b'{"schema": NaN}'],
)
def test_a_corrupted_line_is_named_and_nothing_is_changed(path: Path, damage: bytes) -> None:
    lines = path.read_bytes().split(b"\n")
    lines[1] = damage
    path.write_bytes(b"\n".join(lines))
    before = path.read_bytes()
    for attempt in (read_rows, reopen):
        with pytest.raises(LedgerError, match=r"ledger\.jsonl, line 2 is not a record"):
            attempt(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("rate", -1),
        ("rate", "1"),
        ("rate", True),
        ("seed", 1.5),
        ("phase", "other"),
        ("outcome", {"kind": "diverged"}),
        ("outcome", None),
        ("curve", {"train_loss": [1]}),
        ("test_accuracy", 2),
        ("versions", []),
        ("num_classes", 1),
        ("optimizer", None),
        ("study", 1),
        ("schedule", 1),
        ("decay", 1),
        ("deterministic", 1),
        ("weights", None),
        ("precision", 32),
    ],
)
def test_a_field_that_cannot_be_is_named(field: str, value: object) -> None:
    with pytest.raises(ValueError, match=field):
        row_from_dict({**json.loads(json.dumps(ROWS[0].to_dict())), field: value})


def test_missing_and_unknown_fields_are_named() -> None:
    data = json.loads(json.dumps(ROWS[0].to_dict()))
    with pytest.raises(ValueError, match="unknown key more; expected: schema, "):
        row_from_dict({**data, "more": 1})
    del data["seed"]
    with pytest.raises(ValueError, match="missing key seed"):
        row_from_dict(data)


def test_rows_of_another_experiment_are_refused(path: Path) -> None:
    known = {"protocol": ROWS[0].protocol, "data": {"digits": ROWS[0].data}, "backends": ("engine", "tensorflow")}
    check_same(ROWS, path, **known)
    with pytest.raises(LedgerError, match=r"backend is tensorflow in line 1 and engine or jax now"):
        check_same(ROWS, path, **{**known, "backends": ("engine", "jax")})
    with pytest.raises(LedgerError, match=r"another experiment: data is .* in line 1 and 0000 now"):
        check_same(ROWS, path, **{**known, "data": {"digits": "0000"}})
    with pytest.raises(LedgerError, match=r"protocol is .* in line 1 and 123 now; choose another --output"):
        check_same(ROWS, path, protocol="123")


def test_one_ledger_keeps_to_one_mode(path: Path) -> None:
    plain, exact = ROWS[0], dataclasses.replace(ROWS[0], seed=1, deterministic=True)
    protocol = ROWS[0].protocol
    for rows, mode in (([], True), ([plain], False), ([exact], True), ([exact], None)):
        check_same(rows, path, protocol=protocol, deterministic=mode)
    for row, mode, made in ((plain, True, "without"), (exact, False, "with")):
        with pytest.raises(
            LedgerError,
            match=rf"line 1: Opt1 .* was made {made} --deterministic, and this command is \w+ it; .*as before",
        ):
            check_same([row], path, protocol=protocol, deterministic=mode)
    with pytest.raises(LedgerError, match=r"line 2: Opt1 .* was made with --deterministic, and line 1 without it"):
        check_same([plain, exact], path, protocol=protocol)


def test_runs_of_one_task_that_started_from_other_weights_are_refused(path: Path) -> None:
    other = invented_row(Job("flowers", "A1", "tune", 0.1, 0), weights="imagenet")
    check_same([*ROWS, other], path, protocol=ROWS[0].protocol)
    mixed = [*ROWS, other, dataclasses.replace(other, seed=1, weights="scratch")]
    with pytest.raises(
        LedgerError,
        match=r"task flowers: A1 on flowers at rate 0.1, seed 1 \(tune\) started from 'scratch', and A1 on flowers at "
        r"rate 0.1, seed 0 \(tune\) from 'imagenet'.*--weights FILE",
    ):
        check_same(mixed, path, protocol=ROWS[0].protocol)


def _hold(path: Path, ready, done) -> None:
    with open_ledger(path, print):
        ready.set()
        done.wait(240)


def test_a_second_writer_is_turned_away(path: Path) -> None:
    context = multiprocessing.get_context("spawn")  # A fork would lose the threads of what other tests imported.
    ready, done = context.Event(), context.Event()
    holder = context.Process(target=_hold, args=(path, ready, done))
    holder.start()
    try:
        assert ready.wait(120)
        with pytest.raises(LedgerError, match="in use by another process"):
            reopen(path)
        assert read_rows(path) == ROWS
    finally:
        done.set()
        holder.join()
    assert reopen(path)[0] == ROWS


def test_a_missing_ledger_says_so(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="nothing has been run there yet"):
        read_rows(tmp_path / "none.jsonl")


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LedgerError, match="cannot write the ledger"):
        open_ledger(tmp_path / "file" / "ledger.jsonl", print)
    (tmp_path / "ledger.jsonl").mkdir()
    with pytest.raises(LedgerError, match="cannot write the ledger"):
        open_ledger(tmp_path / "ledger.jsonl", print)


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write to read-only folders")
def test_a_read_only_folder(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(LedgerError, match="Permission denied"):
        open_ledger(tmp_path / "ledger.jsonl", print)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_keeps_what_was_written(path: Path) -> None:
    with open_ledger(path, print) as ledger, Path("/dev/full").open("wb", buffering=0) as full:
        ledger._file, whole = full, ledger._file
        with pytest.raises(LedgerError, match="No space left on device; its 3 records are safe"):
            ledger.append(ROWS[0])
        ledger._file = whole
        assert ledger.records == ROWS
    assert reopen(path) == (ROWS, [])


def test_half_a_row_on_a_full_disk_is_taken_back(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def half(file, data: bytes) -> None:
        file.write(data[: len(data) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")

    with open_ledger(path, print) as ledger:
        monkeypatch.setattr("reproduce.ledger._write_all", half)
        with pytest.raises(LedgerError, match="No space left"):
            ledger.append(ROWS[0])
    assert reopen(path) == (ROWS, [])
