"""An optimizer's card as a value, and as Markdown.

A card says what an optimizer computes, what it does in words, how it answers to changes of its inputs, what was
measured of it, and how to use it. What was not measured says so.
"""

from __future__ import annotations

from dataclasses import dataclass

from reproduce.counts import number_of
from reproduce.report.results import REFERENCE
from reproduce.report.speed import StepCost
from reproduce.report.statistics import Difference, Summary, Verdict
from reproduce.report.style import Picture
from reproduce.report.table import Source, signed

NOT_MEASURED = "not measured"
#: What the rates are that follow.
WITHIN = "Peaks of warm-up and cosine within two points of the best: "


@dataclass(frozen=True)
class Comparison:
    """How an optimizer did on one task.

    Attributes:
        source: Its final runs.
        test: Their test accuracy; a diverged run counts as guessing.
        diverged: How many of them diverged, or could not be trained.
        difference: To the reference on common seeds; None without one, and for the reference itself.
    """

    source: Source
    test: Summary
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
        file: The name of its files, without suffix.
        family: What it is.
        origin: Where it was published, or found.
        words: What it does; empty where nobody wrote it down.
        state: What it keeps for every weight.
        usage: A few lines of Python; see `reproduce.report.cards.usage`.
        deviations: How it differs from its origin; empty where it does not.
        update: The update as text; None for what has no spec.
        latex: The same in LaTeX.
        factor: What multiplies the learning rate, in LaTeX, or None.
        momentum: "momentum", "Nesterov momentum" or empty.
        invariances: A line for each.
        graph: Its picture; None for what has no spec.
        facts: What else was found of it, each with its heading.
        rates: Where it was tuned.
        comparisons: Where it was run.
        cost: As measured, or None.
        reference: What the comparisons are to.
    """

    name: str
    file: str
    family: str
    origin: str
    words: str
    state: str
    usage: str
    deviations: str = ""
    update: str | None = None
    latex: str | None = None
    factor: str | None = None
    momentum: str = ""
    invariances: tuple[str, ...] = ()
    graph: Picture | None = None
    facts: tuple[tuple[str, str], ...] = ()
    rates: tuple[Rates, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    cost: StepCost | None = None
    reference: str = REFERENCE

    def with_verdict(self, verdict: Verdict) -> list[Comparison]:
        """The comparisons with this verdict against the reference."""
        return [each for each in self.comparisons if each.difference and each.difference.verdict == verdict]


def to_markdown(card: Card) -> str:
    """The card as a Markdown page."""
    lines = [
        f"# {card.name}",
        f"{card.family}. {card.origin}.",
        *([] if card.update is None else [f"    u = {card.update}"]),
        *([f"Then {card.momentum}."] if card.momentum else []),
        *([card.words] if card.words else []),
        *([f"**Deviations.** {card.deviations}"] if card.deviations else []),
        *(["\n".join(f"- {line}" for line in card.invariances)] if card.invariances else []),
        *(f"**{heading}.** {text}" for heading, text in card.facts),
        f"**Learning rate.** {rates_text(card)}",
        f"**State.** {card.state}",
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
    return f"{WITHIN}{listed}."


def place(source: Source) -> str:
    """A task with its study, since studies share tasks."""
    return f"{source.task} ({source.study})"


def rate_range(rates: Rates) -> str:
    """One rate, or from where to where."""
    return f"{rates.low:g}" if rates.low == rates.high else f"{rates.low:g} to {rates.high:g}"


def state_of(numbers: int) -> str:
    """Numbers and bytes kept for every weight."""
    return f"{number_of(numbers, 'number')} for every weight: {4 * numbers} bytes in float32."


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
    points = "" if difference is None else f", {signed(100 * difference.mean, 1)} points, n = {difference.n}"
    return f"{place(each.source)}{points}"


def diverged_text(card: Card) -> str:
    """How many of the final runs diverged."""
    total = sum(each.test.n for each in card.comparisons)
    if not total:
        return f"{NOT_MEASURED.capitalize()}."
    return f"{sum(each.diverged for each in card.comparisons)} of {total} final runs."
