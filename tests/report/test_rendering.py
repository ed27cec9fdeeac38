import sys

import pytest

from reproduce.report.rendering import Drawing, render_all, rendering
from reproduce.report.style import Picture


class Drawn:
    """Pictures that count how often they are rendered."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, tuple[str, ...]]] = []

    def picture(self, name: str) -> Picture:
        def render(formats):
            self.asked.append((name, tuple(formats)))
            return {suffix: f"{name}.{suffix}".encode() for suffix in formats}

        return Picture(name, name, "", render)


def test_what_is_at_hand_is_not_drawn_again() -> None:
    drawn = Drawn()
    (kept,) = render_all([Drawing(drawn.picture("a"), ("svg", "pdf"))])
    assert kept.render(("pdf", "svg")) == {"pdf": b"a.pdf", "svg": b"a.svg"}
    assert drawn.asked == [("a", ("svg", "pdf"))]
    assert kept.render(("svg", "png"))["png"] == b"a.png"
    assert drawn.asked[1:] == [("a", ("png",))]


@pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux alone")
def test_several_processes_give_what_one_gives() -> None:
    drawn = Drawn()
    pictures = [drawn.picture(str(number)) for number in range(7)]
    several = render_all([Drawing(each, ("svg",)) for each in pictures], processes=3)
    assert drawn.asked == []  # The children drew.
    assert [each.render(("svg",)) for each in several] == [each.render(("svg",)) for each in pictures]
    assert [each.name for each in several] == [str(number) for number in range(7)]


@pytest.mark.parametrize("processes", [1, 2])
def test_pictures_are_waited_for_after_something_else(processes: int) -> None:
    drawn = Drawn()
    with rendering([Drawing(drawn.picture(name), ("svg",)) for name in "ab"], processes) as rendered:
        between = list(drawn.asked)
        pictures = rendered()
    assert between == []
    assert [each.render(("svg",))["svg"] for each in pictures] == [b"a.svg", b"b.svg"]
    assert len(drawn.asked) in (0, 2)  # By this process, or by others; never again.


def test_nothing_is_rendered_of_nothing() -> None:
    assert render_all([], processes=2) == []
