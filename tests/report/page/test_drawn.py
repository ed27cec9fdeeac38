import dataclasses
from collections import Counter

from reproduce.report.cards.index import all_cards
from reproduce.report.page.report import RESULTS, SPACE, Report, catalog_drawings, drawn, report_of
from reproduce.report.page.search import SearchResults
from reproduce.report.style import FORMATS, Picture
from tests.report.figure_cases import measured, results_of


def test_what_reports_share_is_drawn_once() -> None:
    asked: Counter[tuple[str, str]] = Counter()

    def picture(name: str) -> Picture:
        def render(formats):
            asked.update((name, each) for each in formats)
            return {each: f"{name}.{each}".encode() for each in formats}

        return Picture(name, name, "", render)

    shared, graph, own = picture("shared"), picture("graph"), [picture("one"), picture("two")]
    (card,) = (dataclasses.replace(card, graph=graph) for card in all_cards(measured())[:1])
    both = drawn([Report("tiny", pictures={RESULTS: [each, shared], SPACE: [shared]}, cards=[card]) for each in own])
    for report, mine in zip(both, own, strict=True):
        shown = [*report.pictures[RESULTS], *report.pictures[SPACE], report.cards[0].graph]
        assert [each.name for each in shown] == [mine.name, "shared", "shared", "graph"]
        for each in shown:
            assert each.render(("svg",)) == {"svg": f"{each.name}.svg".encode()}
    everywhere = {(name, suffix) for name in ("shared", "one", "two") for suffix in FORMATS}
    assert asked == Counter({*everywhere, ("graph", "svg")})


def test_reports_share_what_is_made_of_the_catalog() -> None:
    """A second profile costs no second drawing of graphs, curves and surfaces; schedules follow the warm-up."""
    one, other = (
        report_of(measured(results_of([], "main", fraction)), [], SearchResults((), ())) for fraction in (0.1, 0.2)
    )
    assert [card.graph for card in one.cards] == [card.graph for card in other.cards]
    different = [a.name for a, b in zip(one.pictures[SPACE], other.pictures[SPACE], strict=True) if a != b]
    assert different == ["schedules"]


def test_graphs_drawn_while_rows_are_read_are_those_of_the_cards() -> None:
    shown = {card.graph for card in all_cards(measured()) if card.graph}
    assert {each.picture for each in catalog_drawings()} == shown
    assert {each.formats for each in catalog_drawings()} == {("svg",)}


def test_what_is_at_hand_is_not_drawn_again() -> None:
    asked: list[tuple[str, str]] = []

    def render(formats):
        asked.extend(("again", each) for each in formats)
        return dict.fromkeys(formats, b"drawn")

    first, headed = Picture("graph", "", "", render), Picture("both", "", "", render)
    held = Picture("held", "", "", lambda formats: dict.fromkeys(formats, b"at hand"))
    (card,) = (dataclasses.replace(card, graph=first) for card in all_cards(measured())[:1])
    report = Report("tiny", pictures={SPACE: [headed]}, cards=[card])
    (found,) = drawn([report], at_hand={first: held, headed: held})
    assert found.cards[0].graph.render(("svg",)) == {"svg": b"at hand"}
    assert found.pictures[SPACE][0].render(("svg", "pdf")) == {"svg": b"at hand", "pdf": b"at hand"}
    assert asked == []
