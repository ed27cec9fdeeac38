"""HTML from templates: what is put into one is escaped, unless it is markup already."""

from __future__ import annotations

import base64
import gzip
import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from latex2mathml.converter import convert
from markupsafe import Markup

from reproduce.report.analysis.verdicts import VERDICTS
from reproduce.report.style import Picture
from reproduce.report.table import POSSIBLE, Cell, Column, Source, Table

#: From the runs behind a number to a link to them, or None.
Link = Callable[[Source], str | None]


def render(template: str, **values: Any) -> str:
    """A template of this package with these values."""
    return _environment().get_template(template).render(values)


def to_html(table: Table, *, mathematics: bool = False, link: Link | None = None) -> str:
    """An HTML table with caption, column headings and row headings (its first column).

    Args:
        table: The table.
        mathematics: Whether formulas are set; else they stand as text.
        link: Makes numbers links to their runs.
    """
    macros: Any = _environment().get_template("table.html").module
    return str(macros.table_html(table, mathematics, link))


def to_mathml(latex: str, *, block: bool = False) -> Markup:
    r"""A formula without dollar signs as a ``math`` element, which browsers set and screen readers speak.

    Args:
        latex: Such as ``OptimizerSpec.to_latex`` gives.
        block: Whether it stands in a line of its own.

    Raises:
        ValueError: If it has a command that is not known.
    """
    # Names are words: of the library's elements for them one spells letters, the other sets spaces around.
    mathml = convert(latex.replace(r"\mathrm", r"\operatorname"), display="block" if block else "inline")
    mathml = re.sub("<mo>([A-Za-z]+)</mo>", r"<mi>\1</mi>", mathml)
    if "\\" in mathml:
        raise ValueError(f"received {latex!r}, which has a command that is not known")
    return Markup(mathml)


class Embedded(NamedTuple):
    """A picture as an embedded SVG file: the file, compressed, and its size in CSS pixels."""

    data: str
    width: int
    height: int


def embedded(picture: Picture) -> Embedded:
    """The picture for an HTML page."""
    svg = picture.render(("svg",))["svg"]
    packed = gzip.compress(svg, 9, mtime=0)
    return Embedded(base64.b64encode(packed).decode("ascii"), *svg_size(svg))


def svg_size(svg: bytes) -> tuple[int, int]:
    """Width and height in CSS pixels of an SVG file that gives them in points.

    Raises:
        ValueError: If it does not.
    """
    head = svg[: svg.index(b">", svg.index(b"<svg"))]
    width, height = (re.search(rb'\s%b="([\d.]+)pt"' % side, head) for side in (b"width", b"height"))
    if width is None or height is None:
        raise ValueError(f"expected an SVG file with width and height in points; received {head[-200:]!r}")
    return round(float(width[1]) * 96 / 72), round(float(height[1]) * 96 / 72)


def _address(cell: Cell, column: Column, line: Sequence[Cell], link: Link | None) -> str | None:
    """Find the address of the runs behind a cell; a number without any has the last ones of its line."""
    source = cell.source
    if source is None and column.numeric and any(map(str.isdigit, cell.text)):
        source = next((each.source for each in reversed(line) if each.source), None)
    return link(source) if link and source else None


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("reproduce.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["mathml"] = to_mathml
    environment.globals |= {
        "address": _address,
        "embedded": embedded,
        "possible": POSSIBLE,
        "verdicts": VERDICTS,
        "zip": zip,
    }
    return environment
