"""Pictures of a search, from its records alone: best so far, acceptance, operators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reproduce.counts import number_of
from reproduce.outcomes import score_of
from reproduce.report.style import (
    GREY,
    LINES,
    SHADE,
    Picture,
    new_figure,
    picture,
    plain,
)
from reproduce.search.algorithm import Stage
from reproduce.search.records import AnyRecord, Sample
from reproduce.search.results import (
    FATES,
    acceptance,
    best_so_far,
    evaluations_of,
    primitive_shares,
    samples_of,
)

#: Share of the scored candidates that the picture of operators calls the best.
BEST_SHARE = 0.1


def search_pictures(records: Sequence[AnyRecord], screening_epochs: Mapping[Stage, int], where: str) -> list[Picture]:
    """All pictures of one search.

    Args:
        records: Of the search.
        screening_epochs: Of each stage, to count epochs by.
        where: Profile and data set, for the titles.
    """
    return [
        best_so_far_picture({"The search": [records]}, screening_epochs, where),
        acceptance_picture(records, where),
        operator_picture(records, where),
    ]


def best_so_far_picture(
    searches: Mapping[str, Sequence[Sequence[AnyRecord]]],
    screening_epochs: Mapping[Stage, int],
    where: str,
    budget: int | None = None,
) -> Picture:
    """The best score against epochs of training, one line for each search of each kind.

    Args:
        searches: The records of the searches of each kind, one for each seed.
        screening_epochs: Of each stage, to count epochs by.
        where: For the title.
        budget: Where the searches are compared, marked; None for one search.
    """
    found = {name: [best_so_far(records, screening_epochs) for records in each] for name, each in searches.items()}
    seeds = max((len(each) for each in found.values()), default=0)
    ends = {name: [_within(*each, budget) for each in lines if each[1]] for name, lines in found.items()}
    reading = "; ".join(
        f"{name} ends at {', '.join(f'{100 * score:.2f}' for score in scores)} %"
        for name, scores in ends.items()
        if scores
    )
    reading += "." if reading else "Nothing has been run."
    if budget is not None:
        reading = f"Thick: the first seed; thin: others; upright: the budget. Within it {reading}"

    def draw() -> Any:
        figure = new_figure(6.0, 3.4)
        axes = figure.add_subplot()
        for number, (name, each) in enumerate(found.items()):
            line = LINES[number % len(LINES)]
            for seed, (costs, scores) in enumerate(each):
                axes.step(
                    costs,
                    [100 * score for score in scores],
                    where="post",
                    color=line.color,
                    linestyle=line.dashes,
                    linewidth=1.6 if seed == 0 else 0.9,
                    label=plain(name) if seed == 0 else None,
                )
        if budget is not None:
            axes.axvline(budget, color=GREY, linewidth=0.8)
        axes.set_xlabel("epochs of training on the evolution stage, after the opening")
        axes.set_ylabel("best score so far, %")
        if len(found) > 1:
            figure.legend(loc="outside right center")
        return figure

    counted = f"n = {number_of(seeds, 'search', 'searches')}{' of each kind' if len(found) > 1 else ''}"
    return picture("best_so_far", f"Best score so far: {where}, {counted}", reading, draw)


def _within(costs: Sequence[int], scores: Sequence[float], budget: int | None) -> float:
    """The best score of one search when the budget was spent, or at its end without one; 0 for none by then."""
    if budget is None:
        return scores[-1]
    return max((score for cost, score in zip(costs, scores, strict=True) if cost <= budget), default=0.0)


def acceptance_picture(records: Sequence[AnyRecord], where: str) -> Picture:
    """Draw what became of draws: random candidates beside children."""
    counts = {phase: counter for phase, counter in acceptance(records).items() if counter.total()}
    names = {"initial": "random candidates", "child": "children"}
    reading = "; ".join(
        f"{100 * counter['trained'] / counter.total():.0f} % of {counter.total():,} {names[phase]} drawn were trained"
        for phase, counter in counts.items()
    )
    reading += "." if reading else "Nothing has been drawn."

    def draw() -> Any:
        figure = new_figure(6.0, 2.2)
        axes = figure.add_subplot()
        for number, fate in enumerate(FATES):
            lefts = [sum(counter[each] for each in FATES[:number]) / counter.total() for counter in counts.values()]
            shares = [counter[fate] / counter.total() for counter in counts.values()]
            axes.barh(
                [names[phase] for phase in counts],
                [100 * share for share in shares],
                left=[100 * left for left in lefts],
                color=LINES[number].color,
                hatch=LINES[number].hatch,
                edgecolor="white",
                height=0.6,
                label=fate,
            )
        axes.set_xlabel("% of draws")
        axes.invert_yaxis()
        figure.legend(loc="outside lower center", ncols=len(FATES), handlelength=1.0)
        return figure

    total = sum(counter.total() for counter in counts.values())
    return picture("acceptance", f"What became of draws: {where}, n = {total:,}", reading, draw)


def operator_picture(records: Sequence[AnyRecord], where: str) -> Picture:
    """How often functions and operands are in the best candidates, and in all that were drawn at random and sound."""
    samples = samples_of(records)
    sampled = primitive_shares([sample for sample in samples.values() if sample.slot.phase == "initial"])
    best = primitive_shares(_best(records, samples))
    names = sorted({*sampled, *best}, key=lambda op: (-best.get(op, 0.0), op))
    more = max(names, key=lambda op: best.get(op, 0.0) - sampled.get(op, 0.0), default="")
    number = len(_best(records, samples))

    def draw() -> Any:
        figure = new_figure(6.0, 0.6 + 0.17 * len(names))
        axes = figure.add_subplot()
        places = range(len(names))
        axes.barh(places, [100 * sampled.get(op, 0.0) for op in names], color=SHADE, height=0.8, label="random")
        axes.plot(
            [100 * best.get(op, 0.0) for op in names], list(places), LINES[0].marker, color=LINES[0].color, label="best"
        )
        axes.set_yticks(list(places), names, fontsize=7)
        axes.invert_yaxis()
        axes.set_xlabel("% of candidates that have it")
        figure.legend(loc="outside lower center", ncols=2, handlelength=1.5)
        return figure

    reading = f"Most over-represented among the best: {more}." if more else ""
    title = (
        f"Functions and operands in the best {number} of the evolution stage and in {_count(samples)} random "
        f"candidates: {where}"
    )
    return picture("operators", title, reading, draw)


def _best(records: Sequence[AnyRecord], samples: Mapping[int, Sample]) -> list[Sample]:
    scored = [
        (score, record.sample)
        for record in evaluations_of(records, "evolution")
        if (score := score_of(record.outcome)) is not None
    ]
    number = max(1, round(BEST_SHARE * len(scored))) if scored else 0
    return [samples[sample] for _, sample in sorted(scored, key=lambda pair: (-pair[0], pair[1]))[:number]]


def _count(samples: Mapping[int, Sample]) -> int:
    return sum(sample.slot.phase == "initial" for sample in samples.values())
