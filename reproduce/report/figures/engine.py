"""How the engine scales: the time of a step of one member over the number of members trained together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reproduce.report.speed import StepTime
from reproduce.report.style import GREY, LINES, Picture, new_figure, picture, plain, say_empty


def engine_picture(times: Sequence[StepTime]) -> Picture:
    """A line for each form that was timed with several numbers of members."""
    forms = scaling(times)
    counts = sorted({each.repeats for each in times}) or [0]
    devices = ", ".join(sorted({each.device for each in times})) or "no device"
    title = (
        f"Time of a step of one member over members trained together: median and quartiles, n = {counts[0]}, {devices}"
    )
    return picture("engine_scaling", title, reading(forms), lambda: draw(forms))


def scaling(times: Sequence[StepTime]) -> dict[str, list[StepTime]]:
    """Sort times by form and members; forms timed with a single number of members are left out."""
    forms: dict[str, dict[int, StepTime]] = {}
    for each in times:
        forms.setdefault(each.form, {}).setdefault(each.members, each)
    return {form: [found[count] for count in sorted(found)] for form, found in forms.items() if len(found) > 1}


def reading(forms: dict[str, list[StepTime]]) -> str:
    """How the time of a member's step changes from the fewest members to the most."""
    parts = [
        f"{form}: {1e3 * line[-1].seconds:.3g} ms with {line[-1].members} members, "
        f"{line[-1].seconds / line[0].seconds:.2f} times that with {line[0].members}"
        for form, line in forms.items()
    ]
    return f"{'; '.join(parts)}." if parts else "Not measured."


def draw(forms: dict[str, list[StepTime]]) -> Any:
    """The figure: medians, with bars from quartile to quartile."""
    figure = new_figure(5.6, 3.0)
    axes = figure.add_subplot()
    if not forms:
        say_empty(axes, "not measured")
        return figure
    for (form, line), look in zip(forms.items(), LINES, strict=False):
        members = [each.members for each in line]
        axes.vlines(members, [1e3 * each.low for each in line], [1e3 * each.high for each in line], color=GREY)
        axes.plot(
            members, [1e3 * each.seconds for each in line], color=look.color, linestyle=look.dashes,
            marker=look.marker, markersize=4, label=plain(form),
        )  # fmt: skip
    axes.set_xscale("log", base=2)
    axes.set_xticks(sorted({each.members for line in forms.values() for each in line}))
    axes.xaxis.set_major_formatter("{x:.0f}")
    axes.set_ylim(bottom=0)
    axes.set_xlabel("members trained together")
    axes.set_ylabel("ms for a step of one member")
    if len(forms) > 1:
        figure.legend(loc="outside right center")
    return figure
