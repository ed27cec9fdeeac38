"""Progress of a search and of trials, on a terminal and elsewhere."""

import io
import re
from dataclasses import replace

import pytest
from rich.console import Console

from reproduce import progress
from reproduce.outcomes import Trained
from reproduce.search.progress import SearchProgress, TrialProgress
from reproduce.search.records import Rejection, Sample, StageEvaluation
from reproduce.search.search import run_search
from reproduce.search.trials import Trial
from tests.search.fakes import PLAN, TINY, FakeScorer, Witness, fake_scorers

TOTAL = TINY.sizes.initial + TINY.sizes.particles * (1 + TINY.sizes.steps * TINY.sizes.children)


@pytest.fixture(autouse=True)
def every_line(monkeypatch):
    monkeypatch.setattr(progress, "PLAIN_INTERVAL", 0.0)


def shown(tmp_path, *, terminal: bool, scorer: FakeScorer | None = None, width: int = 160) -> str:
    console = Console(file=io.StringIO(), force_terminal=terminal, width=width, color_system=None)
    with SearchProgress(console, TOTAL, TINY.sizes.steps, TINY.sizes.particles) as observer:
        scorers = fake_scorers(scorer or FakeScorer(seconds=0.002))
        run_search(PLAN, tmp_path / "ledger.jsonl", scorers, observer)
    return console.file.getvalue()


def test_plain_lines_say_where_the_search_is(tmp_path):
    lines = shown(tmp_path, terminal=False).splitlines()
    assert lines[0].startswith(f"0 of {TOTAL} candidates, random candidates")
    assert any("the best on the evolution stage" in line for line in lines)
    last = lines[-1]
    for text in ("3 particles, step 2 of 2", "best ", "% of draws accepted", " a minute"):
        assert text in last
    done, total = last.split(" candidates")[0].split(" of ")
    assert done == total
    assert any("left" in line for line in lines)


def test_draws_that_wait_for_their_score_do_not_lower_acceptance(tmp_path):
    """Half of the draws are sound and all of those scored are trained, long before the last one is."""
    console = Console(file=io.StringIO(), width=160)
    records = run_search(PLAN, tmp_path / "ledger.jsonl", fake_scorers(), Witness())
    sample = next(record for record in records if isinstance(record, Sample))
    rejection = next(record for record in records if isinstance(record, Rejection))
    trained = next(
        record for record in records if isinstance(record, StageEvaluation) and isinstance(record.outcome, Trained)
    )
    with SearchProgress(console, TOTAL, 1, 0) as observer:
        for _ in range(4):
            observer.record(sample, True)
            observer.record(rejection, True)
        observer.record(trained, True)
    assert console.file.getvalue().splitlines()[-1].endswith("50 % of draws accepted")


def test_a_terminal_shows_a_bar(tmp_path):
    text = shown(tmp_path, terminal=True)
    assert "candidates" in text
    assert "particles" in text
    assert "━" in text


@pytest.mark.parametrize("width", [80, 40])
def test_a_narrow_terminal_cuts_nothing(tmp_path, width):
    text = shown(tmp_path, terminal=True, width=width)
    words = re.sub(r"\x1b\[[^a-zA-Z]*[a-zA-Z]|\s+", " ", text)
    assert "…" not in text
    assert f"of {TOTAL} candidates" in words
    assert re.search("a +minute", words)
    assert re.search("of +draws +accepted", words)


def test_what_was_found_in_the_ledger_gives_no_pace(tmp_path):
    shown(tmp_path, terminal=False)
    assert " a minute" not in shown(tmp_path, terminal=False)


def test_trials():
    console = Console(file=io.StringIO(), width=160)
    trial = Trial(1, "p", "d", "evolution", "#3", "f", 1, Trained(0.5, 0.1, (), (0.4,), (0.5,), False), 7200.0, "", {})
    with TrialProgress(console, "scoring") as observer:
        observer.advance(trial, 2)
        observer.advance(replace(trial, seed=2), 1)
        observer.notify("something")
    lines = console.file.getvalue().splitlines()
    assert lines[0] == "1 of 3 runs, scoring, #3 50.0 %"
    assert lines[1] == "2 of 3 runs, scoring, #3 50.0 %, about 1 h 00 min left"
    assert lines[2] == "Note: something"
