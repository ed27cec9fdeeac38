"""``python -m tests.fuzz`` without its fuzzer: which readers it fuzzes, and what it counts."""

import sys
from pathlib import Path

import pytest

from tests.fuzz import __main__ as command
from tests.fuzz.readers import READERS
from tests.fuzz.totals import MARKS, Total, read_totals, write_totals


@pytest.fixture
def fuzzed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Notes what would be fuzzed; totals and page are copies. A reader called image crashes."""
    noted: list[tuple[str, int]] = []

    def fuzz(name: str, folder: Path, seconds: int) -> tuple[int, str]:
        noted.append((name, seconds))
        return (77, "ERROR: fuzz target exited") if name == "image" else (0, f"Done 5 runs in {seconds} second(s)")

    totals = tmp_path / "totals.toml"
    page = tmp_path / "page.md"
    page.write_text("\n".join(MARKS))
    monkeypatch.setattr(command, "fuzz", fuzz)
    monkeypatch.setattr(command, "RELIABILITY", page)
    monkeypatch.setattr(command, "read_totals", lambda: read_totals(totals))
    monkeypatch.setattr(command, "write_totals", lambda new: write_totals(new, totals))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    monkeypatch.chdir(tmp_path)
    return noted


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["tests.fuzz", *arguments])
    return command.main()


def test_each_reader_is_fuzzed_and_counted(
    fuzzed: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert run(monkeypatch, "--seconds", "3") == 1
    assert fuzzed == [(name, 3) for name in READERS]
    totals = read_totals(tmp_path / "totals.toml")
    assert totals == {name: Total(0, 0, 1) if name == "image" else Total(5, 3, 0) for name in READERS}
    assert "| claims | 5 | 0.1 | 0 |" in (tmp_path / "page.md").read_text()


def test_readers_are_chosen_by_name(fuzzed: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, "claims", "weights") == 0
    assert fuzzed == [("claims", 60), ("weights", 60)]
    with pytest.raises(SystemExit):
        run(monkeypatch, "nothing")


def test_without_the_fuzzer_it_says_so(
    fuzzed: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert run(monkeypatch) == 2
    assert "pip install atheris" in capsys.readouterr().out
    assert fuzzed == []
