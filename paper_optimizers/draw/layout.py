"""Layered layout of a graph for drawing: where its boxes stand and how its edges run.

Boxes stand in rows, leaves in the lowest, each box in a row above everything it reads. Between two rows of boxes lies
a row for edges and their labels, and an edge that passes a row of boxes has a place of its own in it; so edges never
cross boxes or labels. Rows are ordered by barycentres to cross few edges, then each row is placed as near as it can
to what it is joined with (least squares with distances at least so large, by pooling). Lengths are in points.

References:
    Sugiyama, Tagawa and Toda (1981), Methods for visual understanding of hierarchical system structures.
"""

from __future__ import annotations

import bisect
import itertools
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

#: Between the boxes of a row, between rows, and the least height of a row of edges.
SPACE, ROW_GAP, EDGE_ROW = 14.0, 11.0, 8.0
_EDGE_WIDTH = 4.0
#: How often the rows are gone through to order them, and to place them.
_SWEEPS, _PLACINGS = 12, 60


class Size(NamedTuple):
    """Width and height."""

    width: float
    height: float


class Link(NamedTuple):
    """An edge from box ``source`` up to box ``target``.

    ``port`` is where it arrives, from -0.5 at the left end of the target's lower side to 0.5 at the right; ``label`` is
    the room that its label needs.
    """

    source: str
    target: str
    port: float = 0.0
    label: Size = Size(0.0, 0.0)


class Join(NamedTuple):
    """A neighbour in the next row, how far from its centre the edge meets it, and how much a bend there costs."""

    place: Place
    offset: float
    cost: float


@dataclass
class Place:
    """A box, or the piece of an edge in one row: its size and where its centre stands."""

    width: float
    height: float
    row: int
    x: float = 0.0
    y: float = 0.0
    below: list[Join] = field(default_factory=list)
    above: list[Join] = field(default_factory=list)


class Layout(NamedTuple):
    """Boxes by name, the places that each link passes (its label's last), heights of rows, and the whole size.

    The lower left corner is the origin.
    """

    boxes: Mapping[str, Place]
    routes: Sequence[Sequence[Place]]
    bands: Sequence[tuple[float, float]]
    size: Size


def layout(boxes: Mapping[str, Size], links: Sequence[Link], top: str) -> Layout:
    """Lay out an acyclic graph.

    Args:
        boxes: Every box's size.
        links: Its edges; parallel ones are drawn apart.
        top: The box that stands alone in the highest row.
    """
    places = _boxes(boxes, links, top)
    routes = [_route(link, places) for link in links]
    rows = _rows(places[top], places.values())
    _order(rows)
    for sweep in range(_PLACINGS):
        for row in rows if sweep % 2 else rows[::-1]:
            _spread(row, both=sweep > 1)
    _straighten(rows, links, places, routes)
    bands = _stack(rows)
    everything = [place for row in rows for place in row]
    left = min(place.x - place.width / 2 for place in everything)
    for place in everything:
        place.x -= left
    return Layout(places, routes, bands, Size(max(place.x + place.width / 2 for place in everything), bands[-1][1]))


def _boxes(boxes: Mapping[str, Size], links: Sequence[Link], top: str) -> dict[str, Place]:
    """Boxes in even rows, each above what it reads."""
    reads = defaultdict(list)
    for link in links:
        reads[link.target].append(link.source)
    rows: dict[str, int] = {}
    stack = list(boxes)
    while stack:
        waiting = [source for source in reads[stack[-1]] if source not in rows]
        if waiting:
            stack += waiting
        else:
            name = stack.pop()
            rows[name] = max((rows[source] + 2 for source in reads[name]), default=0)
    if len(boxes) > 1:
        rows[top] = max(rows[top], 2 + max(row for name, row in rows.items() if name != top))
    return {name: Place(size.width, size.height, rows[name]) for name, size in boxes.items()}


def _route(link: Link, boxes: Mapping[str, Place]) -> list[Place]:
    """The places of a link in the rows between its ends, joined to each other and to the ends."""
    source, target = boxes[link.source], boxes[link.target]
    route = [Place(_EDGE_WIDTH, 0.0, row) for row in range(source.row + 1, target.row)]
    route[-1].width = max(_EDGE_WIDTH, link.label.width)
    route[-1].height = link.label.height
    chain = [source, *route, target]
    for lower, upper in itertools.pairwise(chain):
        offset = link.port * target.width if upper is target else 0.0
        # A long edge runs straight and bends near its source; what it reads is centred below, if it can be.
        cost = 1.0 if lower is source else 3.0 if upper is target else 9.0
        upper.below.append(Join(lower, -offset, cost))
        lower.above.append(Join(upper, offset, cost))
    return route


def _rows(top: Place, boxes: Iterable[Place]) -> list[list[Place]]:
    """Places by row, in the order of a walk down from the top."""
    rows: dict[int, list[Place]] = defaultdict(list)
    seen: set[int] = set()
    rest = sorted(boxes, key=lambda place: place.row)
    stack = [*rest, top]
    while stack:
        place = stack.pop()
        if id(place) in seen:
            continue
        seen.add(id(place))
        rows[place.row].append(place)
        stack.extend(join.place for join in reversed(place.below))
    return [rows[row] for row in sorted(rows)]


def _order(rows: list[list[Place]]) -> None:
    """Sort each row by the mean position of its neighbours, up and down by turns; the best order found stays."""
    best, fewest = [list(row) for row in rows], _crossings(rows)
    for sweep in range(_SWEEPS):
        if not fewest:
            break
        upwards = sweep % 2 == 0
        for index in range(1, len(rows)) if upwards else range(len(rows) - 2, -1, -1):
            other = rows[index - 1 if upwards else index + 1]
            position = {id(place): float(number) for number, place in enumerate(other)}
            rows[index].sort(key=lambda place: _barycentre(place, position, upwards=upwards))
        count = _crossings(rows)
        if count < fewest:
            best, fewest = [list(row) for row in rows], count
    rows[:] = best


def _barycentre(place: Place, position: Mapping[int, float], *, upwards: bool) -> float:
    joins = place.below if upwards else place.above
    at = [position[id(join.place)] + join.offset * 1e-3 for join in joins]
    return sum(at) / len(at) if at else float(len(position))


def _crossings(rows: Sequence[Sequence[Place]]) -> int:
    count = 0
    for lower, upper in itertools.pairwise(rows):
        position = {id(place): number for number, place in enumerate(lower)}
        ends: list[int] = []
        for place in upper:
            for end in [position[id(join.place)] for join in sorted(place.below, key=lambda join: -join.offset)]:
                count += len(ends) - bisect.bisect_right(ends, end)
                bisect.insort(ends, end)
    return count


def _spread(row: Sequence[Place], *, both: bool) -> None:
    """Place a row as near to its neighbours as the distances between its places allow."""
    # Blocks of places that touch: the sum of their wishes times their costs, the sum of costs, and how many they are.
    blocks: list[tuple[float, float, int]] = []
    room = [0.0]
    for place, following in itertools.pairwise(row):
        room.append(room[-1] + (place.width + following.width) / 2 + SPACE)
    for place, left in zip(row, room, strict=True):
        joins = place.above + place.below if both else place.above or place.below
        cost = sum(join.cost for join in joins) or 1e-3
        wish = sum(join.cost * (join.place.x + join.offset) for join in joins) / cost if joins else place.x
        block = (cost * (wish - left), cost, 1)
        while blocks and blocks[-1][0] / blocks[-1][1] > block[0] / block[1]:
            last = blocks.pop()
            block = (last[0] + block[0], last[1] + block[1], last[2] + block[2])
        blocks.append(block)
    means = [total / cost for total, cost, number in blocks for _ in range(number)]
    for place, left, mean in zip(row, room, means, strict=True):
        place.x = left + mean


def _straighten(
    rows: Sequence[Sequence[Place]],
    links: Sequence[Link],
    boxes: Mapping[str, Place],
    routes: Sequence[Sequence[Place]],
) -> None:
    """Put all places of an edge on one vertical where there is room: below its end, else above its beginning."""
    beside: dict[int, tuple[Place | None, Place | None]] = {}
    for row in rows:
        for left, place, right in zip([None, *row[:-1]], row, [*row[1:], None], strict=True):
            beside[id(place)] = (left, right)

    def fits(place: Place, x: float) -> bool:
        left, right = beside[id(place)]
        gap = SPACE / 2 + place.width / 2
        return (left is None or left.x + left.width / 2 + gap <= x) and (
            right is None or x <= right.x - right.width / 2 - gap
        )

    for link, route in sorted(zip(links, routes, strict=True), key=lambda pair: -len(pair[1])):
        source, target = boxes[link.source], boxes[link.target]
        wishes = (target.x + link.port * target.width, source.x, sum(place.x for place in route) / len(route))
        straight = next((x for x in wishes if all(fits(place, x) for place in route)), None)
        for place in route:
            place.x = place.x if straight is None else straight


def _stack(rows: Sequence[Sequence[Place]]) -> list[tuple[float, float]]:
    """Give rows their heights; the lower and upper end of each."""
    bands, bottom = [], 0.0
    for number, row in enumerate(rows):
        height = max([place.height for place in row] + ([EDGE_ROW] if number % 2 else []))
        for place in row:
            place.y = bottom + height / 2
        bands.append((bottom, bottom + height))
        bottom += height + ROW_GAP
    return bands
