"""What reports show: inputs with the pictures and cards that are made of them, each picture drawn once for all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from reproduce.report.cards.card import Card
from reproduce.report.cards.index import cards
from reproduce.report.figures.graphs import optimizer_graph
from reproduce.report.figures.index import all_pictures, catalog_specs
from reproduce.report.page.inputs import ReportInputs
from reproduce.report.rendering import Drawing, render_all
from reproduce.report.style import Picture

#: Of the graph on a card, which stands on the page alone.
_CARD_FORMATS = ("svg",)


@dataclass(frozen=True)
class Content:
    """What one report shows.

    Attributes:
        inputs: See `ReportInputs`.
        pictures: By heading.
        cards: One for each optimizer.
    """

    inputs: ReportInputs
    pictures: Mapping[str, Sequence[Picture]]
    cards: Sequence[Card]


def content_of(inputs: ReportInputs) -> Content:
    """The pictures and cards of these inputs; pictures are drawn when they are asked for, or by `drawn`."""
    return Content(inputs, all_pictures(inputs), cards(inputs))


def drawn(
    contents: Sequence[Content], processes: int = 1, at_hand: Mapping[Picture, Picture] | None = None
) -> list[Content]:
    """The same with every picture's files at hand.

    Args:
        contents: Of reports. Those of one run of the program share what does not depend on rows.
        processes: How many draw at a time; see `rendering`.
        at_hand: Pictures of which files were rendered before, as `catalog_drawings` are, by what they were made of.
    """
    kept = dict(at_hand or {})
    headed = _different(each for content in contents for each in _listed(content.pictures))
    graphs = [each for each in _different(_graphs(contents)) if each not in kept and each not in headed]
    drawings = [*(Drawing(kept.get(each, each)) for each in headed), *(Drawing(each, _CARD_FORMATS) for each in graphs)]
    kept |= zip([*headed, *graphs], render_all(drawings, processes), strict=True)
    return [_with(content, kept) for content in contents]


def catalog_drawings() -> list[Drawing]:
    """The graphs on the catalog's cards, which need no rows."""
    return [Drawing(optimizer_graph(name, spec), _CARD_FORMATS) for name, spec in catalog_specs().items()]


def _with(content: Content, kept: Mapping[Picture, Picture]) -> Content:
    pictures = {heading: [kept[each] for each in shown] for heading, shown in content.pictures.items()}
    shown = [replace(card, graph=kept[card.graph]) if card.graph else card for card in content.cards]
    return replace(content, pictures=pictures, cards=shown)


def _different(pictures: Iterable[Picture]) -> list[Picture]:
    return list(dict.fromkeys(pictures))


def _listed(pictures: Mapping[str, Sequence[Picture]]) -> Iterator[Picture]:
    return (each for shown in pictures.values() for each in shown)


def _graphs(contents: Iterable[Content]) -> Iterator[Picture]:
    return (card.graph for content in contents for card in content.cards if card.graph)
