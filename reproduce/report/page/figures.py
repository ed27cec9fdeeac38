"""Pictures as figures of the page: embedded, with caption and a text for those who do not see them."""

from __future__ import annotations

import base64
import html
import re

from reproduce.report.style import Picture


def figure_html(picture: Picture, number: str) -> str:
    """A figure with the picture as an embedded SVG file.

    Args:
        picture: What is shown.
        number: Such as "Figure 3"; empty for a figure that has neither a number nor an address.
    """
    svg = picture.render(("svg",))["svg"]
    width, height = svg_size(svg)
    data = base64.b64encode(svg).decode("ascii")
    start = f"<strong>{number}.</strong> " if number else ""
    anchor = f' id="figure-{html.escape(picture.name)}"' if number else ""
    return (
        f'<figure{anchor}>\n<img src="data:image/svg+xml;base64,{data}" '
        f'width="{width}" height="{height}" alt="{html.escape(picture.caption)}">\n'
        f"<figcaption>{start}{html.escape(picture.caption)}</figcaption>\n</figure>"
    )


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
