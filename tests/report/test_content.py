import dataclasses
from collections import Counter

from reproduce.report.cards import cards
from reproduce.report.content import Content, content_of, drawn
from reproduce.report.inputs import RESULTS, SPACE, ReportInputs
from reproduce.report.style import FORMATS, Picture


def test_what_reports_share_is_drawn_once() -> None:
    asked: Counter[tuple[str, str]] = Counter()

    def picture(name: str) -> Picture:
        def render(formats):
            asked.update((name, each) for each in formats)
            return {each: f"{name}.{each}".encode() for each in formats}

        return Picture(name, name, "", render)

    shared, graph, own = picture("shared"), picture("graph"), [picture("one"), picture("two")]
    (card,) = (dataclasses.replace(card, graph=graph) for card in cards(ReportInputs("tiny", {}))[:1])
    both = drawn(
        [Content(ReportInputs("tiny", {}), {RESULTS: [each, shared], SPACE: [shared]}, [card]) for each in own]
    )
    for content, mine in zip(both, own, strict=True):
        shown = [*content.pictures[RESULTS], *content.pictures[SPACE], content.cards[0].graph]
        assert [each.name for each in shown] == [mine.name, "shared", "shared", "graph"]
        for each in shown:
            assert each.render(("svg",)) == {"svg": f"{each.name}.svg".encode()}
    everywhere = {(name, suffix) for name in ("shared", "one", "two") for suffix in FORMATS}
    assert asked == Counter({*everywhere, ("graph", "svg")})


def test_reports_share_what_is_made_of_the_catalog() -> None:
    """A second profile costs no second drawing of graphs, curves and surfaces; schedules follow the warm-up."""
    one, other = (content_of(ReportInputs("tiny", {}, warmup_fraction=fraction)) for fraction in (0.1, 0.2))
    assert [card.graph for card in one.cards] == [card.graph for card in other.cards]
    different = [a.name for a, b in zip(one.pictures[SPACE], other.pictures[SPACE], strict=True) if a != b]
    assert different == ["schedules_family_1", "schedules_family_2", "schedules_outsiders"]
