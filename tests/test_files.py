"""Files that are whole or not there, whatever happens to who writes them."""

import os
import resource
import signal
from functools import partial
from pathlib import Path

import pytest

from reproduce.errors import ReproduceError
from reproduce.files import csv_text, replacing, write_bytes, write_text
from tests.processes import ended, forked, in_child


def test_a_file_is_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "table.csv"
    write_text(path, "old and longer\n")
    write_text(path, "nëw\n")
    assert path.read_bytes() == "nëw\n".encode()
    assert [each.name for each in path.parent.iterdir()] == ["table.csv"]


def test_what_a_killed_writer_left_is_taken_up_by_the_next(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    write_bytes(path, b"old")

    def killed() -> None:
        with replacing(path) as file:
            file.write(b"half of something long")
            file.flush()
            os.kill(os.getpid(), signal.SIGKILL)

    assert in_child(killed) == -signal.SIGKILL
    assert path.read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 2
    write_bytes(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_leaves_the_old_file_and_is_named(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    write_bytes(path, b"old")

    def full() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        with pytest.raises(ReproduceError, match=r"cannot write .*table\.csv: File too large"):
            write_bytes(path, bytes(5000))

    assert in_child(full) == 0
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_many_writers_of_one_file_each_write_it_whole(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"

    def write_often(letter: bytes) -> None:
        for _ in range(50):
            write_bytes(path, letter * 10_000)
            assert len(set(path.read_bytes())) == 1

    children = [forked(partial(write_often, letter)) for letter in (b"a", b"b", b"c")]
    assert [ended(child) for child in children] == [0, 0, 0]
    assert list(tmp_path.iterdir()) == [path]


def test_a_block_that_fails_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    write_bytes(path, b"old")

    def fail() -> None:
        with replacing(path) as file:
            file.write(b"new")
            raise KeyError("something else")

    with pytest.raises(KeyError):
        fail()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ReproduceError, match=r"cannot write .*table.csv: "):
        write_bytes(tmp_path / "file" / "table.csv", b"")


def test_comma_separated_values_keep_every_digit_and_quote_what_would_be_taken_for_more() -> None:
    rows = [("plain", 0.1 + 0.2, None), ('with "quotes", a comma', 7, "two\nlines")]
    expected = 'name,value,note\nplain,0.30000000000000004,\n"with ""quotes"", a comma",7,"two\nlines"\n'
    assert csv_text(("name", "value", "note"), rows) == expected
