import math

import numpy as np
import pytest

from reproduce.report.multiples import Axis, Band, Mark, Panel, Stroke, draw_multiples
from reproduce.report.style import render, styled

LINEAR = Axis("x")


def texts(figure: object) -> list[str]:
    (axes,) = figure.axes
    return [text.get_text() for text in axes.texts]


def drawn(panels: list[Panel], x: Axis = LINEAR, y: Axis = LINEAR, columns: int = 2):
    with styled():
        figure = draw_multiples(panels, x, y, columns=columns)
        assert render(figure, ["svg"])["svg"].startswith(b"<?xml")
        return figure


def test_values_stand_where_the_shared_scales_put_them() -> None:
    figure = drawn([Panel("a", [Stroke([0, 10], [0, 10])]), Panel("b", [Stroke([5, 5], [0, 10])])])
    lines = [line.get_xydata() for line in figure.axes[0].lines if line.get_linewidth() == 1.5]
    (start, end), (middle, _) = lines
    panel = lines[1][0][0] - (start[0] + end[0]) / 2
    assert panel > end[0] - start[0]  # The second panel is one panel further right, and 5 is half-way.
    assert middle[1] == start[1]


def test_rows_are_as_far_apart_as_their_own_titles_ask_for() -> None:
    def heights(first: str) -> tuple[float, list[float]]:
        """Of the figure, and of the lowest points of the panels, in points."""
        figure = drawn([Panel(title, [Stroke([0, 1], [0, 1])]) for title in (first, "b", "c", "d", "e")])
        lines = [line.get_xydata() for line in figure.axes[0].lines if line.get_linewidth() == 1.5]
        return 72 * figure.get_figheight(), [float(line[0][1]) for line in lines]

    (low, short), (high, long) = heights("a"), heights("a title of many words " * 12)
    assert high > low + 10  # The first row makes room for its title alone.
    assert short == pytest.approx(long)


def test_titles_labels_and_outer_ticks_are_written() -> None:
    panels = [Panel(name, [Stroke([0, 1], [0, 1])]) for name in ("one", "two", "three")]
    found = texts(drawn(panels, Axis("across", ticks=(0, 1)), Axis("up", ticks=(0.5,))))
    assert {"one", "two", "three", "across", "up"} <= set(found)
    # Two columns have their own labels below, the second in the row above; each row has its labels at the left.
    assert found.count("1") == 2
    assert found.count("0.5") == 2


def test_logarithmic_ticks_are_powers_of_ten() -> None:
    found = texts(drawn([Panel("a", [Stroke([1e-6, 1.0], [0, 1])])], Axis("rate", logarithmic=True)))
    assert {"1e-6", "1e-4", "0.01", "1"} <= set(found)


@pytest.mark.parametrize(
    ("ends", "ticks"),
    [((0.3, 6.0), ["0.5", "1", "2", "5"]), ((1200.0, 2500.0), ["2000"]), ((0.0004, 0.0011), ["0.0005", "1e-3"])],
)
def test_what_spans_no_two_powers_of_ten_has_ticks_between_them(ends: tuple[float, float], ticks: list[str]) -> None:
    across = Axis("seconds", logarithmic=True)
    found = texts(drawn([Panel("a", [Stroke(ends, [0, 1])])], across, Axis("up", ticks=(0.25,))))
    assert [text for text in found if text not in ("a", "seconds", "up", "0.25")] == ticks


@pytest.mark.parametrize(
    "panels",
    [
        [],
        [Panel("nothing")],
        [Panel("one point", [Stroke([1], [2])], marks=[Mark(1, 2, "cross")], spans=[(1, 1)])],
        [Panel("not finite", [Stroke([0, 1], [math.nan, math.inf])])],
        [Panel("flat", [Stroke([0, 1], [0, 0])], bands=[Band([0, 1], [0, 0], [0, 0])])],
        [Panel("empty line", [Stroke(np.empty(0), np.empty(0))])],
        [Panel("Ünï _ & <b> " * 9, [Stroke([0, 1], [0, 1])])],
    ],
)
def test_whatever_there_is_is_drawn(panels: list[Panel]) -> None:
    figure = drawn(panels)
    assert "not run" in texts(figure) or panels


def test_an_axis_from_zero_begins_there() -> None:
    figure = drawn([Panel("a", [Stroke([50, 100], [1, 2])])], Axis("x", zero=True, ticks=(0, 100)))
    (line,) = (line.get_xydata() for line in figure.axes[0].lines if line.get_linewidth() == 1.5)
    ticks = {text.get_text(): text.get_position()[0] for text in figure.axes[0].texts}
    assert line[0][0] == pytest.approx((ticks["0"] + ticks["100"]) / 2)
