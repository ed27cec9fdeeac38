"""Optimizer cards: one page each, as values, and as Markdown.

A card says what an optimizer computes, what it does in words, how it answers to changes of its inputs, what was
measured of it, and how to use it. What was not measured says so.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import paper_optimizers
from paper_optimizers import describe, names
from paper_optimizers.catalog import CatalogEntry, Invariances
from paper_optimizers.latex import graph_to_latex
from paper_optimizers.program import compile_spec
from reproduce.report.figures.graphs import optimizer_graph
from reproduce.report.figures.rates import sensitivities
from reproduce.report.inputs import ReportInputs, StepCost
from reproduce.report.results import counted_accuracy
from reproduce.report.runs import final_runs, number_diverged, number_of, tasks
from reproduce.report.statistics import Difference, Verdict, paired_difference
from reproduce.report.style import Picture
from reproduce.report.table import Source
from reproduce.report.words import WORDS
from reproduce.study.rows import Row

NOT_MEASURED = "not measured"
_FAMILIES = {
    "evolved": "Evolved optimizer",
    "adam-variant": "Evolved variant of Adam",
    "released": "As in the published code",
    "baseline": "Baseline",
}
_MOMENTUM = {"none": "", "classical": "momentum", "nesterov": "Nesterov momentum"}


@dataclass(frozen=True)
class Comparison:
    """How an optimizer did on one task.

    Attributes:
        source: Its final runs.
        accuracy: Their mean test accuracy; a diverged run counts as guessing.
        n: How many.
        diverged: How many of them diverged.
        difference: To the reference on common seeds; None without one, and for the reference itself.
    """

    source: Source
    accuracy: float
    n: int
    diverged: int
    difference: Difference | None


@dataclass(frozen=True)
class Rates:
    """The peak rates that worked on one task: within two points of the best, around it.

    Attributes:
        source: The runs that chose the rate.
        low: The smallest.
        high: The largest.
    """

    source: Source
    low: float
    high: float


@dataclass(frozen=True)
class Card:
    """All that a card shows.

    Attributes:
        name: The optimizer.
        family: What it is.
        origin: Where it was published.
        deviations: How it differs from there; empty where it does not.
        update: The update as text.
        latex: The same in LaTeX.
        factor: What multiplies the learning rate, in LaTeX, or None.
        momentum: "momentum", "Nesterov momentum" or empty.
        words: What it does; empty where nobody wrote it down.
        invariances: A line for each.
        graph: Its picture.
        rates: Where it was tuned.
        comparisons: Where it was run.
        states: Numbers kept for every weight.
        cost: As measured, or None.
        reference: What the comparisons are to.
        usage: Three lines of Python.
    """

    name: str
    family: str
    origin: str
    deviations: str
    update: str
    latex: str
    factor: str | None
    momentum: str
    words: str
    invariances: tuple[str, ...]
    graph: Picture
    rates: tuple[Rates, ...]
    comparisons: tuple[Comparison, ...]
    states: int
    cost: StepCost | None
    reference: str
    usage: str

    def with_verdict(self, verdict: Verdict) -> list[Comparison]:
        """The comparisons with this verdict against the reference."""
        return [each for each in self.comparisons if each.difference and each.difference.verdict == verdict]


def cards(inputs: ReportInputs) -> list[Card]:
    """A card for every optimizer of the catalog, in its order."""
    ranges = _rates(inputs.studies)
    results = _comparisons(inputs.studies, inputs.reference)
    return [
        _card(
            describe(name), ranges.get(name, ()), results.get(name, ()), inputs.step_costs.get(name), inputs.reference
        )
        for name in names()
    ]


def to_markdown(card: Card) -> str:
    """The card as a Markdown page."""
    lines = [
        f"# {card.name}",
        f"{card.family}. {card.origin}.",
        f"    u = {card.update}",
        *([f"Then {card.momentum}."] if card.momentum else []),
        *([card.words] if card.words else []),
        *([f"**Deviations.** {card.deviations}"] if card.deviations else []),
        "\n".join(f"- {line}" for line in card.invariances),
        f"**Learning rate.** {rates_text(card)}",
        f"**State.** {state_text(card)}",
        f"**Time of a step.** {time_text(card)}",
        f"**Wins.** {outcome_text(card, 'better')}",
        f"**Fails.** {outcome_text(card, 'worse')}",
        f"**Ties.** {outcome_text(card, 'tie')}",
        f"**Diverged.** {diverged_text(card)}",
        f"```python\n{card.usage}\n```",
    ]
    return "\n\n".join(lines) + "\n"


def rates_text(card: Card) -> str:
    """The rates that worked, by task."""
    if not card.rates:
        return f"Range that works: {NOT_MEASURED}."
    listed = "; ".join(f"{rate_range(each)} on {place(each.source)}" for each in card.rates)
    return f"Within two points of the best: {listed}."


def place(source: Source) -> str:
    """A task with its study, since studies share tasks."""
    return f"{source.task} ({source.study})"


def rate_range(rates: Rates) -> str:
    """One rate, or from where to where."""
    return f"{rates.low:g}" if rates.low == rates.high else f"{rates.low:g} to {rates.high:g}"


def state_text(card: Card) -> str:
    """Numbers and bytes kept for every weight."""
    return f"{number_of(card.states, 'number')} for every weight: {4 * card.states} bytes in float32."


def time_text(card: Card) -> str:
    """The time of a training step beside Adam's."""
    if card.cost is None:
        return f"{NOT_MEASURED.capitalize()}."
    return f"{1000 * card.cost.seconds:.1f} ms, {card.cost.ratio:.2f} of Keras Adam's beside it ({card.cost.device})."


def outcome_text(card: Card, verdict: Verdict) -> str:
    """The tasks with this verdict against the reference, with the differences."""
    listed = "; ".join(comparison_text(each) for each in card.with_verdict(verdict))
    if listed:
        return f"{listed}."
    if any(each.difference for each in card.comparisons):
        return f"On none of {number_of(len(card.comparisons), 'task')}."
    return (
        "It is the reference." if card.name == card.reference and card.comparisons else f"{NOT_MEASURED.capitalize()}."
    )


def comparison_text(each: Comparison) -> str:
    """A task with its difference in points."""
    difference = each.difference
    points = "" if difference is None else f", {100 * difference.mean:+.1f} points, n = {difference.n}"
    return f"{place(each.source)}{points}"


def diverged_text(card: Card) -> str:
    """How many of the final runs diverged."""
    total = sum(each.n for each in card.comparisons)
    if not total:
        return f"{NOT_MEASURED.capitalize()}."
    return f"{sum(each.diverged for each in card.comparisons)} of {total} final runs."


def _card(
    entry: CatalogEntry, rates: Sequence[Rates], results: Sequence[Comparison], cost: StepCost | None, reference: str
) -> Card:
    spec = entry.spec
    program = compile_spec(spec)
    return Card(
        name=entry.name,
        family=_FAMILIES[entry.family],
        origin=entry.origin,
        deviations=entry.deviations,
        update=entry.equation,
        latex=spec.to_latex(),
        factor=None if spec.schedule is None else graph_to_latex(spec.schedule),
        momentum=_MOMENTUM[spec.momentum.type],
        words=WORDS.get(entry.name, ""),
        invariances=_invariances(entry.invariances),
        graph=optimizer_graph(entry.name, spec),
        rates=tuple(rates),
        comparisons=tuple(results),
        states=len(program.moments) + len(program.states) + (spec.momentum.type != "none"),
        cost=cost,
        reference=reference,
        usage=_usage(entry, rates),
    )


def _invariances(measured: Invariances) -> tuple[str, ...]:
    scale = {
        "invariant": "Scale: multiplying all gradients by a number leaves the update as it is.",
        "proportional": "Scale: multiplying all gradients by a number multiplies the update by it.",
        "none": "Scale: the update hangs on the size of the gradients, so scaling the loss changes training.",
    }[measured.gradient_scale]
    odd = "Sign: negating gradients and weights negates the update."
    weight = "Weight: the update does not read the weight."
    return (
        scale,
        odd if measured.odd else "Sign: not symmetric, gradients of opposite sign give updates of different size.",
        weight if measured.weight else "Weight: the update reads the weight.",
    )


def _usage(entry: CatalogEntry, rates: Sequence[Rates]) -> str:
    rate = f"{statistics.median((each.low * each.high) ** 0.5 for each in rates):.1g}" if rates else "0.01"
    progress = ", total_steps=epochs * steps_per_epoch" if entry.spec.needs_total_steps else ""
    if entry.name in paper_optimizers.__all__:
        start, made = f"from paper_optimizers import {entry.name}", f"{entry.name}({float(rate):g}{progress})"
    else:
        start = "from paper_optimizers import GraphOptimizer, get"
        made = f'GraphOptimizer(get("{entry.name}"), {float(rate):g}{progress})'
    return f'{start}\noptimizer = {made}\nmodel.compile(optimizer, "sparse_categorical_crossentropy")'


def _rates(studies: Mapping[str, Sequence[Row]]) -> dict[str, list[Rates]]:
    found: dict[str, list[Rates]] = {}
    for study, rows in studies.items():
        for task in tasks(rows):
            for each in sensitivities(task, rows):
                for name in each.names:
                    found.setdefault(name, []).append(Rates(Source(study, task, name, "tune"), *each.good))
    return found


def _comparisons(studies: Mapping[str, Sequence[Row]], reference: str) -> dict[str, list[Comparison]]:
    found: dict[str, list[Comparison]] = {}
    for study, rows in studies.items():
        for task in tasks(rows):
            final = final_runs(rows, task)
            against = _by_seed(final.get(reference, ()))
            for name, runs in final.items():
                accuracies = _by_seed(runs)
                found.setdefault(name, []).append(
                    Comparison(
                        source=Source(study, task, name, "final"),
                        accuracy=statistics.fmean(accuracies.values()),
                        n=len(runs),
                        diverged=number_diverged(runs),
                        difference=None if name == reference else paired_difference(accuracies, against),
                    )
                )
    return found


def _by_seed(runs: Sequence[Row]) -> dict[int, float]:
    return {row.seed: counted_accuracy(row, row.test_accuracy) for row in runs}
