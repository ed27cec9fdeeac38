"""The look of every figure, and pictures as values: the same rows give the same bytes in SVG, PDF and PNG.

Colours are Okabe and Ito's, told apart by every common kind of sight; each comes with a dash pattern and a marker of
its own, and with a hatch for bars, so that lines and bars are told apart in grey too. Text is drawn as outlines in SVG
and embedded as TrueType in PDF.

A picture is made in three steps that stay apart: numbers are computed, a function draws them, and `Picture` gives the
drawing its name, its title (which says n) and a line that reads it.
"""

from __future__ import annotations

import importlib
import io
import logging
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from paper_optimizers.draw.picture import load_matplotlib
from reproduce.files import write_bytes
from reproduce.report.fonts import FAMILIES, register_fonts

#: Formats, each with the metadata that would otherwise name the moment and the machine of drawing.
FORMATS: Mapping[str, Mapping[str, Any]] = {
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    "png": {"Software": None},
}
#: Ink, axes and labels; what is there for comparison; shades behind.
INK, GREY, SHADE = "#222222", "#7a7a7a", "#e6e6e6"
#: A number of an SVG file from 1 on with more than two decimals; smaller ones may be scales.
_LONG_NUMBER = re.compile(rb"\b[1-9]\d*\.\d{3,}\b")
#: From minus to plus through white; purple and orange are told apart by every common kind of sight.
DIVERGING = "PuOr_r"
_SETTINGS: Mapping[str, Any] = {
    "font.family": list(FAMILIES),
    "font.size": 9,
    "mathtext.fontset": "dejavusans",
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": "#555555",
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "axes.labelsize": 9,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "xtick.color": "#555555",
    "ytick.color": "#555555",
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.frameon": False,
    "legend.handlelength": 3.5,
    "lines.linewidth": 1.6,
    "figure.dpi": 150,
    "savefig.dpi": 150,
    "pdf.fonttype": 42,
    "svg.fonttype": "path",
    "svg.hashsalt": "paper-optimizers",
}
#: Inches: the width of a page, and what panels leave free for the title above and the label below them.
PAGE, _HEAD, _FOOT = 7.2, 0.45, 0.55
#: The same at the left and the right of panels, and from one to the next.
_LEFT, _RIGHT, _BETWEEN = 0.62, 0.12, 0.2
#: Characters of the title that fit an inch of the figure's width.
_TITLE_DENSITY = 11.5


class LineStyle(NamedTuple):
    """How one of several lines looks: colour, dash pattern and marker; and how a bar of its colour is hatched."""

    color: str
    dashes: Any
    marker: str
    hatch: str


#: In this order; an eighth line is drawn as the first, so figures with more use panels.
LINES = (
    LineStyle("#0072B2", "-", "o", ""),
    LineStyle("#D55E00", (0, (6, 2)), "s", "///"),
    LineStyle("#009E73", (0, (2, 1.5)), "^", "..."),
    LineStyle("#CC79A7", (0, (6, 1.5, 1.5, 1.5)), "D", "\\\\\\"),
    LineStyle("#000000", (0, (1, 1)), "v", "+++"),
    LineStyle("#E69F00", (0, (10, 3)), "P", "---"),
    LineStyle("#56B4E9", (0, (4, 1, 1, 1, 1, 1)), "X", "ooo"),
)


@dataclass(frozen=True)
class Picture:
    """A figure that can be rendered.

    Attributes:
        name: Of its files, without suffix.
        title: What is shown, of what, with n.
        reading: What the numbers drawn say, in a sentence.
        render: Format names (keys of `FORMATS`) to the files' bytes.
    """

    name: str
    title: str
    reading: str
    render: Callable[[Sequence[str]], dict[str, bytes]]

    @property
    def caption(self) -> str:
        """Title and reading as one paragraph."""
        return f"{self.title}. {self.reading}" if self.reading else f"{self.title}."


def picture(name: str, title: str, reading: str, draw: Callable[[], Any]) -> Picture:
    """A picture in the common style; ``draw`` returns a matplotlib figure, whose heading ``title`` becomes."""

    def rendered(formats: Sequence[str]) -> dict[str, bytes]:
        with styled():
            figure = draw()
            set_title(figure, title)
            return render(figure, formats)

    return Picture(name, title, reading, rendered)


@contextmanager
def styled() -> Iterator[None]:
    """The common style, and nothing of the user's own; figures are both made and saved inside."""
    mpl = load_matplotlib()
    register_fonts()
    common = {name: value for name, value in mpl.rcParamsDefault.items() if name != "backend"}
    with mpl.rc_context({**common, **_SETTINGS}):
        yield


def load_drawing() -> None:
    """Import what drawing takes, which children that are forked afterwards then share."""
    load_matplotlib()
    for name in ("figure", *(f"backends.backend_{each}" for each in ("agg", "svg", "pdf"))):
        importlib.import_module(f"matplotlib.{name}")
    register_fonts()


def new_figure(width: float, height: float) -> Any:
    """An empty figure of this size in inches whose parts make room for each other."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def panels(titles: Sequence[str], *, columns: int, height: float = 1.05, **options: Any) -> tuple[Any, Any]:
    """A figure of equal panels in rows, as wide as a page, one for each title; one empty panel is made of none.

    Margins are fixed, which is many times faster than measuring every label.

    Args:
        titles: Set above the panels, in as many lines as they need; dollar signs mean mathematics.
        columns: Most panels in a row.
        height: Of a panel, in inches.
        **options: For matplotlib's ``Figure.subplots``.

    Returns:
        The figure and a list of ``max(len(titles), 1)`` axes; what is left of the last row is taken away.
    """
    from matplotlib.figure import Figure

    shown = max(len(titles), 1)
    columns = min(columns, shown)
    headings = [wrapped(title, PAGE / columns) for title in titles]
    above = [0.08 + 0.12 * lines for lines in lines_by_row(headings or [""], columns)]
    full = _HEAD + sum(above) + len(above) * (height + _BETWEEN) - _BETWEEN + _FOOT
    figure = Figure(figsize=(PAGE, full))
    axes = list(figure.subplots(len(above), columns, squeeze=False, **options).flat)
    width = (PAGE - _LEFT - _RIGHT - (columns - 1) * _BETWEEN) / columns
    for number, panel in enumerate(axes):
        row, left = number // columns, _LEFT + number % columns * (width + _BETWEEN)
        bottom = full - _HEAD - sum(above[: row + 1]) - row * (height + _BETWEEN) - height
        panel.set_position((left / PAGE, bottom / full, width / PAGE, height / full))
    for empty in axes[shown:]:
        empty.remove()
    # A column whose last panel is missing shows its labels one row higher.
    for lowest in axes[shown - columns : shown] if shown > columns else ():
        lowest.tick_params(labelbottom=True)
    for panel, heading in zip(axes, headings, strict=False):
        panel.set_title(heading, fontsize=7)
    return figure, axes[:shown]


def lines_by_row(headings: Sequence[str], columns: int) -> list[int]:
    """How many lines the highest heading of each row of panels has."""
    rows = [headings[first : first + columns] for first in range(0, len(headings), columns)]
    return [max(heading.count("\n") + 1 for heading in row) for row in rows]


def wrapped(text: str, inches: float) -> str:
    """The text of a heading in 7 points, broken into lines no longer than this; mathematics is not broken."""
    return text if "$" in text.replace(r"\$", "") else textwrap.fill(text, max(12, int(inches * 15.5)))


def file_name(*parts: str) -> str:
    """Parts of a name joined by underscores, with nothing that a file system might refuse."""
    return "_".join(re.sub(r"[^\w.+-]+", "-", part) for part in parts)


def plain(text: str) -> str:
    """``text`` as matplotlib shows it as it is: a dollar sign begins no mathematics."""
    return text.replace("$", r"\$")


def label_panels(figure: Any, x: str, y: str) -> None:
    """One label below and one at the left of all panels."""
    width, height = figure.get_size_inches()
    figure.text(0.5, 0.1 / height, x, ha="center", va="bottom", fontsize=9)
    figure.text(0.1 / width, 0.5, y, ha="left", va="center", rotation=90, fontsize=9)


def say_empty(axes: Any, text: str) -> None:
    """Write into empty axes why there is nothing to see."""
    axes.set_axis_off()
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color=INK)


def set_title(figure: Any, title: str) -> None:
    """Set the heading, flush left, in as many lines as the figure's width asks for."""
    characters = max(20, int(figure.get_figwidth() * _TITLE_DENSITY))
    # "n = 5" stays on one line: no-break spaces are no places to break at.
    text = textwrap.fill(plain(title).replace("n = ", "n\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}"), characters)
    # A figure whose layout is measured makes room for a heading that is not placed by hand.
    place = {} if figure.get_layout_engine() else {"y": 1 - 0.08 / figure.get_figheight(), "va": "top"}
    figure.suptitle(text, x=0.01, ha="left", fontsize=9.5, fontweight="bold", **place)


def render(figure: Any, formats: Sequence[str] = tuple(FORMATS)) -> dict[str, bytes]:
    """A figure in several formats; to be called inside `styled`. A layout that is measured is measured once for all."""
    if figure.get_layout_engine():
        figure.draw_without_rendering()
        figure.set_layout_engine(None)
    return {name: _saved(figure, name) for name in formats}


def write_pictures(pictures: Sequence[Picture], folder: Path) -> list[Path]:
    """Write every picture in every format into ``folder``; returns the paths.

    Raises:
        ReproduceError: If a file cannot be written.
    """
    written = []
    for each in pictures:
        for suffix, data in each.render(tuple(FORMATS)).items():
            path = folder / f"{each.name}.{suffix}"
            write_bytes(path, data)
            written.append(path)
    return written


def _saved(figure: Any, suffix: str) -> bytes:
    buffer = io.BytesIO()
    with _without_font_dates():
        figure.savefig(buffer, format=suffix, metadata=dict(FORMATS[suffix]))
    data = buffer.getvalue()
    return _LONG_NUMBER.sub(_shortened, data) if suffix == "svg" else data


def _shortened(number: re.Match[bytes]) -> bytes:
    """A hundredth of a point is finer than any screen shows."""
    return f"{float(number[0]):.2f}".rstrip("0").rstrip(".").encode()


@contextmanager
def _without_font_dates() -> Iterator[None]:
    """Silence fontTools: it warns of the early dates that matplotlib's own fonts name, and nobody can act on that."""
    logger = logging.getLogger("fontTools")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
