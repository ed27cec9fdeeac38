import multiprocessing
import os
import signal
import sys
import time

import pytest

from reproduce.errors import ReproduceError
from reproduce.report.rendering import Drawing, render_all, rendering
from reproduce.report.style import Picture

FORKS = pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux alone")


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


@FORKS
def test_several_processes_give_what_one_gives() -> None:
    drawn = Drawn()
    pictures = [drawn.picture(str(number)) for number in range(7)]
    several = render_all([Drawing(each, ("svg",)) for each in pictures], processes=3)
    assert drawn.asked == []  # The children drew.
    assert [each.render(("svg",)) for each in several] == [each.render(("svg",)) for each in pictures]
    assert [each.name for each in several] == [str(number) for number in range(7)]


@FORKS
def test_pictures_are_drawn_while_the_block_goes_on() -> None:
    begun, goes_on = (multiprocessing.get_context("fork").Event() for _ in range(2))

    def render(formats):
        begun.set()
        if not goes_on.wait(60):
            raise TimeoutError("the block waited for the pictures")
        return dict.fromkeys(formats, b"drawn")

    with rendering([Drawing(Picture(name, name, "", render), ("svg",)) for name in "ab"], processes=2) as rendered:
        assert begun.wait(60)
        goes_on.set()
        assert [each.render(("svg",)) for each in rendered()] == [{"svg": b"drawn"}] * 2


def test_one_process_draws_when_pictures_are_waited_for_and_once() -> None:
    drawn = Drawn()
    with rendering([Drawing(drawn.picture(name), ("svg",)) for name in "ab"]) as rendered:
        assert drawn.asked == []
        assert rendered() == rendered()
    assert drawn.asked == [("a", ("svg",)), ("b", ("svg",))]


@pytest.mark.parametrize("processes", [1, pytest.param(2, marks=FORKS)])
def test_what_drawing_raises_is_raised(processes: int) -> None:
    def render(formats):
        raise ValueError("no such colour")

    drawings = [Drawing(Drawn().picture("a")), Drawing(Picture("b", "b", "", render))]
    with pytest.raises(ValueError, match="no such colour"):
        render_all(drawings, processes)
    assert [each.name for each in render_all(drawings[:1] * 2, processes)] == ["a", "a"]


@FORKS
def test_a_block_that_raises_waits_for_no_picture() -> None:
    drawings = [Drawing(Picture(str(each), "", "", lambda formats: time.sleep(0.5) or {})) for each in range(100)]
    start = time.monotonic()
    with pytest.raises(ReproduceError, match="rows"), rendering(drawings, processes=2):
        raise ReproduceError("rows cannot be read")
    assert time.monotonic() - start < 20  # 25 seconds for all.


@FORKS
@pytest.mark.parametrize("count", [2, 400])  # Of many, some are still being handed out when the first has ended.
def test_a_process_that_was_ended_is_said(count: int) -> None:
    deadly = Drawing(Picture("deadly", "", "", lambda formats: os.kill(os.getpid(), signal.SIGKILL)))
    with pytest.raises(ReproduceError, match="was ended, perhaps for want of memory"):
        render_all([deadly] * count, processes=2)


@FORKS
def test_what_failed_fails_again() -> None:
    def render(formats):
        raise ValueError("no such colour")

    drawings = [Drawing(Picture(name, name, "", render)) for name in "ab"]
    with rendering(drawings, processes=2) as rendered:
        for _ in range(2):
            with pytest.raises(ValueError, match="no such colour"):
                rendered()


@FORKS
def test_others_may_draw_meanwhile() -> None:
    one, two = ([Drawing(Drawn().picture(name), ("svg",)) for name in names] for names in ("ab", "cd"))
    with rendering(one, processes=2) as outer:
        inner = render_all(two, processes=2)
        shown = [*outer(), *inner]
    assert [each.render(("svg",))["svg"] for each in shown] == [b"a.svg", b"b.svg", b"c.svg", b"d.svg"]


def test_nothing_is_rendered_of_nothing() -> None:
    assert render_all([], processes=2) == []
