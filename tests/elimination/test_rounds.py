"""Rounds of elimination on invented scores: who goes on, resuming, the table, finalists as files."""

from dataclasses import replace

import pytest

from paper_optimizers import OptimizerSpec, get, names
from reproduce.elimination.protocol import load_elimination_protocol
from reproduce.elimination.rounds import RoundResult, Standing, eliminate, protocol_settings, standings
from reproduce.errors import LedgerError
from reproduce.outcomes import Outcome, ScreenedOut, Trained
from reproduce.report.output import write_specs
from reproduce.report.tables.elimination import elimination_table
from reproduce.search.trials import Contender, Trial
from reproduce.tasks.trainer import Candidate
from tests.search.fakes import FakeScorer, invented
from tests.search.surrogates import changed

PROTOCOL = load_elimination_protocol("smoke")
ENTRANTS = [Contender.of(f"#{number}", get(name)) for number, name in enumerate(("A1", "A2", "A3", "A4", "Opt7"))]
BASELINES = [Contender.of(name, get(name)) for name in ("Adam", "Nesterov")]


def carry_out(path, scorer=None, protocol=PROTOCOL, data="d"):
    fake = scorer or FakeScorer(data=data)
    return eliminate(protocol, path, ENTRANTS, BASELINES, lambda _: fake, lambda trial, left: None, lambda text: None)


def expected(contender, seeds) -> float:
    scores = [getattr(invented(Candidate(contender.spec, seed)), "score", 0.0) for seed in seeds]
    return sum(scores) / len(scores)


def test_the_library_below_keras_is_recorded_where_a_round_computes_with_it(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    rounds = (PROTOCOL.rounds, load_elimination_protocol("paper").rounds)
    uses_keras = [any(each.surrogate.trainer == "keras" for each in found) for found in rounds]
    found = [protocol_settings(replace(PROTOCOL, rounds=each)) for each in rounds]
    assert [settings.get("KERAS_BACKEND") for settings in found] == ["jax" if uses else None for uses in uses_keras]
    assert uses_keras == [False, True]


def test_the_best_of_each_round_go_on(tmp_path):
    results = carry_out(tmp_path / "ledger.jsonl")
    taking_part = ENTRANTS
    for result, settings in zip(results, PROTOCOL.rounds, strict=True):
        ranked = sorted(taking_part, key=lambda each, seeds=settings.seeds: -expected(each, seeds))
        entrants = [each for each in result.standings if not each.is_baseline]
        assert [each.contender for each in entrants] == ranked
        assert [each.survived for each in entrants] == [place < settings.keep for place in range(len(ranked))]
        assert [each.contender for each in result.standings if each.is_baseline] == BASELINES
        assert all(each.scores.rank == expected(each.contender, settings.seeds) for each in result.standings)
        taking_part = result.survivors
    assert len(results[-1].survivors) == PROTOCOL.rounds[-1].keep


def test_an_interrupted_elimination_goes_on(tmp_path):
    whole, broken = tmp_path / "whole.jsonl", tmp_path / "broken.jsonl"
    results = carry_out(whole)
    lines = whole.read_bytes().splitlines(keepends=True)
    for count in (0, 5, 14, 20, len(lines)):
        broken.write_bytes(b"".join(lines[:count]))
        scorer = FakeScorer()
        assert carry_out(broken, scorer) == results
        assert len(scorer.scored) == len(lines) - count


def test_another_protocol_or_other_data_are_refused(tmp_path):
    path = tmp_path / "ledger.jsonl"
    carry_out(path)
    with pytest.raises(LedgerError, match="another experiment: data is d in line 1 and e now"):
        carry_out(path, data="e")
    first = PROTOCOL.rounds[0]
    wider = replace(first, surrogate=changed(first.surrogate, model={"width": 9}))
    with pytest.raises(LedgerError, match="another experiment: protocol is"):
        carry_out(path, protocol=replace(PROTOCOL, rounds=(wider, *PROTOCOL.rounds[1:])))


def trained_mean(standing: Standing) -> float:
    scores = standing.scores.trained.values()
    return sum(scores) / len(scores)


def test_the_table_says_how_many_runs_could_be_trained():
    never, once, always = ENTRANTS[:3]
    scores = {never.name: (None, None), once.name: (0.9, None), always.name: (0.8, 0.7)}
    trials = [
        Trial(1, "p", "d", "wider", each.name, each.fingerprint, seed, outcome(score), 0.0, "", {})
        for each in (never, once, always)
        for seed, score in enumerate(scores[each.name])
    ]
    found = standings([never, once, always], [], trials, keep=1)
    assert [each.contender.name for each in found if each.survived] == [always.name]
    table = elimination_table([RoundResult(PROTOCOL.rounds[0], found)], "here", [])
    cells = {line[0].text: line[1] for line in table.lines()}
    assert [cells[each.name].text for each in (never, once, always)] == ["- (0/2)", "90.00 (1/2)", "75.00"]
    assert cells[always.name].mark == "best"


def outcome(score: float | None) -> Outcome:
    return ScreenedOut("first", ()) if score is None else Trained(score, 0.1, (), (), (score,), False)


def test_the_table_shows_how_far_each_came(tmp_path):
    results = carry_out(tmp_path / "ledger.jsonl")
    table = elimination_table(results, "profile tiny", ["a processor"])
    assert table.caption.startswith("Profile tiny, digits; a processor: ")
    evolved, known = table.sections
    first, last = results
    lines = {line[0].text: line for line in evolved.lines}
    out = {each.contender.name for each in first.standings if not each.survived}
    assert {name for name, line in lines.items() if line[2].text == "-"} == out
    assert next(iter(lines)) == last.survivors[0].name
    for standing in last.standings:
        if not standing.is_baseline:
            assert lines[standing.contender.name][2].text.startswith(f"{100 * trained_mean(standing):.2f}")
    assert [line[0].text for line in known.lines] == ["Adam", "Nesterov"]
    for column, result in enumerate(results, start=1):
        best = max(result.standings, key=lambda each: each.scores.rank)
        marks = {line[0].text: line[column].mark for line in table.lines()}
        assert marks[best.contender.name] == "best"
    assert "wider, n = 2; longer, n = 3" in table.caption


def test_finalists_are_files_that_the_package_reads(tmp_path):
    results = carry_out(tmp_path / "ledger.jsonl")
    paths = write_specs(results[-1].survivors, tmp_path / "finalists")
    assert len(paths) == 2
    for path, contender in zip(paths, results[-1].survivors, strict=True):
        assert OptimizerSpec.from_json(path.read_text()).fingerprint() == contender.fingerprint
        assert contender.fingerprint in {get(name).fingerprint() for name in names()}
    (tmp_path / "finalists" / "mine.json").touch()
    (kept,) = write_specs(results[-1].survivors[:1], tmp_path / "finalists")  # As after other rounds.
    assert {path.name for path in (tmp_path / "finalists").iterdir()} == {kept.name, "mine.json"}
