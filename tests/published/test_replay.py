"""The replay: what is sampled, how it is run, what the ledger keeps, and what is written of it."""

import json
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from paper_optimizers import from_text
from reproduce.errors import LedgerError, ProtocolError
from reproduce.ledger import Ledger
from reproduce.outcomes import NotTrained
from reproduce.plain_data import to_plain
from reproduce.population.integrity_settings import IntegritySettings
from reproduce.protocols import plain_settings, settings_hash
from reproduce.published.comparison import agreement_of, compare
from reproduce.published.log import fingerprints_of, parse_published_log
from reproduce.published.replay import Conditions, behave, conditions_hash, row_from_dict, run_replay
from reproduce.published.sample import LoggedFunction, jobs_of, logged_functions, seed_of, stratified_sample
from reproduce.report.output import show, write_findings
from reproduce.report.tables.published import replay_tables
from reproduce.search.protocol import load_search_protocol
from reproduce.stored_form import stored_surrogate
from tests.published.test_log import log
from tests.search.fakes import FakeScorer, invented
from tests.search.surrogates import changed

CONDITIONS = Conditions("0123456789abcdef", IntegritySettings(), "published", FakeScorer())


def function(number, score=None):
    scores = () if score is None else (score,)
    return LoggedFunction(f"Nest ~ {number}", from_text("Nest ~ g"), f"{number:032x}", scores, int(score is None))


def test_a_function_is_what_all_its_rows_say():
    rows = parse_published_log(
        log(
            "init,,,Nest ~ g,ok,0.1,1",
            "particle,1,0,Nest ~ id(g),ok,0.8,1",
            "mutation,1,1,Nest ~ id(id(g)),ok,0.9,1",
            "mutation,1,1,Nest ~ g,failed,,",
            "mutation,1,1,None ~ g,failed,,",
        ),
        "log.csv",
    )
    first, second = logged_functions(rows, fingerprints_of(rows, {row.text for row in rows}))
    assert (first.text, first.scores, first.rejected) == ("Nest ~ id(g)", (0.8, 0.9), 1)
    assert first.score == pytest.approx(0.85)
    assert (second.text, second.scores, second.rejected, second.score) == ("None ~ g", (), 1, None)


def test_a_sample_is_spread_over_the_ranking_and_grows():
    functions = [function(number) for number in range(30)] + [function(100 + n, n / 100) for n in range(70)]
    shuffled = [functions[index] for index in np.random.default_rng(0).permutation(100)]
    sample = stratified_sample(shuffled, 20)
    assert len({each.fingerprint for each in sample}) == 20
    places = sorted(functions.index(each) for each in sample)
    assert all(abs(place - 5 * rank) <= 6 for rank, place in enumerate(places))
    assert sum(each.score is None for each in sample) == pytest.approx(6, abs=1)
    assert stratified_sample(shuffled, 7) == sample[:7]
    assert len(stratified_sample(shuffled, 1000)) == 100


def test_seeds_are_the_candidates_own():
    seeds = [seed_of(function(number).fingerprint, run) for number in range(200) for run in range(8)]
    assert len(set(seeds)) == len(seeds)
    assert 0 <= min(seeds) <= max(seeds) < 2**31


def test_jobs_repeat_what_the_log_scored():
    sample = [function(1), function(2, 0.5), function(3, 0.6), function(4, 0.7)]
    jobs = [(job.function.text[-1], job.run) for job in jobs_of(sample, repeats=2, runs=3)]
    assert jobs == [("1", 0), ("2", 0), ("3", 0), ("4", 0), ("2", 1), ("3", 1), ("2", 2), ("3", 2)]
    with pytest.raises(ValueError, match="runs must be between 1 and 8; received 9"):
        jobs_of(sample, 1, 9)


def test_the_published_behaviour_is_one_setting():
    settings = load_search_protocol("smoke").evolution
    assert behave(settings, "published").nesterov == "search"
    assert behave(settings, "described").nesterov == "released"
    check = IntegritySettings()
    hashes = [conditions_hash(settings, check, "published"), conditions_hash(settings, check, "described")]
    hashes.append(conditions_hash(settings, replace(check, threshold=3.0), "described"))
    assert len(set(hashes)) == 3
    without = {"surrogate": stored_surrogate(plain_settings(settings)), "behaviour": "published"}
    assert hashes[0] == settings_hash(without)  # As it was before the check was a setting.
    held = changed(settings, training={"hold_fraction": 0.1})
    assert behave(held, "described").tasks[0].training.hold_fraction == 0.1
    with pytest.raises(ProtocolError, match=r"hold_fraction must be 0 for the published behaviour; received 0\.1"):
        behave(held, "published")


TEXTS = ("Nest ~ g", "None ~ -(g)", "None ~ expMovAvg(g)", "None ~ 1", "None ~ arctan(v hat)", "Nest ~ norm(g)")
FUNCTIONS = [
    LoggedFunction(text, from_text(text), from_text(text).fingerprint(), (0.5 + 0.1 * place,) if place != 3 else (), 0)
    for place, text in enumerate(TEXTS)
]
JOBS = jobs_of(FUNCTIONS, repeats=2, runs=2)


def replay(path, jobs=JOBS, conditions=CONDITIONS, scored=None):
    told = []
    scorer = FakeScorer(batch=2, backwards=False, scored=[] if scored is None else scored)
    with Ledger(path, row_from_dict, pytest.fail) as ledger:
        rows = run_replay(jobs, replace(conditions, scorer=scorer), ledger, lambda *new: told.append(new))
    assert [left for _, left in told] == list(range(len(told)))[::-1]
    assert {(row.text, row.run) for row, _ in told} == {(row.text, row.run) for row in rows[len(rows) - len(told) :]}
    return rows


def test_candidates_are_run_as_the_published_search_ran_them(tmp_path):
    scored = []
    rows = replay(tmp_path / "ledger.jsonl", scored=scored)
    assert [row.text for row in rows] == [job.function.text for job in JOBS]
    assert rows[2].outcome == NotTrained("expMovAvg")
    assert rows[3].outcome == NotTrained("integrity")
    assert [row.ascend for row in rows[:6]] == [False, True, False, False, False, False]
    flipped = next(candidate for candidate in scored if candidate.spec.to_text().endswith("-(g)"))
    assert flipped.spec.ascend
    assert rows[1].outcome == invented(flipped)
    assert (rows[0].text, rows[6].text, rows[0].run, rows[6].run) == ("Nest ~ g", "Nest ~ g", 0, 1)
    assert rows[0].outcome != rows[6].outcome


def test_the_described_behaviour_trains_what_the_published_search_could_not(tmp_path):
    rows = replay(tmp_path / "ledger.jsonl", conditions=replace(CONDITIONS, behaviour="described"))
    assert not isinstance(rows[2].outcome, NotTrained)


def test_a_replay_goes_on_from_its_ledger(tmp_path):
    whole = replay(tmp_path / "whole.jsonl")
    path, scored = tmp_path / "ledger.jsonl", []
    assert replay(path, JOBS[:4]) == whole[:4]
    assert replay(path, scored=scored) == whole
    assert len(scored) == 4
    content = path.read_bytes()
    assert replay(path, scored=scored) == whole
    assert (len(scored), path.read_bytes()) == (4, content)


def test_the_ledger_of_another_replay_is_refused(tmp_path):
    path = tmp_path / "ledger.jsonl"
    replay(path)
    with pytest.raises(LedgerError, match=r"another experiment: protocol is 0123456789abcdef in line 1 and fedc"):
        replay(path, conditions=replace(CONDITIONS, protocol="fedcba9876543210"))


@pytest.mark.parametrize("change", [{"schema": 2}, {"run": "0"}, {"outcome": {"kind": "trained"}}, {"more": 1}])
def test_what_is_not_a_row_is_refused(tmp_path, change):
    document = replay(tmp_path / "ledger.jsonl")[0].to_dict()
    assert row_from_dict(json.loads(json.dumps(document))).to_dict() == document
    with pytest.raises(ValueError, match=r"schema|run|outcome|more"):
        row_from_dict(document | change)


def test_the_agreement_is_written_and_shown(tmp_path):
    rows = replay(tmp_path / "ledger.jsonl", jobs_of(FUNCTIONS, repeats=2, runs=4))
    comparisons = compare(FUNCTIONS, rows)
    assert [each.function for each in comparisons] == FUNCTIONS
    repeated = [row.score for row in rows if row.text == TEXTS[0] and row.score is not None]
    assert comparisons[0].scores == tuple(repeated)
    assert len(repeated) > 1
    found = agreement_of(FUNCTIONS, comparisons)
    assert found == agreement_of(FUNCTIONS, comparisons)
    assert (found.sampled, found.ours_only, found.neither) == (6, 0, 1)
    assert found.both + found.published_only == 5
    tables = replay_tables(found, comparisons, "Where it ran.")
    write_findings("agreement", {"origin": {}} | to_plain(found), tables, tmp_path / "out")
    document = json.loads((tmp_path / "out" / "agreement.json").read_text())
    assert (document["origin"], document["sampled"]) == ({}, 6)
    pairs = (tmp_path / "out" / "pairs.csv").read_text().splitlines()
    assert len(pairs) == 7
    assert pairs[3] == "None ~ expMovAvg(g),0.7,1,0,,not trained,0"
    console = Console(record=True, width=100)
    for table in tables:
        show(table, console)
    assert f"scored on both sides, n = {found.both}" in console.export_text()
