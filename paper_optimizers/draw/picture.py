"""Pictures of specs in the manner of the paper's figures 1 and 2.

Leaves (operands, curves) stand at the bottom in yellow, functions above them in blue, the root on top in white with
the whole equation over it; nodes that the root does not reach are grey and dashed. A function's first argument arrives
at the left of its lower side, the second at the right. An edge with a decay function carries its name, d1, d2, ...;
each decay function, and the learning rate's factor, has a panel of its own below with its graph and its values over
the run. Momentum is not shown.

Needs matplotlib: ``pip install 'paper-optimizers[draw]'``.
"""

from __future__ import annotations

import contextlib
import functools
import os
import sys
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from paper_optimizers.curves import numpy_progress
from paper_optimizers.draw.layout import Layout, Link, Place, Size, layout
from paper_optimizers.errors import SpecError, shown
from paper_optimizers.fields import SpecFields
from paper_optimizers.graph import Graph, Node
from paper_optimizers.latex import graph_to_latex, node_formula, to_latex
from paper_optimizers.namespaces import NUMPY
from paper_optimizers.ops import FUNCTIONS
from paper_optimizers.program import evaluate_graph
from paper_optimizers.templates import Formula

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Formats by suffix, each with the metadata that would otherwise name the moment and the machine of drawing.
FORMATS: Mapping[str, Mapping[str, Any]] = {
    ".svg": {"Date": None, "Creator": None},
    ".pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    ".png": {"Software": None},
}
_STYLE = {
    "font.family": "STIXGeneral",
    "mathtext.fontset": "stix",
    "pdf.fonttype": 42,
    "svg.fonttype": "path",
    "svg.hashsalt": "paper-optimizers",
}
_BLUE, _YELLOW, _WHITE, _GREY = "#a6cee3", "#fdf0c4", "#ffffff", "#ececec"
_INK, _FAINT, _RED = "#1a1a1a", "#8a8a8a", "#a63603"
_FONT, _SMALL, _TINY = 11.0, 9.0, 7.0
#: Panels stand beside each other up to this width, or that of the main graph.
_ROW_WIDTH = 480.0
_MARGIN, _PANEL_GAP = 12.0, 30.0
#: The plot of a decay function's values, and how much of its width the scale at its right takes.
_CURVE, _SCALE = Size(84.0, 36.0), 20.0
_CURVE_GAP, _TITLE_GAP = 14.0, 10.0
#: An equation wider than this many points is set smaller; one longer than so many characters is not set.
_EQUATION_WIDTH, _EQUATION_LENGTH = 640.0, 3_000
_MAX_PIXELS = 4e7


def draw(spec: SpecFields | Graph, path: str | Path) -> Path:
    """Draw ``spec`` into a file; equal specs give equal bytes with one version of matplotlib.

    Args:
        spec: The optimizer, or one graph of it, such as a decay function.
        path: Where to; ends in ``.svg``, ``.pdf`` or ``.png``. An existing file is replaced once the new one is whole.

    Returns:
        ``path`` as a `Path`.

    Raises:
        ValueError: If ``path`` is no path, or ends otherwise.
        FileNotFoundError: If its folder does not exist.
        ImportError: If matplotlib is not installed.
    """
    path = _checked(path)
    try:
        mpl = load_matplotlib()
    except ImportError as error:
        raise ImportError("drawing needs matplotlib; install it with: pip install 'paper-optimizers[draw]'") from error
    unfinished = path.with_name(f".{path.name}.part")
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)
        figure = _figure(spec)
        pixels = figure.get_figwidth() * figure.get_figheight()
        dpi = min(200.0, (_MAX_PIXELS / pixels) ** 0.5)
        try:
            suffix = path.suffix.lower()
            figure.savefig(unfinished, format=suffix[1:], dpi=dpi, metadata=dict(FORMATS[suffix]))
            unfinished.replace(path)
        except PermissionError as error:
            raise PermissionError(f"{path} cannot be written: the folder {path.parent} is not writable") from error
        finally:
            unfinished.unlink(missing_ok=True)
    return path


def _checked(path: str | Path) -> Path:
    """``path`` where a picture can lie: a name that ends rightly, in a folder that exists."""
    if not isinstance(path, str | PathLike):
        raise ValueError(f"received {shown(path)}; expected a path that ends in {', '.join(FORMATS)}")
    path = Path(path)
    if path.suffix.lower() not in FORMATS:
        raise ValueError(f"received the path {str(path)!r}; a picture's name ends in {', '.join(FORMATS)}")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{path} cannot be written: there is no folder {path.parent}; make it first")
    if path.is_dir():
        raise ValueError(f"{path} is a folder; expected the name of a file")
    return path


class _GraphPanel(NamedTuple):
    """A graph with its title and, for decay functions, a plot of its values."""

    graph: Graph
    layout: Layout
    links: Sequence[Link]
    labels: Mapping[str, str]
    decay_names: Sequence[str]
    title: str
    title_size: float
    body: Size
    size: Size


def _figure(spec: SpecFields | Graph) -> Figure:
    main, *below = _panels(spec)
    rows = _flow(below, max(main.size.width, _ROW_WIDTH))
    width = max([main.size.width, *(_row_width(row) for row in rows)]) + 2 * _MARGIN
    height = main.size.height + sum(_PANEL_GAP + _row_height(row) for row in rows) + 2 * _MARGIN
    canvas = _Canvas(width, height)
    top = height - _MARGIN
    canvas.panel(main, (width - main.size.width) / 2, top)
    top -= main.size.height
    for row in rows:
        left, top = (width - _row_width(row)) / 2, top - _PANEL_GAP
        for panel in row:
            canvas.panel(panel, left, top)
            left += panel.size.width + _PANEL_GAP
        top -= _row_height(row)
    return canvas.figure


def _panels(spec: SpecFields | Graph) -> list[_GraphPanel]:
    """The main graph, then its decay functions and the learning rate's factor."""
    if isinstance(spec, Graph):
        return [_panel(spec, _equation("u" if spec.kind == "update" else "d", spec))]
    names = {decay: f"d_{{{number}}}" for number, decay in enumerate(spec.decays, start=1)}
    decays = [_panel(decay, _equation(name, decay)) for decay, name in names.items()]
    factor = (
        [] if spec.schedule is None else [_panel(spec.schedule, _equation(r"\eta\;\mathrm{factor}", spec.schedule))]
    )
    return [_panel(spec.update, _equation("u", spec), names), *decays, *factor]


def _equation(name: str, what: SpecFields | Graph) -> str:
    try:
        latex = to_latex(what) if isinstance(what, SpecFields) else graph_to_latex(what)
    except SpecError:
        latex = "x" * (_EQUATION_LENGTH + 1)
    return _math(f"{name} = {latex}" if len(latex) <= _EQUATION_LENGTH else rf"{name} = \ldots")


def _math(latex: str) -> str:
    """LaTeX as matplotlib sets it best: plain bars, upright primes, fractions in full size."""
    for ours, theirs in ((r"\left|", "|"), (r"\right|", "|"), (r"\tanh'", r"\mathrm{tanh}'"), (r"\frac", r"\dfrac")):
        latex = latex.replace(ours, theirs)
    return f"${latex}$"


def _flow(panels: Sequence[_GraphPanel], width: float) -> list[list[_GraphPanel]]:
    rows: list[list[_GraphPanel]] = []
    for panel in panels:
        if rows and _row_width([*rows[-1], panel]) <= width:
            rows[-1].append(panel)
        else:
            rows.append([panel])
    return rows


def _row_width(row: Sequence[_GraphPanel]) -> float:
    return sum(panel.size.width for panel in row) + _PANEL_GAP * (len(row) - 1)


def _row_height(row: Sequence[_GraphPanel]) -> float:
    return max(panel.size.height for panel in row)


def _panel(graph: Graph, title: str, decay_names: Mapping[Graph, str] | None = None) -> _GraphPanel:
    labels = {node.id: _label(node, graph) for node in graph.nodes}
    boxes = {id: _box(_measure(label, _FONT)) for id, label in labels.items()}
    links, carried = [], []
    for node in graph.nodes:
        for number, edge in enumerate(node.inputs):
            name = "" if edge.decay is None else (decay_names or {}).get(edge.decay, "d")
            room = _measure(f"${name}$", _SMALL) if name else Size(-6.0, -4.0)
            port = 0.0 if len(node.inputs) == 1 else 0.5 * number - 0.25
            links.append(Link(edge.node, node.id, port, Size(room.width + 6.0, room.height + 4.0)))
            carried.append(f"${name}$" if name else "")
    placed = layout(boxes, links, graph.root)
    title_size = 13.0 if graph.kind == "update" else _FONT
    title_size *= min(1.0, max(0.55, _EQUATION_WIDTH / _measure(title, title_size).width))
    room = _measure(title, title_size)
    body = placed.size
    if graph.kind == "decay":
        body = Size(body.width + _CURVE_GAP + _CURVE.width, max(body.height, _CURVE.height))
    size = Size(max(body.width, room.width), room.height + _TITLE_GAP + body.height)
    return _GraphPanel(graph, placed, links, labels, carried, title, title_size, body, size)


def _label(node: Node, graph: Graph) -> str:
    if node.op == "identity":
        return _math(r"\operatorname{id}\left(x\right)")
    arguments = [Formula(name) for name in "xy"[: len(node.inputs)]]
    return _math(node_formula(node, graph.kind, arguments).latex)


@functools.lru_cache(maxsize=1_024)
def _measure(text: str, size: float) -> Size:
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextToPath

    width, height, depth = TextToPath().get_text_width_height_descent(text, FontProperties(size=size), ismath=True)
    del depth
    return Size(float(width), float(height))


def _box(text: Size) -> Size:
    return Size(max(26.0, text.width + 14.0), max(22.0, text.height + 11.0))


class _Canvas:
    """A figure whose unit is the point, with the origin in its lower left corner."""

    def __init__(self, width: float, height: float) -> None:
        from matplotlib.figure import Figure

        self.figure = Figure(figsize=(width / 72.0, height / 72.0))
        self._axes = self.figure.add_axes((0.0, 0.0, 1.0, 1.0))
        self._axes.set(xlim=(0.0, width), ylim=(0.0, height))
        self._axes.set_axis_off()

    def panel(self, panel: _GraphPanel, left: float, top: float) -> None:
        """Draw a panel whose upper left corner is given."""
        self._text(panel.title, left + panel.size.width / 2, top, panel.title_size, va="top")
        x = left + (panel.size.width - panel.body.width) / 2
        middle = top - panel.size.height + panel.body.height / 2
        self._graph(panel, x, middle - panel.layout.size.height / 2)
        if panel.graph.kind == "decay":
            self._curve(panel.graph, x + panel.layout.size.width + _CURVE_GAP, middle)

    def _graph(self, panel: _GraphPanel, x: float, y: float) -> None:
        active = {node.id for node in panel.graph.active()}
        for link, route, name in zip(panel.links, panel.layout.routes, panel.decay_names, strict=True):
            self._link(panel.layout, link, route, (x, y), faint=link.target not in active)
            if name:
                color = _RED if link.target in active else _FAINT
                self._text(name, x + route[-1].x, y + route[-1].y, _SMALL, color, va="center", on_line=True)
        for id, place in panel.layout.boxes.items():
            self._box(panel, id, place, (x, y), faint=id not in active)

    def _box(self, panel: _GraphPanel, id: str, place: Place, origin: tuple[float, float], *, faint: bool) -> None:
        from matplotlib.patches import FancyBboxPatch

        is_root, is_leaf = id == panel.graph.root, panel.graph[id].op not in FUNCTIONS
        x, y = origin[0] + place.x, origin[1] + place.y
        radius = 1.0 if is_leaf else min(place.height / 2, 11.0)
        self._axes.add_patch(
            FancyBboxPatch(
                (x - place.width / 2, y - place.height / 2), place.width, place.height,
                boxstyle=f"round,pad=0,rounding_size={radius}",
                facecolor=_GREY if faint else _WHITE if is_root else _YELLOW if is_leaf else _BLUE,
                edgecolor=_FAINT if faint else _INK, linewidth=1.6 if is_root else 0.8,
                linestyle=(0, (3.0, 2.0)) if faint else "solid", zorder=2,
            )
        )  # fmt: skip
        self._text(panel.labels[id], x, y, _FONT, _FAINT if faint else _INK, va="center")

    def _link(
        self, placed: Layout, link: Link, route: Sequence[Place], origin: tuple[float, float], *, faint: bool
    ) -> None:
        from matplotlib.patches import FancyArrowPatch

        self._axes.add_patch(
            FancyArrowPatch(
                path=_path(placed, link, route, origin), arrowstyle="-|>", mutation_scale=7.0, linewidth=0.9,
                color=_FAINT if faint else _INK, linestyle=(0, (3.0, 2.0)) if faint else "solid",
                shrinkA=0.0, shrinkB=0.0, capstyle="butt", joinstyle="miter", zorder=1,
            )
        )  # fmt: skip

    def _curve(self, graph: Graph, x: float, middle: float) -> None:
        """The values of a decay function over the run, between lines at 0 and 1 or beyond them at its extremes."""
        with np.errstate(all="ignore"):
            values = np.asarray(evaluate_graph(graph, NUMPY, numpy_progress(np.arange(100), 100)), np.float64)
        if not np.isfinite(values).all():
            self._text("not finite", x + _CURVE.width / 2, middle, _TINY, _FAINT, va="center")
            return
        ends = (min(0.0, float(values.min())), max(1.0, float(values.max())))
        heights = middle + ((values - ends[0]) / (ends[1] - ends[0]) - 0.5) * _CURVE.height
        right = x + _CURVE.width - _SCALE
        for end, height in zip(ends, (middle - _CURVE.height / 2, middle + _CURVE.height / 2), strict=True):
            self._axes.plot([x, right], [height, height], color=_FAINT, linewidth=0.5)
            self._text(f"{end:.3g}", right + 4.0, height, _TINY, _FAINT, ha="left", va="center_baseline")
        self._axes.plot(np.linspace(x, right, len(values)), heights, color=_RED, linewidth=1.3)

    def _text(
        self, text: str, x: float, y: float, size: float, color: str = _INK, *,
        va: str, ha: str = "center", on_line: bool = False,
    ) -> None:  # fmt: skip
        background = {"facecolor": "white", "edgecolor": "none", "pad": 1.5} if on_line else None
        layer = 1.5 if on_line else 3.0
        self._axes.text(x, y, text, fontsize=size, color=color, ha=ha, va=va, zorder=layer, bbox=background)


def _path(placed: Layout, link: Link, route: Sequence[Place], origin: tuple[float, float]) -> Any:
    """Straight up through each row that the link passes, bending between rows only."""
    from matplotlib.path import Path as Outline

    source, target = placed.boxes[link.source], placed.boxes[link.target]
    at = (source.x, source.y + source.height / 2)
    points, codes = [at], [Outline.MOVETO]
    ends = [((place.x, placed.bands[place.row][0]), (place.x, placed.bands[place.row][1])) for place in route]
    end = (target.x + link.port * target.width, target.y - target.height / 2)
    for lower, upper in [*ends, (end, end)]:
        middle = (at[1] + lower[1]) / 2
        points += [(at[0], middle), (lower[0], middle), lower]
        codes += [Outline.CURVE4] * 3
        if upper != lower:
            points.append(upper)
            codes.append(Outline.LINETO)
        at = upper
    return Outline([(x + origin[0], y + origin[1]) for x, y in points], codes)


def load_matplotlib() -> Any:
    """The module ``matplotlib``, for drawing into files; a display back end that is set is kept where it can be had.

    Importing it fails where ``MPLBACKEND`` names a back end that is not installed, as in a process that was started
    from a notebook with another interpreter. Figures here are made without ``pyplot``, so none is ever loaded.

    Raises:
        ModuleNotFoundError: If matplotlib is not installed.
    """
    named = os.environ.get("MPLBACKEND")
    if not named or "matplotlib" in sys.modules:
        import matplotlib as mpl

        return mpl
    del os.environ["MPLBACKEND"]
    try:
        import matplotlib as mpl
    finally:
        os.environ["MPLBACKEND"] = named
    with contextlib.suppress(ValueError):  # One that cannot be had is no matter of files.
        mpl.rcParams["backend"] = named
    return mpl
