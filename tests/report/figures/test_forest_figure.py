"""Forest plots and the answers that they show."""

from dataclasses import replace

import pytest

from reproduce.report.analysis.answers import answers
from reproduce.report.analysis.families import Difference
from reproduce.report.figures.forest import ForestLine, forest_picture, forest_reading, raw_interval, study_forest
from reproduce.report.pages.answer import PLAIN, answer_picture, answer_sentence, answer_table, reading, titles
from tests.report.result_cases import invented, protocol_of

FOUND = Difference(0.02, -0.01, 0.05, 0.01, 4, 4, 0.01, 8)


def test_the_raw_interval_is_students() -> None:
    low, high = raw_interval(FOUND)
    assert (low + high) / 2 == pytest.approx(0.02)
    assert (high - low) / 2 == pytest.approx(3.182446 * 0.01 / 2, rel=1e-5)
    assert raw_interval(replace(FOUND, sd=None)) is None


def test_a_reading_counts_the_verdicts() -> None:
    lines = [ForestLine("a", FOUND), ForestLine("b", replace(FOUND, low=0.001)), ForestLine("c", FOUND, "other")]
    assert forest_reading(lines).startswith("1 SUPPORTED, 2 UNDECIDED.")


def test_it_is_drawn_the_same_each_time_and_of_nothing() -> None:
    lines = [ForestLine("a\nb", FOUND), ForestLine("c", replace(FOUND, low=None, high=None, sd=None), "other")]
    one, other = (forest_picture("forest", "Title", "Reading.", lines).render(("svg",)) for _ in range(2))
    assert one == other
    assert forest_picture("forest", "Title", "Reading.", []).render(("svg",))["svg"]


def test_a_study_s_forest_and_answer_come_from_its_rows() -> None:
    study = invented(protocol_of("main", ("Opt1", "Opt9", "SGD", "Adam"), ("digits",)))
    shown = study_forest(study, "digits")
    assert shown is not None
    assert "minus that of Adam on digits" in shown.title
    found = list(answers("smoke", [study]))
    assert [each.task for each in found] == ["digits"]
    assert found[0].compared.result.optimizer in ("Opt1", "Opt9")
    assert found[0].compared.reference.optimizer in ("SGD", "Adam")
    words = PLAIN[found[0].difference.verdict]
    assert answer_sentence(found).endswith(f"of 1 task: {words} on 1.")
    assert answer_sentence([replace(found[0], profile="small")]).endswith(f" of 1 task**: on digits {words} (n = 3).")
    better = replace(found[0].compared, difference=replace(FOUND, mean=0.017))
    (missed,) = answer_sentence([replace(found[0], profile="small", missed=(better,))]).split(". ")[1:]
    assert missed.startswith("On digits Opt")
    assert "would have been a better baseline" in missed
    assert "tests 1.7 points above" in missed
    assert found[0].difference.verdict in answer_table(found)
    assert answer_picture(found).render(("svg",))["svg"]
    assert "their intervals at 96 %" in reading(found)
    assert titles(found) == ["digits"]
    assert titles([found[0], replace(found[0], steps=4000)])[1] == "digits after 4,000 updates"


def test_a_study_without_rows_has_neither() -> None:
    study = replace(invented(protocol_of("main", ("Opt1", "Adam"), ("digits",))), rows=())
    assert study_forest(study, "digits") is None
    assert list(answers("smoke", [study])) == []
    assert answer_sentence([]) == "Nothing has been run."
