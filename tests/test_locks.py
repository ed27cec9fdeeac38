"""Locks between processes, also where the file system has no flock."""

import errno
import fcntl
import os
import signal
import time
import warnings
from functools import partial
from pathlib import Path

import pytest

from reproduce import locks
from reproduce.errors import LedgerError, ReproduceError, ReproduceWarning
from reproduce.files import locked, write_bytes
from reproduce.ledger import Ledger
from reproduce.locks import InUseError, exclusive
from tests.processes import ended, forked, in_child

NO_FLOCK = [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP]


def flock_answers(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def flock(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", flock)
    locks._say_once.cache_clear()


@pytest.fixture
def without_flock(monkeypatch: pytest.MonkeyPatch) -> None:
    flock_answers(errno.ENOSYS, monkeypatch)
    warnings.simplefilter("ignore", ReproduceWarning)


def hold(path: Path, then) -> None:
    with path.open("ab") as file, exclusive(file, path, wait=False):
        then()


def killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def lock_everything(folder: Path) -> None:
    write_bytes(folder / "table.csv", b"whole")
    with locked(folder / "weights.lock"), open_ledger(folder / "ledger.jsonl") as ledger:
        assert ledger.records == []


def refused(path: Path) -> None:
    with pytest.raises(LedgerError, match=r"in use by (another )?process"):
        open_ledger(path)


def open_ledger(path: Path) -> Ledger:
    return Ledger(path, lambda document: document, print)


@pytest.mark.parametrize("number", NO_FLOCK)
def test_where_flock_is_missing_that_is_said_once_and_everything_goes_on(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flock_answers(number, monkeypatch)
    with pytest.warns(ReproduceWarning) as told:
        lock_everything(tmp_path)
    assert [str(each.message) for each in told] == [
        f"this file system has no flock ({errno.errorcode[number]}: {os.strerror(number)}): files NAME.lock keep other "
        "processes out instead"
    ]
    assert sorted(each.name for each in tmp_path.iterdir()) == ["ledger.jsonl", "table.csv", "weights.lock"]


def test_another_cause_is_named_and_not_taken_for_another_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flock_answers(errno.EIO, monkeypatch)
    with pytest.raises(LedgerError, match=r"cannot lock the ledger .*: Input/output error"):
        open_ledger(tmp_path / "ledger.jsonl")
    with pytest.raises(ReproduceError, match=r"cannot lock .*: Input/output error"), locked(tmp_path / "lock"):
        pytest.fail("it was locked")
    with pytest.raises(ReproduceError, match=r"cannot write .*: Input/output error"):
        write_bytes(tmp_path / "table.csv", b"")


@pytest.mark.usefixtures("without_flock")
def test_a_second_writer_is_turned_away_by_the_holder_s_name(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    with open_ledger(path):
        with pytest.raises(
            LedgerError, match=rf"in use by process {os.getpid()} on .*if that has ended, remove .*lock"
        ):
            open_ledger(path)
        assert in_child(partial(refused, path)) == 0
    with open_ledger(path):
        pass
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("number", [None, *NO_FLOCK])
def test_the_lock_of_a_killed_process_is_free_at_once(
    number: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if number is not None:
        flock_answers(number, monkeypatch)
        warnings.simplefilter("ignore", ReproduceWarning)
    path = tmp_path / "ledger.jsonl"
    assert in_child(partial(hold, path, killed)) == -signal.SIGKILL
    assert (tmp_path / "ledger.jsonl.lock").exists() == (number is not None)
    started = time.monotonic()
    with open_ledger(path):
        assert in_child(partial(refused, path)) == 0
    assert time.monotonic() - started < locks._SECONDS_UNTIL_SAID
    assert list(tmp_path.iterdir()) == [path]


def test_a_lock_file_that_was_left_harms_nothing_where_there_is_flock(tmp_path: Path) -> None:
    (tmp_path / "ledger.jsonl.lock").write_text("7\nelsewhere\n")
    with open_ledger(tmp_path / "ledger.jsonl") as ledger:
        assert ledger.records == []


@pytest.mark.usefixtures("without_flock")
def test_a_process_id_that_was_given_again_is_not_taken_for_the_holder(tmp_path: Path) -> None:
    path, lock = tmp_path / "ledger.jsonl", tmp_path / "ledger.jsonl.lock"
    own: list[str] = []
    hold(path, lambda: own.extend(lock.read_text().splitlines()))
    process, host, _ = own
    assert int(process) == os.getpid()
    lock.write_text(f"{process}\n{host}\n1\n")
    hold(path, lambda: None)
    for text, name in (("7\nelsewhere\n1\n", "process 7 on elsewhere"), ("", "another process")):
        lock.write_text(text)
        with pytest.raises(InUseError, match=rf"^{name} \(if that has ended, remove .*ledger\.jsonl\.lock\)$"):
            hold(path, lambda: None)


def test_who_waits_long_says_for_whom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flock_answers(errno.ENOLCK, monkeypatch)
    monkeypatch.setattr(locks, "_SECONDS_UNTIL_SAID", 0.0)
    (tmp_path / ".table.csv.part.lock").write_text("7\nelsewhere\n1\n")
    monkeypatch.setattr(time, "sleep", lambda _: (tmp_path / ".table.csv.part.lock").unlink())
    with pytest.warns(ReproduceWarning) as told:
        write_bytes(tmp_path / "table.csv", b"whole")
    assert "waiting for process 7 on elsewhere (if that has ended, remove " in str(told[-1].message)
    assert (tmp_path / "table.csv").read_bytes() == b"whole"


@pytest.mark.usefixtures("without_flock")
def test_many_writers_take_turns_and_one_of_them_takes_over_what_a_killed_one_left(tmp_path: Path) -> None:
    path = tmp_path / "count"
    path.write_bytes(b"")

    def add() -> None:
        for _ in range(20):
            with locked(tmp_path / "turn"):
                path.write_bytes(path.read_bytes() + b"x")  # Lost, if two did so at once.

    assert in_child(partial(hold, tmp_path / "turn", killed)) == -signal.SIGKILL
    assert [ended(child) for child in [forked(add) for _ in range(4)]] == [0, 0, 0, 0]
    assert path.read_bytes() == b"x" * 80
    assert sorted(each.name for each in tmp_path.iterdir()) == ["count", "turn"]
