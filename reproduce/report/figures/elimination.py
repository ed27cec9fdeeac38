"""Progressive elimination: the score of each optimizer from round to round, until it is out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from reproduce.counts import number_of
from reproduce.elimination.rounds import RoundResult, Standing
from reproduce.report.results import number_of_runs
from reproduce.report.statistics import summarise
from reproduce.report.style import GREY, INK, LINES, Picture, new_figure, picture, plain, say_empty

#: Inches that a round takes; names beside each other from bottom to top.
_ROUND, _LINES = 1.9, 20
#: Rounds from the end of a line to its cross, and to its name.
_CROSS, _NAME = 0.1, 0.13


@dataclass(frozen=True)
class ContenderCourse:
    """One optimizer's way through the rounds.

    Attributes:
        name: Its name.
        means: Its mean score in each round it took part in, over the runs that could be trained; None for none.
        is_baseline: Whether it cannot be eliminated.
        survived: Whether it is left after the last round.
    """

    name: str
    means: tuple[float | None, ...]
    is_baseline: bool
    survived: bool


def elimination_picture(results: Sequence[RoundResult], where: str) -> Picture:
    """A line for each optimizer over the rounds.

    Args:
        results: The rounds that are complete, in their order.
        where: Profile, for the title.
    """
    rounds = [result.settings.name for result in results]
    seeds = number_of_runs(len(result.settings.seeds) for result in results)
    title = f"Progressive elimination, mean score in each round: {where}, {seeds} seeds a round"
    found = courses(results)
    return picture("elimination", title, reading(found, rounds), lambda: draw(found, rounds))


def courses(results: Sequence[RoundResult]) -> list[ContenderCourse]:
    """The entrants and baselines of the first round, in the order of its standings."""
    first = results[0].standings if results else ()
    return [_course(each, results) for each in first]


def reading(found: Sequence[ContenderCourse], rounds: Sequence[str]) -> str:
    """How many were left after each round, and whether the order of the survivors was that of the first round."""
    entrants = [each for each in found if not each.is_baseline]
    if not entrants:
        return "Nothing has been run."
    taken = [sum(len(each.means) > place for each in entrants) for place in range(len(rounds))]
    left = sum(each.survived for each in entrants)
    text = f"Of {number_of(taken[0], 'candidate')} {', then '.join(map(str, [*taken[1:], left]))} went on."
    leader = max(entrants, key=lambda each: _rank(each.means[0]))
    out = "is among the last" if leader.survived else f"was out after {rounds[len(leader.means) - 1]}"
    return f"{text} The leader of the first round, {leader.name}, {out}."


def draw(found: Sequence[ContenderCourse], rounds: Sequence[str]) -> Any:
    """The figure: thick lines survive, thin ones have a cross at their names, dashed ones are baselines.

    The three kinds are told apart by width and dashes, without colour.
    """
    figure = new_figure(0.6 + _ROUND * max(len(rounds), 2), 3.4)
    axes = figure.add_subplot()
    if not found:
        say_empty(axes, "not run")
        return figure
    ends = []
    for each in found:
        points = [(place, 100 * mean) for place, mean in enumerate(each.means) if mean is not None]
        if points:
            axes.plot(*zip(*points, strict=True), **_look(each))
            ends.append((*points[-1], each))
    axes.set_xticks(range(len(rounds)), [plain(name) for name in rounds])
    axes.set_xlim(-0.2, len(rounds) - 0.4)
    axes.set_xlabel("round (thick: goes on to the end; cross: out; dashed: baseline)", fontsize=8)
    axes.set_ylabel("mean score, %")
    _name(axes, ends)
    return figure


def _course(first: Standing, results: Sequence[RoundResult]) -> ContenderCourse:
    own = [
        each
        for result in results
        for each in result.standings
        if each.contender.fingerprint == first.contender.fingerprint
    ]
    return ContenderCourse(
        name=first.contender.name,
        means=tuple(_mean(each) for each in own),
        is_baseline=first.is_baseline,
        survived=len(own) == len(results) and own[-1].survived,
    )


def _mean(standing: Standing) -> float | None:
    mean = summarise(list(standing.scores.trained.values()))
    return None if mean is None else mean.mean


def _rank(mean: float | None) -> float:
    return -1.0 if mean is None else mean


def _look(course: ContenderCourse) -> dict[str, Any]:
    if course.is_baseline:
        return {"color": INK, "linestyle": LINES[1].dashes, "linewidth": 1.0, "marker": "s", "markersize": 3}
    if course.survived:
        return {"color": LINES[0].color, "linewidth": 2.2, "marker": "o", "markersize": 5}
    return {"color": GREY, "linewidth": 0.9, "marker": "o", "markersize": 3}


def _name(axes: Any, ends: Sequence[tuple[int, float, ContenderCourse]]) -> None:
    """The names right of the ends, those of a round in the order of their heights and moved apart.

    Who is out has a cross before the name: at the end of the line it could lie on another's disc.
    """
    low, high = axes.get_ylim()
    gap = (high - low) / _LINES
    for place in {place for place, _, _ in ends}:
        here = sorted(((end, each) for at, end, each in ends if at == place), key=lambda found: -found[0])
        heights = spread([end for end, _ in here], gap, low)
        for height, (end, each) in zip(heights, here, strict=True):
            if not each.is_baseline and not each.survived:
                axes.plot(place + _CROSS, height, "x", color=INK, markersize=5, markeredgewidth=1.4, zorder=5)
            axes.annotate(
                plain(each.name), (place, end), (place + _NAME, height), fontsize=7, va="center", annotation_clip=False,
                fontweight="bold" if each.survived and not each.is_baseline else "normal", zorder=5,
                bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.4},
                arrowprops={"arrowstyle": "-", "color": GREY, "linewidth": 0.5, "shrinkA": 0, "shrinkB": 3},
            )  # fmt: skip


def spread(heights: Sequence[float], gap: float, low: float) -> list[float]:
    """Descending heights moved so that each lies a gap or more below the one before and, with room, none below low."""
    moved: list[float] = []
    for height in heights:
        moved.append(min(height, moved[-1] - gap) if moved else height)
    floor = low
    for place in range(len(moved) - 1, -1, -1):
        moved[place] = max(moved[place], floor)
        floor = moved[place] + gap
    return moved
