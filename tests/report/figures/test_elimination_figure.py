import itertools
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paper_optimizers import get
from reproduce.elimination.protocol import load_elimination_protocol
from reproduce.elimination.rounds import RoundResult, Standing
from reproduce.report.figures.elimination import ContenderCourse, courses, draw, elimination_picture, spread
from reproduce.report.style import styled
from reproduce.search.trials import Contender, SeedScores

ROUNDS = load_elimination_protocol("smoke").rounds[:2]
NAMES = {"#1 Ünï|$": "Opt7", "#2": "Opt9", "#3": "A1", "Adam": "Adam"}
CONTENDERS = {name: Contender.of(name, get(spec)) for name, spec in NAMES.items()}


def standing(name: str, scores: tuple[float, ...], survived: bool) -> Standing:
    """Scores by seed from 1; a run with score 0 could not be trained."""
    compared = dict(enumerate(scores, start=1))
    trained = {seed: score for seed, score in compared.items() if score}
    return Standing(
        CONTENDERS[name], SeedScores(trained, len(compared) - len(trained), compared), name == "Adam", survived
    )


def rounds(first: Mapping[str, tuple[float, ...]], second: Mapping[str, tuple[float, ...]]) -> list[RoundResult]:
    goes_on = [name for name in second if name != "Adam"]
    return [
        RoundResult(ROUNDS[0], tuple(standing(name, scores, name in second) for name, scores in first.items())),
        RoundResult(
            ROUNDS[1],
            tuple(standing(name, scores, name in (goes_on[0], "Adam")) for name, scores in second.items()),
        ),
    ]


RESULTS = rounds(
    {"#2": (0.9, 0.8), "#1 Ünï|$": (0.8, 0.6), "#3": (0.0, 0.0), "Adam": (0.7, 0.7)},
    {"#1 Ünï|$": (0.9, 0.7), "#2": (0.6, 0.0), "Adam": (0.8, 0.8)},
)


def test_each_optimizer_is_followed_until_it_is_out() -> None:
    assert courses(RESULTS) == [
        ContenderCourse("#2", (pytest.approx(0.85), 0.6), False, False),
        ContenderCourse("#1 Ünï|$", (pytest.approx(0.7), 0.8), False, True),
        ContenderCourse("#3", (None,), False, False),
        ContenderCourse("Adam", (0.7, 0.8), True, True),
    ]


def test_the_reading_counts_who_goes_on_and_follows_the_first_leader() -> None:
    made = elimination_picture(RESULTS, "profile tiny")
    assert made.reading == (
        f"Of 3 candidates 2, then 1 went on. The leader of the first round, #2, was out after {ROUNDS[1].name}."
    )
    assert "profile tiny, n = " in made.title
    alone = elimination_picture(RESULTS[:1], "profile tiny")
    assert alone.reading == "Of 3 candidates 2 went on. The leader of the first round, #2, is among the last."


@pytest.mark.parametrize("count", [0, 1, 2])
def test_it_is_drawn_the_same_twice(count: int) -> None:
    made, again = (elimination_picture(RESULTS[:count], "profile tiny").render(("svg",)) for _ in range(2))
    assert made == again
    assert made["svg"].startswith(b"<?xml")


def test_a_cross_lies_on_no_disc() -> None:
    with styled():
        (axes,) = draw(courses(RESULTS), ["first", "second"]).axes
    names = {text.get_text(): text.get_position() for text in axes.texts}
    crosses = {point for line in axes.lines if line.get_marker() == "x" for point in zip(*line.get_data(), strict=True)}
    discs = [point for line in axes.lines if line.get_marker() != "x" for point in zip(*line.get_data(), strict=True)]
    assert len(crosses) == 1  # Of those that are out, one could not be trained and has no line.
    for x, y in crosses:
        assert min(abs(x - place) for place, _ in discs) > 0.05
        assert [name for name, (_, height) in names.items() if height == pytest.approx(y)] == ["#2"]


def test_nothing_is_read_from_nothing() -> None:
    assert elimination_picture([], "profile tiny").reading == "Nothing has been run."


@given(st.lists(st.floats(0, 1), max_size=20))
def test_names_are_moved_apart_and_keep_their_order(heights: list[float]) -> None:
    gap = 0.05
    moved = spread(sorted(heights, reverse=True), gap, 0.0)
    assert all(upper - lower >= gap - 1e-12 for upper, lower in itertools.pairwise(moved))
    assert min(moved, default=0.0) >= 0.0
    assert spread([0.9, 0.5], gap, 0.0) == [0.9, 0.5]
