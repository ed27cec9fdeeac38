"""The gallery of the catalog: of each optimizer its equation, pictures, cost and what was measured of it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from paper_optimizers import describe, names
from reproduce.machine import usable_cores
from reproduce.report.cards.card import Card
from reproduce.report.figures.graphs import optimizer_graph
from reproduce.report.figures.index import catalog_specs
from reproduce.report.figures.trajectories import portrait
from reproduce.report.html import to_mathml
from reproduce.report.pages.choose import difference_cells
from reproduce.report.pages.rates import kept_cards
from reproduce.report.pages.tables import markdown
from reproduce.report.rendering import Drawing, render_all
from reproduce.report.results import COMPARED, REFERENCE
from reproduce.report.style import Picture, file_name

#: Where the pictures lie, beside the page.
FOLDER = "gallery"
_START = """# Gallery

Every optimizer of the catalog: what it computes, what it looks like, what it costs, and what was measured of it.
`make docs` draws the pictures and takes the numbers from the rows kept with the repository. Symbols are those of
[the catalog](catalog.md).

A path takes 100 steps with warm-up and cosine, at the best of eight peak rates. Two weights say nothing about networks,
but show what an update does with a bend and with a narrow bowl.
"""


def page() -> str:
    """The page as Markdown."""
    links = " · ".join(f"[{name}](#{_anchor(name)})" for name in shown())
    sections = (
        part for name in shown() for part in _section({profile: own[name] for profile, own in kept_cards().items()})
    )
    return "\n".join([_START, f"{links}\n", *sections])


def shown() -> list[str]:
    """The optimizers of the page: the catalog's, without the slips of the published code."""
    return [name for name in names() if describe(name).family != "released"]


@cache
def pictures() -> tuple[Picture, ...]:
    """The graph and the portrait of each optimizer, drawn."""
    specs = catalog_specs()
    made = [each for name in shown() for each in (optimizer_graph(name, specs[name]), portrait(name, specs[name]))]
    return tuple(render_all([Drawing(each, ("svg",)) for each in made], usable_cores()))


def _section(by_profile: dict[str, Card]) -> Iterator[str]:
    card = next(iter(by_profile.values()))
    name = card.name
    yield f"## {name} {{ #{_anchor(name)} }}\n"
    yield f"{card.family}: {card.origin}.\n"
    for formula in card.formulas:
        yield f"<p>{to_mathml(formula, block=True)}</p>\n"
    if card.momentum:
        yield f"Then {card.momentum}.\n"
    if card.words:
        yield f"{card.words}\n"
    yield f"![{name}: update surface and paths on two functions]({FOLDER}/{file_name('portrait', name)}.svg)\n"
    yield f"![{name}: its graph]({FOLDER}/{optimizer_graph(name, catalog_specs()[name]).name}.svg)\n"
    needs = "".join(f" It needs {each.text}." for each in describe(name).needs)
    cost = "" if card.cost is None else f" A step takes {card.cost.ratio:.2f} of Keras Adam's ({card.cost.device})."
    yield f"It keeps {card.state}{cost}{needs}\n"
    yield _measured(by_profile)


def _measured(by_profile: dict[str, Card]) -> str:
    """The tasks on which every optimizer was compared: rates that worked, and the difference to the reference."""
    lines = []
    for profile, card in by_profile.items():
        rates = {each.source._replace(phase="final"): each.range for each in card.rates}
        compared = {each.source: each.difference for each in card.comparisons}
        for source, worked in rates.items():
            if source.study in COMPARED:
                difference, verdict = difference_cells(compared.get(source))
                n = next((str(each.test.n) for each in card.comparisons if each.source == source), "-")
                lines.append((f"{source.task} ({source.study}, {profile})", worked, difference, n, verdict))
    if not lines:
        return "It was not measured.\n"
    columns = {"task": "", "peak rates that worked": ":", f"minus {REFERENCE}, points": ":", "n": ":", "better?": ""}
    return markdown(columns, lines)


def _anchor(name: str) -> str:
    return name.lower()
