"""Pictures and the comparison's table, from the records of invented searches."""

import statistics
from dataclasses import replace

import pytest

from reproduce.outcomes import Trained, score_of
from reproduce.report.figures.search import best_so_far_picture, search_pictures
from reproduce.report.tables.search_comparison import comparison_table
from reproduce.report.tables.search_cost import comparison_cost_table
from reproduce.search.comparison import compare_finals, compared, run_comparison
from reproduce.search.protocol import SizeSettings, load_search_protocol
from reproduce.search.records import Rejection, Sample, StageEvaluation
from reproduce.search.rescoring import baselines
from reproduce.search.results import top
from reproduce.search.search import run_search
from reproduce.search.trials import seed_scores
from tests.search.fakes import SCREENING, Witness, fake_scorers, search

SMOKE = load_search_protocol("smoke")
TINY = replace(
    SMOKE,
    sizes=SizeSettings(initial=8, particles=3, steps=1, children=2, redraws=1),
    comparison=replace(
        SMOKE.comparison, seeds=(0,), algorithms=("paper", "random"), spaces=("bello2017",), epochs=20, per_round=3
    ),
)


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    return search(tmp_path_factory.mktemp("search") / "ledger.jsonl")


def test_every_picture_is_drawn_alike_twice_and_says_n(records):
    screening = {"initial": 1, "evolution": 2}
    first, second = (search_pictures(records, screening, "invented") for _ in range(2))
    assert [each.name for each in first] == ["best_so_far", "acceptance", "operators"]
    for one, other in zip(first, second, strict=True):
        drawn = one.render(("svg",))
        assert drawn == other.render(("svg",))
        assert drawn["svg"].startswith(b"<?xml")
    titles = {each.name: each.title for each in first}
    assert "12 random candidates" in titles["operators"]
    drawn = sum(isinstance(record, Sample) or type(record).__name__ == "Rejection" for record in records)
    assert f"n = {drawn}" in titles["acceptance"]


def test_readings_are_counted_from_the_records(records):
    screening = {"initial": 1, "evolution": 2}
    readings = {each.name: each.reading for each in search_pictures(records, screening, "invented")}
    evaluations = [record for record in records if isinstance(record, StageEvaluation)]
    best = max(score_of(record.outcome) or 0.0 for record in evaluations if record.stage == "evolution")
    assert f"The search ends at {100 * best:.2f} %" in readings["best_so_far"]


def test_pictures_of_a_search_in_which_nothing_could_be_trained(tmp_path, monkeypatch):
    from reproduce.outcomes import ScreenedOut

    monkeypatch.setattr("tests.search.fakes.invented", lambda candidate: ScreenedOut("first", ((0.1, 0.0),)))
    records = search(tmp_path / "ledger.jsonl")
    for picture in search_pictures(records, {"initial": 1, "evolution": 2}, "invented"):
        assert picture.render(("svg",))["svg"]


@pytest.fixture(scope="module")
def comparison(tmp_path_factory):
    """Searches of three kinds, their trials, and where they are."""
    folder, scorers = tmp_path_factory.mktemp("comparison"), fake_scorers()

    def run(plan, path, cache):
        return run_search(plan, path, scorers, Witness(), cache)

    searches = run_comparison(TINY, folder, scorers, run)
    trials = compare_finals(
        TINY, folder / "rescoring.jsonl", searches, scorers, lambda trial, left: None, lambda text: None
    )
    return searches, trials, folder


def test_searches_of_one_seed_share_their_opening(comparison):
    searches, _, folder = comparison
    assert [each.kind for each in searches] == ["paper, full", "random, full", "paper, bello2017"]
    second = [record for record in searches[1].records if isinstance(record, StageEvaluation)]
    opening = [record for record in second if record.sample < TINY.sizes.initial]
    assert {record.cached for record in opening} == {"paper-full-seed0"}
    assert all(record.cached is None for record in searches[2].records if isinstance(record, StageEvaluation))
    assert sorted(path.name for path in folder.iterdir() if path.is_dir()) == [
        "paper-bello2017-seed0", "paper-full-seed0", "random-full-seed0",
    ]  # fmt: skip


def test_the_table_of_a_comparison(comparison):
    searches, trials, _ = comparison
    table = comparison_table(TINY, searches, trials, "invented")
    lines = {line[0].text: line for line in table.lines()}
    assert list(lines) == ["paper, full", "random, full", "paper, bello2017", *TINY.rescoring.baselines]
    for each in searches:
        found = top(each.records, TINY.comparison.top, TINY.comparison.epochs, SCREENING)
        assert lines[each.kind][1].value == pytest.approx(found[0].search_score)
        scores = [seed_scores(trials, finalist.contender) for finalist in each.finds(TINY)]
        means = [sum(again.compared.values()) / len(TINY.rescoring.seeds) for again in scores]
        assert lines[each.kind][2].value == pytest.approx(means[0])  # Not the better one: that would be luck again.
        assert lines[each.kind][4].value == pytest.approx(statistics.fmean(means))
        assert lines[each.kind][5].value == sum(again.untrained for again in scores)
        assert lines[each.kind][5].text.endswith(f"/{len(scores) * len(TINY.rescoring.seeds)}")
        left = statistics.fmean(scores[0].trained.values())
        assert lines[each.kind][6].value == pytest.approx(found[0].search_score - left)
        in_ledger = {record.sample for record in each.records if isinstance(record, StageEvaluation)}
        assert TINY.sizes.initial <= lines[each.kind][7].value <= len(in_ledger)
    assert lines["random, full"][9].value > 0
    adam = seed_scores(trials, baselines(["Adam"])[0])
    assert lines["Adam"][2].value == pytest.approx(sum(adam.compared.values()) / len(TINY.rescoring.seeds))
    assert "20 epochs" in table.caption


def test_what_a_comparison_cost(comparison):
    searches, trials, _ = comparison
    table = comparison_cost_table(compared(searches), trials, {"initial": 1, "evolution": 2}, "profile tiny, invented")
    lines = {line[0].text: [cell.value for cell in line[1:]] for line in table.lines()}
    assert list(lines) == ["paper, full", "random, full", "paper, bello2017", "with fresh seeds"]
    for each in searches:
        scores = [record for record in each.records if isinstance(record, StageEvaluation)]
        anew = [record for record in scores if record.cached is None]
        rejected = sum(isinstance(record, Rejection) for record in each.records)
        assert lines[each.kind][:3] == [1, rejected, len(scores)]
        assert lines[each.kind][4] == len(scores) - len(anew)
        screening = sum(len(record.outcome.screening) * (1 + (record.stage == "evolution")) for record in anew)
        trained = [record.outcome for record in anew if isinstance(record.outcome, Trained)]
        assert lines[each.kind][5] == screening + sum(len(outcome.validation_accuracy) for outcome in trained)
        assert lines[each.kind][6] == pytest.approx(sum(record.seconds for record in scores) / 3600)
    assert lines["with fresh seeds"][2] == len(trials)
    devices = "; ".join(sorted({trial.device for trial in trials}))
    assert table.caption.startswith(f"Profile tiny, invented; {devices}: n = 3 searches.")
    assert comparison_cost_table({}, [], {"initial": 1, "evolution": 2}, "nothing").is_empty


def test_the_picture_of_a_comparison(comparison):
    searches, _, _ = comparison
    picture = best_so_far_picture(compared(searches), SCREENING, "invented", 20)
    assert "n = 1 search of each kind" in picture.title
    for each in searches:
        best = top(each.records, 1, 20, SCREENING)[0].search_score  # Of what the budget is enough for, as in the table.
        assert f"{each.kind} ends at {100 * best:.2f} %" in picture.reading
    assert "the budget" in picture.reading
    assert " 0.00 %" in best_so_far_picture(compared(searches), SCREENING, "invented", -1).reading
    assert picture.render(("svg",))["svg"]


def test_a_comparison_run_again_scores_nothing(comparison):
    _, trials, folder = comparison
    scorers = fake_scorers()

    def run(plan, path, cache):
        return run_search(plan, path, scorers, Witness(), cache)

    again = run_comparison(TINY, folder, scorers, run)
    assert (
        compare_finals(TINY, folder / "rescoring.jsonl", again, scorers, lambda trial, left: None, lambda text: None)
        == trials
    )
    assert scorers["evolution"].scored == []
