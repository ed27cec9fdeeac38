"""The soak in short: each fault once, a few kills, and the committed page."""

import dataclasses
import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.readers import READERS
from tests.fuzz.totals import Total, read_totals, section, update
from tests.search.kills import kill_and_resume
from tests.soak.__main__ import fault_lines
from tests.soak.faults import FAULTS, CannotTryError, Fault, bring_about, refused
from tests.soak.kills import ROOT, require_tidy
from tests.soak.report import Line, page, written_by_hand

PAGE = ROOT / "artifact" / "RELIABILITY.md"


@pytest.mark.slow
def test_each_fault_is_survived_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    command = [sys.executable, "-m", "tests.soak", "--kills", "0", "--most", "1", "--seed", "3", "--page", str(path)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    counts = faults_in(path.read_text(encoding="utf-8"))
    assert set(counts) == {fault.name for fault in FAULTS}
    assert sum(counts.values()) >= len(FAULTS) - 1  # A container may forbid to become someone else.


def faults_in(text: str) -> dict[str, int]:
    """How often each fault of a page was brought about."""
    rows = [line.strip("| ").split(" | ") for line in text.split("## Fuzzing")[0].splitlines() if line.startswith("| ")]
    return {name: int(count) for name, *_, count in rows[1:]}


@pytest.mark.slow
def test_a_few_kills(tmp_path: Path) -> None:
    told: list[int] = []
    assert kill_and_resume(tmp_path, 4, seed=5, on_trial=told.append) == told
    assert len(told) == 4
    require_tidy(tmp_path)


def test_what_is_not_as_expected_is_told_with_the_fault(tmp_path: Path) -> None:
    def goes_on(folder: Path, chance: random.Random) -> str:
        refused(ValueError, "no", lambda: folder)
        return "never"

    def says_other(folder: Path, chance: random.Random) -> str:
        refused(ValueError, "line 7", lambda: int("x"))
        return "never"

    for act, message in ((goes_on, "a fault: went on where it should say 'no'"), (says_other, "expected 'line 7' in")):
        with pytest.raises(AssertionError, match=message):
            bring_about(Fault("a fault", "refused", act, 1), tmp_path / act.__name__, random.Random(0), 1)


def test_a_fault_that_cannot_be_tried_is_named_and_counts_nothing(tmp_path: Path) -> None:
    def cannot(folder: Path, chance: random.Random) -> str:
        raise CannotTryError("no such thing here")

    told: list[str] = []
    (line,) = fault_lines([Fault("a fault", "refused", cannot, 5)], tmp_path, 0, told.append, 9)
    assert line == Line("a fault", "refused", "not tried: no such thing here", 0)
    assert told == ["a fault: not tried: no such thing here"]


def test_the_committed_page_is_of_a_whole_run() -> None:
    counts = faults_in(PAGE.read_text(encoding="utf-8"))
    kills = [count for name, count in counts.items() if name.endswith("killed") or " killed, " in name]
    assert len(kills) == 3
    assert sum(kills) == 100
    assert min(kills) >= 30
    assert {fault.name for fault in FAULTS} <= set(counts)


def test_the_committed_page_tells_what_was_fuzzed(tmp_path: Path) -> None:
    totals = read_totals()
    assert set(totals) == set(READERS)
    assert section(totals) in PAGE.read_text(encoding="utf-8")
    copy = tmp_path / "page.md"
    lines = [Line("a", "b", "c", 1)]
    copy.write_text(page(lines, "a machine", {"python": "3"}, 0, 1.0, {}), encoding="utf-8")
    update(copy, {"spec-text": Total(1200, 60, 0)})
    text = copy.read_text(encoding="utf-8")
    assert "| spec-text | 1,200 | 1.0 | 0 |" in text
    assert text.startswith("# Reliability")
    update(copy, {"spec-text": dataclasses.replace(totals["spec-text"], runs=7)})
    assert "| all | 7 |" in copy.read_text(encoding="utf-8")


def test_a_page_that_is_written_again_keeps_what_was_added_by_hand(tmp_path: Path) -> None:
    path, added = tmp_path / "page.md", "\n## By hand\n\nA sentence.\n"
    assert written_by_hand(path) == ""
    path.write_text(page([Line("a", "b", "c", 1)], "a machine", {}, 0, 1.0, {}, added), encoding="utf-8")
    assert written_by_hand(path) == added
    again = page([Line("a", "b", "c", 2)], "a machine", {}, 0, 1.0, {}, written_by_hand(path))
    assert again.endswith(added)
    assert again.count("## By hand") == 1
