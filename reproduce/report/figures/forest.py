"""Forest plots: mean differences with their intervals, one line each, coloured by verdict."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from reproduce.report.analysis.families import Difference
from reproduce.report.analysis.levels import t_limit
from reproduce.report.analysis.studies import against, origin_of
from reproduce.report.analysis.verdicts import VERDICTS, Verdict
from reproduce.report.results import StudyResults, number_of_runs
from reproduce.report.style import (
    GREY,
    INK,
    LINES,
    PAGE,
    SHADE,
    Picture,
    file_name,
    new_figure,
    picture,
    plain,
    say_empty,
)

#: By verdict: colour and marker.
LOOKS: Mapping[Verdict, tuple[str, str]] = {
    "SUPPORTED": (LINES[0].color, "o"),
    "CONTRADICTED": (LINES[1].color, "s"),
    "EQUIVALENT": (LINES[2].color, "D"),
    "UNDECIDED": (GREY, "o"),
    "NOT RUN": (GREY, "x"),
}
#: The error rate of an interval that stands alone.
_ALONE = 0.05
#: Most points to each side that are shown; longer intervals end at the frame.
_REACH = 15.0


class ForestLine(NamedTuple):
    """One line of a forest plot.

    Attributes:
        label: What is compared.
        difference: The difference, shares.
        group: What lines are set apart by; lines of one group follow each other.
    """

    label: str
    difference: Difference
    group: str = ""


def forest_picture(name: str, title: str, reading: str, lines: Sequence[ForestLine]) -> Picture:
    """A forest plot of these lines, from top to bottom."""
    return picture(name, title, reading, lambda: draw_forest(lines))


def study_forest(study: StudyResults, task: str) -> Picture | None:
    """Every optimizer of a task beside the study's reference, the paper's first; None where nothing is compared."""
    reference = study.protocol.optimizers.reference
    found = [each for each in against(study, task, study.result(task, reference)) if each.difference is not None]
    if not found:
        return None
    groups = {"paper": "evolved", "found": "found", "baseline": "baselines"}
    lines = [
        ForestLine(each.label, each.difference, groups[origin])
        for origin in groups
        for each in sorted(found, key=lambda each: -each.difference.mean if each.difference else 0)
        if origin_of(each.result.entrant) == origin and each.difference is not None
    ]
    counts = number_of_runs(line.difference.n for line in lines)
    return forest_picture(
        file_name("forest", study.name, task),
        f"Test accuracy minus that of {reference} on {task} ({study.title}), {counts}",
        forest_reading(lines),
        lines,
    )


def forest_reading(lines: Sequence[ForestLine]) -> str:
    """Say what the marks mean, and how often each verdict was reached."""
    counts = {verdict: sum(line.difference.verdict == verdict for line in lines) for verdict in VERDICTS}
    counted = ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count)
    return (
        f"{counted or 'Nothing has been run'}. Thick: the 95 % interval of one comparison alone; thin: the interval "
        "that holds together with those of its family, which decides. Shaded: the margin within which a difference "
        f"does not matter. Intervals that go beyond {_REACH:g} points end at the frame."
    )


def draw_forest(lines: Sequence[ForestLine]) -> Any:
    """Draw the figure."""
    if not lines:
        figure = new_figure(PAGE, 1.2)
        say_empty(figure.add_subplot(), "not run")
        return figure
    heights = _heights(lines)
    line_height = 0.13 + 0.11 * max(line.label.count("\n") + 1 for line in lines)
    figure = new_figure(PAGE, 1.15 + line_height * (heights[-1] + 1))
    axes = figure.add_subplot()
    margins = [100 * line.difference.margin for line in lines]
    axes.barh(heights, [2 * each for each in margins], left=[-each for each in margins], height=1.0, color=SHADE)
    axes.axvline(0, color=INK, linewidth=1)
    for line, height in zip(lines, heights, strict=True):
        _draw_line(axes, line.difference, height)
    axes.set_yticks(heights, [plain(line.label) for line in lines], fontsize=8)
    axes.set_ylim(heights[-1] + 0.7, -0.7)
    axes.grid(visible=False, axis="y")
    ends = [1.08 * end for line in lines for end in _ends(line.difference)]
    axes.set_xlim(max(-_REACH, min([*ends, -2 * max(margins)])), min(_REACH, max([*ends, 2 * max(margins)])))
    axes.set_xlabel("difference in test accuracy, points: left worse, right better")
    shown = [verdict for verdict in VERDICTS if any(line.difference.verdict == verdict for line in lines)]
    handles = [axes.plot([], [], linestyle="none", label=verdict, **_marker(verdict))[0] for verdict in shown]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), fontsize=8, handlelength=1)
    return figure


def raw_interval(found: Difference) -> tuple[float, float] | None:
    """The 95 % interval of this comparison alone; None where no spread is known."""
    if found.sd is None:
        return None
    half = t_limit(found.n - 1, _ALONE) * found.sd / math.sqrt(found.n)
    return found.mean - half, found.mean + half


def _draw_line(axes: Any, found: Difference, height: float) -> None:
    color, _ = LOOKS[found.verdict]
    if found.low is not None and found.high is not None:
        axes.hlines(height, 100 * found.low, 100 * found.high, color=color, linewidth=1.1)
    raw = raw_interval(found)
    if raw is not None:
        axes.hlines(height, 100 * raw[0], 100 * raw[1], color=color, linewidth=3.6)
    axes.plot([100 * found.mean], [height], **_marker(found.verdict))


def _marker(verdict: Verdict) -> dict[str, Any]:
    color, marker = LOOKS[verdict]
    face = "white" if verdict == "UNDECIDED" else color
    return {"marker": marker, "markersize": 6, "color": color, "markerfacecolor": face}


def _heights(lines: Sequence[ForestLine]) -> list[float]:
    """One unit apart, half a unit more where a group ends."""
    heights = [0.0]
    for before, line in itertools.pairwise(lines):
        heights.append(heights[-1] + (1.0 if before.group == line.group else 1.5))
    return heights


def _ends(found: Difference) -> list[float]:
    return [100 * end for end in (found.mean, found.low, found.high) if end is not None]
