"""Costs of searches and eliminations, from their protocols and from what their like has cost."""

from pathlib import Path

import pytest

from reproduce.cli import main
from reproduce.commands.estimate import _others
from reproduce.elimination.costs import estimate_elimination, measure_eliminations
from reproduce.elimination.protocol import load_elimination_protocol
from reproduce.estimates import Span
from reproduce.report.tables.estimates import time_words
from reproduce.results_layout import STORED_RESULTS
from reproduce.search.comparison_costs import estimate_comparison, estimate_noise
from reproduce.search.costs import ScoreTimings, estimate_search, measure_searches
from reproduce.search.protocol import load_search_protocol
from reproduce.search.records import StageEvaluation, read_search_records
from tests.search.surrogates import changed

SMOKE = load_search_protocol("smoke")
PROTOCOLS = STORED_RESULTS.parent / "protocols"
NOWHERE = Path("nowhere")


@pytest.fixture(scope="module")
def measured() -> ScoreTimings:
    found = ScoreTimings()
    measure_searches([STORED_RESULTS, NOWHERE], found)
    measure_eliminations([STORED_RESULTS, NOWHERE], found)
    return found


def test_a_search_takes_what_its_sizes_say() -> None:
    """Three rates of two epochs at least; seven of two and the run at most; children up to five times."""
    initial, evolution, again = estimate_search(SMOKE, NOWHERE, ScoreTimings())
    assert initial.runs == Span(60, 60)
    assert initial.steps == Span(60 * 3 * 2 * 12, 60 * (7 * 2 + 6) * 12)
    assert evolution.runs == Span(6 + 72, 6 + 72 * 5)
    assert evolution.steps == Span(78 * 6 * 12, (78 * (14 + 8) + 72 * 4 * 14) * 12)
    assert again.runs == Span((5 + 3) * 5, (5 + 3) * 5)
    assert {each.seconds for each in (initial, evolution, again)} == {None}


def test_a_search_that_was_run_lies_within_its_estimate_and_costs_nothing_more(measured: ScoreTimings) -> None:
    ledger = STORED_RESULTS / "smoke" / "search" / "ledger.jsonl"
    scores = [record for record in read_search_records(ledger) if isinstance(record, StageEvaluation)]
    initial, evolution, _ = estimate_search(SMOKE, NOWHERE, measured)
    for each, stage in ((initial, "initial"), (evolution, "evolution")):
        own = [score for score in scores if score.stage == stage]
        assert each.runs.low <= len(own) <= each.runs.high
        assert each.seconds.low <= sum(score.seconds for score in own) <= each.seconds.high
        assert each.minutes(1) == each.minutes(8)  # One process.
        assert each.gpu_hours() == Span(0.0, 0.0)
    done = estimate_search(SMOKE, ledger, measured)
    assert [each.runs for each in done[:2]] == [Span(0, 0), Span(0, 0)]
    assert done[0].seconds == Span(0.0, 0.0)


def test_compared_searches_are_measured_too(measured: ScoreTimings) -> None:
    """Profile small has compared searches, and no search of its own."""
    for each in estimate_search(load_search_protocol("small"), NOWHERE, measured):
        assert each.measured.device == "AMD EPYC (family 26, model 2, AVX-512), 2 cores"
        assert 0 < each.seconds.low <= each.seconds.high


def test_the_rounds_of_an_elimination_lose_those_that_were_eliminated(measured: ScoreTimings) -> None:
    protocol = load_elimination_protocol("smoke")
    wider, longer = estimate_elimination(protocol, NOWHERE, measured, lambda _: None)
    assert (wider.runs, longer.runs) == (Span(14, 14), Span(15, 15))  # 5 + 2 with two seeds, then 3 + 2 with three.
    assert wider.steps == Span(14 * 6 * 12, 14 * (14 + 12) * 12)
    assert wider.seconds.low > 0
    done = estimate_elimination(
        protocol, STORED_RESULTS / "smoke" / "elimination" / "ledger.jsonl", measured, lambda _: None
    )
    assert [each.runs for each in done] == [Span(0, 0), Span(0, 0)]


def test_a_round_of_keras_is_counted_by_the_data_or_their_published_number() -> None:
    protocol = load_elimination_protocol("gpu")
    published, own = (
        estimate_elimination(protocol, NOWHERE, ScoreTimings(), lambda _, count=count: count)[-1]
        for count in (None, 1_000)
    )
    assert (published.runner, published.counted, own.counted) == ("keras", "published", "data")
    assert published.steps.low > own.steps.low > 0
    assert published.seconds is None


def test_another_kind_of_surrogate_is_not_measured(measured: ScoreTimings) -> None:
    assert measured.cost(SMOKE.evolution).num_runs > 50
    for part, change in (
        ("model", {"width": 64}),
        ("training", {"batch_size": 128}),
        ("training", {"precision": "mixed_bfloat16"}),
    ):
        assert measured.cost(changed(SMOKE.evolution, **{part: change})) is None


def test_the_command_takes_searches_and_eliminations_by_name_and_with_all(tmp_path: Path, capsys) -> None:
    assert main(["estimate", "--profile", "smoke", "--output", str(tmp_path), "--study", "search", "elimination"]) == 0
    shown = capsys.readouterr().out
    assert "?" not in shown
    assert "digits" not in shown
    for name in ("initial", "scored again", "elimination", "longer"):
        assert name in shown
    assert _others("small", ["all"]) == ["search", "elimination"]
    assert _others("small", ["main"]) == []
    assert _others(str(PROTOCOLS / "gpu" / "search.toml"), []) == ["search"]
    assert _others(str(PROTOCOLS / "gpu" / "elimination.toml"), []) == ["elimination"]
    assert _others(str(PROTOCOLS / "gpu" / "main.toml"), []) == []


def test_compared_searches_lie_within_their_estimate_and_cost_nothing_more(measured: ScoreTimings) -> None:
    """What was kept of the comparison: scores that a search took over from another took no time."""
    folder = STORED_RESULTS / "smoke" / "search-comparison"
    planned = estimate_comparison(SMOKE, NOWHERE, measured)
    spent = [
        record
        for ledger in folder.glob("*/ledger.jsonl")
        for record in read_search_records(ledger)
        if isinstance(record, StageEvaluation)
    ]
    for each, stage in zip(planned, ("initial", "evolution"), strict=False):
        own = [score for score in spent if score.stage == stage and score.cached is None]
        assert 0 < len(own) <= each.runs.high
        assert sum(score.seconds for score in own) <= each.seconds.high
    assert planned[0].runs == Span(2 * 3 * 60, 2 * 3 * 60)  # Two seeds in three spaces.
    assert {each.study for each in planned} == {"search-comparison"}
    done = estimate_comparison(SMOKE, folder, measured)
    assert [each.runs.high for each in done[:2]] == [0, 0]
    assert done[2].runs.high < planned[2].runs.high
    assert time_words(planned, 1).startswith("It takes about ")


def test_a_noise_floor_is_its_seeds_less_those_on_record(measured: ScoreTimings) -> None:
    (planned,) = estimate_noise(SMOKE, NOWHERE, measured)
    count = len(SMOKE.noise.seeds)
    assert planned.runs == Span(count, count)
    assert planned.seconds.high > 0
    (done,) = estimate_noise(SMOKE, STORED_RESULTS / "smoke" / "noise-floor", measured)
    assert done.runs == Span(0, 0)
    assert time_words([done], 1) == ""
