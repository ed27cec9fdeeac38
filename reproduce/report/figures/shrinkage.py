"""Shrinkage: the score a candidate was chosen by beside its scores with fresh seeds."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from reproduce.report.runs import number_of_runs
from reproduce.report.style import GREY, INK, LINES, Picture, new_figure, picture, plain, say_empty


@dataclass(frozen=True)
class Rescored:
    """One optimizer.

    Attributes:
        name: Its name.
        chosen_by: The score that the search chose it by; None for a known optimizer beside them.
        fresh: Scores with fresh seeds; a run that could not be trained is 0.
    """

    name: str
    chosen_by: float | None
    fresh: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Of the fresh scores."""
        return statistics.fmean(self.fresh)


def shrinkage_picture(rescored: Sequence[Rescored], where: str) -> Picture:
    """A line for each optimizer that was scored again, in this order.

    Args:
        rescored: What the search chose, and known optimizers under the same rule.
        where: Profile, data set and stage, for the title.
    """
    found = [each for each in rescored if each.fresh]
    title = f"Scores of the search and with fresh seeds: {where}, {number_of_runs(len(each.fresh) for each in found)}"
    return picture("shrinkage", title, reading(found), lambda: draw(found))


def reading(rescored: Sequence[Rescored]) -> str:
    """What fresh seeds took off on average, and how many candidates stay above the best known optimizer."""
    chosen = [(each, each.chosen_by) for each in rescored if each.chosen_by is not None]
    if not chosen:
        return "Nothing has been scored again."
    lost = 100 * statistics.fmean(score - each.mean for each, score in chosen)
    text = f"Fresh seeds took {lost:.2f} points off the score that candidates were chosen by, on average."
    known = [each for each in rescored if each.chosen_by is None]
    if not known:
        return text
    best = max(known, key=lambda each: each.mean)
    before = sum(score > best.mean for _, score in chosen)
    after = sum(each.mean > best.mean for each, _ in chosen)
    return f"{text} Above {best.name}'s mean by the search's score {before} of {len(chosen)}, by fresh seeds {after}."


def draw(rescored: Sequence[Rescored]) -> Any:
    """The figure: a square is the search's score, rings the fresh ones, a bar their mean."""
    figure = new_figure(5.6, 1.2 + 0.2 * max(len(rescored), 1))
    axes = figure.add_subplot()
    if not rescored:
        say_empty(axes, "not run")
        return figure
    for height, each in enumerate(rescored):
        if each.chosen_by is not None:
            axes.plot([100 * each.mean, 100 * each.chosen_by], [height, height], color=GREY, linewidth=1.0)
            axes.plot([100 * each.chosen_by], [height], "s", markersize=5, color=LINES[1].color)
        axes.plot([100 * score for score in each.fresh], [height] * len(each.fresh), "o", markersize=3.5,
                  fillstyle="none", color=LINES[0].color)  # fmt: skip
        axes.plot([100 * each.mean], [height], "|", markersize=9, markeredgewidth=2, color=INK)
    axes.set_yticks(range(len(rescored)), [plain(each.name) for each in rescored], fontsize=7)
    axes.set_ylim(len(rescored) - 0.4, -0.6)
    axes.set_xlabel("score, % (square: of the search; rings: fresh seeds; bar: their mean)")
    return figure
