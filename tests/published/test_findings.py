"""Findings about a log: about small ones made by hand, and about the published one."""

import json

import numpy as np
import pytest
from rich.console import Console

from reproduce.counts import expected_maximum
from reproduce.errors import ReproduceError
from reproduce.plain_data import to_plain
from reproduce.published.findings import (
    cause_findings,
    duplicate_findings,
    findings_of,
    noise_finding,
    phase_findings,
    step_findings,
)
from reproduce.published.log import fingerprints_of, parse_published_log, read_published_log
from reproduce.report.collection import read_collection
from reproduce.report.output import show, write_findings
from reproduce.report.tables.published import log_tables
from tests.published.test_log import log


def read(*lines):
    rows = parse_published_log(log(*lines), "log.csv")
    return rows, fingerprints_of(rows, {row.text for row in rows})


SMALL = read(
    "init,,,Nest ~ id(g),ok,0.7,60",
    "init,,,None ~ id(g),ok,0.6,120",
    "particle,1,0,Nest ~ id(g),ok,0.80,100",
    "mutation,1,1,Nest ~ id(id(g)),ok,0.82,200",
    "mutation,1,1,Nest ~ expMovAvg(g),failed,,",
    "mutation,1,1,None ~ id(g),ok,0.70,300",
    "mutation,1,2,Nest ~ id(g),ok,0.81,300",
    "mutation,1,2,None ~ 1,failed,,",
    "mutation,1,2,Mom ~ id(g),failed,,",
    "particle,1,0,Nest ~ id(g),failed,,",
    "mutation,1,1,None ~ (v hat)+(g),ok,0.75,100",
    "mutation,1,3,None ~ (g)+(v hat),ok,0.90,100",
    "mutation,2,1,None ~ arctan(g),ok,0.5,100",
)


def test_acceptance_and_cost():
    init, particle, mutation = phase_findings(SMALL[0])
    assert (init.rows, init.scored, init.acceptance, init.minutes, init.mean_seconds, init.best) == (
        2,
        2,
        1.0,
        3,
        90,
        0.7,
    )
    assert (particle.rows, particle.scored, particle.acceptance) == (2, 1, 0.5)
    assert (mutation.rows, mutation.scored, mutation.median_seconds, mutation.best) == (9, 6, 150, 0.9)


def test_duplicates_are_counted_by_value_and_by_text():
    initial, evolution = duplicate_findings(*SMALL)
    assert (initial.scored, initial.texts, initial.functions, initial.repeated) == (2, 2, 2, 0)
    assert (evolution.scored, evolution.texts, evolution.functions) == (7, 6, 4)
    assert (evolution.repeated, evolution.shared) == (3, 5)
    assert evolution.repeated_share == pytest.approx(3 / 7)


def test_causes_that_can_be_seen():
    never, integrity, rest = cause_findings(SMALL[0])
    assert (never.rows, never.rejected) == (1, 1)
    assert (integrity.rows, integrity.rejected) == (1, 1)
    assert (rest.rows, rest.rejected) == (11, 2)


def test_steps_compare_the_best_child_with_what_it_replaces():
    steps = step_findings(SMALL[0])
    assert [(step.line, step.parent_score, step.child_score, step.children) for step in steps] == [
        (5, 0.80, 0.82, 2),
        (8, 0.82, 0.81, 1),
        (13, 0.75, 0.90, 1),
    ]
    assert [step.worse for step in steps] == [False, True, False]


def test_noise_is_that_of_repeats():
    noise = noise_finding(*SMALL)
    assert noise.repeats[0].scores == (0.80, 0.82, 0.81)
    assert noise.repeats[0].text == "Nest ~ id(g)"
    assert noise.repeats[1].scores == (0.75, 0.90)
    assert noise.degrees_of_freedom == 3
    pooled = np.sqrt((np.var([0.80, 0.82, 0.81]) * 3 + np.var([0.75, 0.90]) * 2) / 3)
    assert noise.pooled_sd == pytest.approx(pooled)
    assert noise.expected_best == pytest.approx(0.81 + pooled * expected_maximum(7))
    assert [row.line for row in noise.beyond] == [
        row.line for row in SMALL[0] if row.score and row.score > noise.expected_best
    ]


def test_too_few_repeats_say_nothing():
    assert noise_finding(*read("particle,1,0,Nest ~ id(g),ok,0.8,1", "mutation,1,1,Nest ~ g,ok,0.8,1")) is None


def written(rows, folder):
    found = findings_of(*rows)
    write_findings("log", to_plain(found), log_tables(found), folder)
    return found


def shown(found):
    """The text of the tables on screen, on one line."""
    console = Console(record=True, width=100)
    for table in log_tables(found):
        show(table, console)
    return " ".join(console.export_text().split())


def test_the_findings_are_written_and_shown(tmp_path):
    found = written(SMALL, tmp_path / "published")
    document = json.loads((tmp_path / "published" / "log.json").read_text())
    assert document["rows"] == 13
    assert len(document["steps"]) == 3
    assert document["noise"]["repeats"][0]["scores"] == [0.8, 0.82, 0.81]
    tables = {path.stem: path.read_text().splitlines() for path in (tmp_path / "published").glob("*.csv")}
    assert {name: len(lines) for name, lines in tables.items()} == {
        "phases": 4, "duplicates": 3, "causes": 4, "steps": 4, "repeats": 3,
        "beyond_noise": 1 + len(document["noise"]["beyond"]),
    }  # fmt: skip
    assert tables["phases"][1].startswith("init,2,2,1.0,3.0,90")
    text = shown(found)
    assert "worse than its parent in 1 of 3 steps. The log has 1 to 2 scored children of a step, 1 in the" in text
    assert "Nest ~ id(g)" in text
    assert "no rejected candidate of the phase init" in text
    assert "no rejected candidate of the phase mutation" not in text


def test_the_findings_of_an_imported_log_are_on_the_page(tmp_path):
    found = written(SMALL, tmp_path / "published")
    assert read_collection(tmp_path, "smoke").log == found
    assert all(not table.is_empty for table in log_tables(found))
    (tmp_path / "published" / "log.json").write_text('{"rows": "many"}')
    with pytest.raises(ReproduceError, match=r"cannot read .*log\.json: .*import-log writes it again"):
        read_collection(tmp_path, "smoke")


def test_a_log_without_repeats_is_reported_too(tmp_path):
    found = written(read("init,,,Nest ~ [a1][g],ok,0.7,60".replace("[a1][g]", "id([a1][g])")), tmp_path)
    assert "says nothing about noise" in shown(found)
    assert "worse than its parent in 0 of 0 steps. " in shown(found)
    assert (tmp_path / "steps.csv").read_text() == "line,particle,depth,parent_score,child_score,children\n"


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ReproduceError, match="cannot write"):
        written(SMALL, tmp_path / "file")


@pytest.mark.slow
def test_the_published_log_says_what_is_known_of_it(reference):
    rows = read_published_log(reference / "search_log" / "published_search.csv")
    steps, (_, _, mutation) = step_findings(rows), phase_findings(rows)
    assert sum(step.worse for step in steps) / len(steps) == pytest.approx(77 / 248, abs=0.05)
    assert mutation.mean_seconds == pytest.approx(241, abs=3)
    scored = [row for row in rows if row.stage == "evolution" and row.score is not None]
    noise = noise_finding(scored, fingerprints_of(scored, {row.text for row in scored}))
    assert noise.repeats[0].text == "Nest ~ id(id(g))"
    assert noise.repeats[0].mean == pytest.approx(0.8198, abs=0.001)
    assert noise.pooled_sd == pytest.approx(0.0034, abs=0.0005)
    assert noise.expected_best == pytest.approx(0.8315, abs=0.0005)
    assert [round(row.score, 4) for row in noise.beyond] == [0.8366, 0.8316]
