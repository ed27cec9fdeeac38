"""Progress of a study, on terminals of any width and elsewhere."""

import io
import re
from types import SimpleNamespace

import pytest
from rich.console import Console

from reproduce import progress as line
from reproduce.study import progress as module
from reproduce.study.progress import StudyProgress
from reproduce.study.rows import Job
from tests.study.cases import invented_row

NAMES = ("mine[b]-with-a-long-name", "another-of-mine-with-a-longer-one+LR10")
JOBS = [Job("digits", NAMES[number % 2], "tune", 0.1, number) for number in range(5)]


def shown(monkeypatch: pytest.MonkeyPatch, *, terminal: bool, width: int) -> str:
    """The words shown for three of five runs, after the first of which each takes ten seconds."""
    console = Console(file=io.StringIO(), force_terminal=terminal, width=width, color_system=None)
    clock = SimpleNamespace(monotonic=lambda: clock.now, now=100.0)
    monkeypatch.setattr(module, "time", clock)
    monkeypatch.setattr(line, "PLAIN_INTERVAL", 0.0)
    progress = StudyProgress(console)
    progress.start(0, 5, 1)
    with progress:
        for number, job in enumerate(JOBS[:3], start=1):
            clock.now += 10.0
            progress.advance(invented_row(job), 5 - number, JOBS[number : number + 2])
    return re.sub(r"\x1b\[[^a-zA-Z]*[a-zA-Z]|\s+", " ", console.file.getvalue())


EXPECTED = f"{NAMES[1]} + {NAMES[0]}, best 80.0 % ({NAMES[0]}), 0 min 20 s left"


def test_elsewhere_lines_say_what_runs_and_what_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    assert f"3 of 5 runs, {EXPECTED}" in shown(monkeypatch, terminal=False, width=200)


@pytest.mark.parametrize("width", [200, 80, 50])
def test_a_terminal_shows_all_of_it_over_as_many_lines_as_it_takes(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    text = shown(monkeypatch, terminal=True, width=width)
    assert "…" not in text
    assert "3 of 5 runs" in re.sub(" +", " ", text)
    words = re.sub(r"[━╸╺ ]+", "", text)
    for part in EXPECTED.split():
        assert part in words
