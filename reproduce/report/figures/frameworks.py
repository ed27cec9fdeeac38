"""How many times as fast the engine takes training steps as other frameworks do, at each size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reproduce.report.results import number_of_runs
from reproduce.report.speed import FrameworkTime
from reproduce.report.style import GREY, LINES, Picture, new_figure, picture, plain, say_empty


def frameworks_picture(times: Sequence[FrameworkTime]) -> Picture:
    """A point for each framework's best form at each size."""
    best = best_forms(times)
    devices = ", ".join(sorted({each.device for each in times})) or "no device"
    counts = number_of_runs(each.rounds for each in times)
    title = (
        f"Time of a training step over the engine's, the best form of each framework: median and quartiles of rounds, "
        f"{counts}, {devices}"
    )
    return picture("framework_times", title, reading(best), lambda: draw(best))


def best_forms(times: Sequence[FrameworkTime]) -> dict[str, list[FrameworkTime]]:
    """Find the fastest form at each size of each framework but the engine; frameworks in the order of the rows."""
    found: dict[str, dict[str, FrameworkTime]] = {}
    for each in times:
        if each.measured == "step" and each.framework != "engine":
            of_size = found.setdefault(each.framework, {})
            if each.size not in of_size or each.times < of_size[each.size].times:
                of_size[each.size] = each
    return {framework: list(of_size.values()) for framework, of_size in found.items()}


def reading(best: dict[str, list[FrameworkTime]]) -> str:
    """How many times as fast the engine is, from the least to the most over sizes."""
    parts = [
        f"{framework}: {min(line, key=_times).times:.2g} ({min(line, key=_times).size}) to "
        f"{max(line, key=_times).times:.2g} ({max(line, key=_times).size})"
        for framework, line in best.items()
    ]
    return f"Times as fast as {'; '.join(parts)}." if parts else "Not measured."


def draw(best: dict[str, list[FrameworkTime]]) -> Any:
    """The figure: medians, with bars from quartile to quartile, on a logarithmic axis."""
    figure = new_figure(6.4, 3.2)
    axes = figure.add_subplot()
    if not best:
        say_empty(axes, "not measured")
        return figure
    sizes = list(dict.fromkeys(each.size for line in best.values() for each in line))
    axes.axhline(1, color=GREY, linewidth=0.8)
    for number, ((framework, line), look) in enumerate(zip(best.items(), LINES, strict=False)):
        places = [sizes.index(each.size) + 0.12 * (number - len(best) / 2) for each in line]
        axes.vlines(places, [each.times_low for each in line], [each.times_high for each in line], color=GREY)
        axes.plot(
            places,
            [each.times for each in line],
            color=look.color,
            linestyle="none",
            marker=look.marker,
            markersize=5,
            label=plain(framework),
        )
    axes.set_yscale("log")
    axes.set_xticks(range(len(sizes)), [plain(size.replace("-", "\n")) for size in sizes])
    axes.yaxis.set_major_formatter("{x:g}")
    axes.set_ylabel("time of a step over the engine's")
    figure.legend(loc="outside right center")
    return figure


def _times(time: FrameworkTime) -> float:
    return time.times
