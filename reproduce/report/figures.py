"""The schedule figures, in the manner of the paper's figures 3 to 5: rate against training progress."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reproduce.files import write_bytes
from reproduce.report.schedule_curves import TOTAL_STEPS, Group, schedule_groups
from reproduce.study.protocol import TrainingSettings

#: The same picture gives the same bytes: no dates, no random identifiers; text is embedded as outlines or fonts.
_STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "pdf.fonttype": 42,
    "svg.fonttype": "path",
    "svg.hashsalt": "paper-optimizers",
    "figure.dpi": 150,
    "savefig.dpi": 150,
}
_METADATA: Mapping[str, Mapping[str, None]] = {
    "svg": {"Date": None},
    "pdf": {"CreationDate": None, "ModDate": None},
    "png": {"Software": None},
}
#: Okabe and Ito's colours, told apart by every common kind of sight; line styles tell them apart in grey.
_LINES = (
    ("#0072B2", "-"),
    ("#D55E00", (0, (6, 2))),
    ("#009E73", (0, (2, 1.5))),
    ("#CC79A7", (0, (6, 1.5, 1.5, 1.5))),
    ("#000000", (0, (1, 1))),
    ("#E69F00", (0, (10, 3))),
    ("#56B4E9", (0, (4, 1, 1, 1, 1, 1))),
)


def write_schedule_figures(folder: Path, training: TrainingSettings) -> list[Path]:
    """Compute, draw and write the three figures; returns their paths."""
    written = []
    for group in schedule_groups(training):
        for suffix, data in render(group).items():
            path = folder / f"schedules_{group.name.replace(' ', '_')}.{suffix}"
            write_bytes(path, data)
            written.append(path)
    return written


def render(group: Group) -> dict[str, bytes]:
    """The figure of a group as SVG, PDF and PNG."""
    import matplotlib as mpl

    with mpl.rc_context({**mpl.rcParamsDefault, **_STYLE, "backend": "agg"}):
        figure = draw(group)
        return {suffix: _saved(figure, suffix) for suffix in _METADATA}


def draw(group: Group) -> Any:
    """The figure of a group: each schedule, and the base schedule in grey."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.6, 3.4), layout="constrained")
    axes = figure.add_subplot()
    progress = 100 * group.steps / TOTAL_STEPS
    axes.fill_between(progress, group.base, color="#eeeeee", linewidth=0, label="no factor")
    for (name, curve), (colour, style) in zip(group.curves.items(), _LINES, strict=False):
        axes.plot(progress, curve, color=colour, linestyle=style, linewidth=1.8, label=name)
    axes.set_xlim(0, 100)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("training progress, %")
    axes.set_ylabel("learning rate / base peak")
    axes.set_title(title(group), loc="left", fontsize=9)
    figure.legend(loc="outside right center", frameon=False, handlelength=3.5)
    return figure


def title(group: Group) -> str:
    """What the figure shows, in a line."""
    return f"Evolved schedules, {group.name} by computed shape: {group.reading}"


def _saved(figure: Any, suffix: str) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format=suffix, metadata=dict(_METADATA[suffix]))
    return buffer.getvalue()
