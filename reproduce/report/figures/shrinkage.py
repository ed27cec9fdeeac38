"""Shrinkage: the score a candidate was chosen by beside its scores with fresh seeds."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from reproduce.report.results import number_of_runs
from reproduce.report.style import GREY, INK, LINES, Picture, new_figure, picture, plain, say_empty


@dataclass(frozen=True)
class Rescored:
    """One optimizer.

    Attributes:
        name: Its name.
        chosen_by: The score that the search chose it by; None for a known optimizer beside them.
        fresh: Scores of the runs with fresh seeds that could be trained.
        untrained: How many could not.
    """

    name: str
    chosen_by: float | None
    fresh: tuple[float, ...]
    untrained: int = 0

    @property
    def runs(self) -> int:
        """How many runs there are."""
        return len(self.fresh) + self.untrained

    @property
    def mean(self) -> float | None:
        """Mean of the fresh scores; None where no run could be trained."""
        return statistics.fmean(self.fresh) if self.fresh else None

    @property
    def rank(self) -> float:
        """The mean by which optimizers are compared: a run that could not be trained counts 0."""
        return math.fsum(self.fresh) / self.runs

    @property
    def label(self) -> str:
        """The name, with how many runs could not be trained where there are such."""
        return f"{self.name} ({self.untrained} of {self.runs} not trained)" if self.untrained else self.name


def shrinkage_picture(rescored: Sequence[Rescored], where: str) -> Picture:
    """A line for each optimizer that was scored again, in this order.

    Args:
        rescored: What the search chose, and known optimizers under the same rule.
        where: Profile, data set and stage, for the title.
    """
    found = [each for each in rescored if each.runs]
    title = f"Scores of the search and with fresh seeds: {where}, {number_of_runs(each.runs for each in found)}"
    return picture("shrinkage", title, reading(found), lambda: draw(found))


def reading(rescored: Sequence[Rescored]) -> str:
    """Say what fresh seeds took off on average, and how many candidates stay above the best known optimizer."""
    chosen = [(each, each.chosen_by) for each in rescored if each.chosen_by is not None]
    if not chosen:
        return "Nothing has been scored again."
    lost = [score - each.mean for each, score in chosen if each.mean is not None]
    text = f"Fresh seeds took {100 * statistics.fmean(lost):.2f} points off" if lost else "Fresh seeds left nothing of"
    text += " the score that candidates were chosen by, on average."
    untrained = sum(each.untrained for each, _ in chosen)
    if untrained:
        text += f" {untrained} of {sum(each.runs for each, _ in chosen)} runs of theirs could not be trained."
    known = [each for each in rescored if each.chosen_by is None]
    if not known:
        return text
    best = max(known, key=lambda each: each.rank)
    before = sum(score > best.rank for _, score in chosen)
    after = sum(each.rank > best.rank for each, _ in chosen)
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
            end = each.chosen_by if each.mean is None else each.mean
            axes.plot([100 * end, 100 * each.chosen_by], [height, height], color=GREY, linewidth=1.0)
            axes.plot([100 * each.chosen_by], [height], "s", markersize=5, color=LINES[1].color)
        axes.plot([100 * score for score in each.fresh], [height] * len(each.fresh), "o", markersize=3.5,
                  fillstyle="none", color=LINES[0].color)  # fmt: skip
        if each.mean is not None:
            axes.plot([100 * each.mean], [height], "|", markersize=9, markeredgewidth=2, color=INK)
    axes.set_yticks(range(len(rescored)), [plain(each.label) for each in rescored], fontsize=7)
    axes.set_ylim(len(rescored) - 0.4, -0.6)
    axes.set_xlabel("score, % (square: search; rings: fresh seeds; bar: their mean)")
    return figure
