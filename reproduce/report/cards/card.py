"""An optimizer's card as a value, and as Markdown.

A card says what an optimizer computes, what it does in words, how it answers to changes of its inputs, what was
measured of it, and how to use it. What was not measured says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from reproduce.counts import number_of
from reproduce.report.analysis.families import Difference
from reproduce.report.results import REFERENCE
from reproduce.report.speed import OptimizerCost
from reproduce.report.statistics import Summary
from reproduce.report.style import Picture
from reproduce.report.table import Source, signed
from reproduce.report.tables.comparisons import interval_text

NOT_MEASURED = "not measured"


class Phrase(NamedTuple):
    """A part of a sentence, and the runs behind it, if there are any."""

    text: str
    source: Source | None = None


@dataclass(frozen=True)
class Comparison:
    """How an optimizer did on one task.

    Attributes:
        source: Its final runs.
        test: Their test accuracy; a diverged run counts as guessing.
        diverged: How many of them diverged, or could not be trained.
        difference: To the reference, within its family; None without one, and for the reference itself.
        twins: Other optimizers that are the same function there; together they count once.
    """

    source: Source
    test: Summary
    diverged: int
    difference: Difference | None
    twins: tuple[str, ...] = ()


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

    @property
    def range(self) -> str:
        """One rate, or from where to where."""
        return f"{self.low:g}" if self.low == self.high else f"{self.low:g} to {self.high:g}"


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
    cost: OptimizerCost | None = None
    reference: str = REFERENCE

    @property
    def formulas(self) -> list[str]:
        """Update and factor of the learning rate in LaTeX, as far as there are such."""
        update = [] if self.latex is None else [f"u = {self.latex}"]
        return update if self.factor is None else [*update, rf"\mathrm{{factor}} = {self.factor}"]

    @property
    def statements(self) -> list[tuple[str, list[Phrase]]]:
        """The findings and measurements on it, each with its heading."""
        return [
            *((heading, [Phrase(text)]) for heading, text in self.facts),
            ("Learning rate", _rates(self)),
            ("State", [Phrase(self.state)]),
            ("Time of a step", [Phrase(_time(self))]),
            (f"Better than {self.reference}", _outcomes(self)),
            ("Diverged", [Phrase(_diverged(self))]),
        ]


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
        *(f"**{heading}.** {''.join(each.text for each in phrases)}" for heading, phrases in card.statements),
        f"```python\n{card.usage}\n```",
    ]
    return "\n\n".join(lines) + "\n"


def state_of(numbers: int) -> str:
    """Numbers and bytes kept for every weight."""
    return f"{number_of(numbers, 'number')} for every weight: {4 * numbers} bytes in float32."


def _rates(card: Card) -> list[Phrase]:
    """The rates that worked, by task."""
    if not card.rates:
        return [Phrase(f"Range that works: {NOT_MEASURED}.")]
    listed = [[Phrase(each.range, each.source), Phrase(f" on {_place(each.source)}")] for each in card.rates]
    return [Phrase("Peaks of warm-up and cosine within two points of the best: "), *_joined(listed)]


def _time(card: Card) -> str:
    """The time of a training step beside Adam's."""
    if card.cost is None:
        return f"{NOT_MEASURED.capitalize()}."
    return f"{1000 * card.cost.seconds:.1f} ms, {card.cost.ratio:.2f} of Keras Adam's beside it ({card.cost.device})."


def _outcomes(card: Card) -> list[Phrase]:
    """The verdict against the reference on each task, with the difference in points and its interval."""
    compared = [(each, each.difference) for each in card.comparisons if each.difference]
    if not compared:
        is_reference = card.name == card.reference and card.comparisons
        return [Phrase("It is the reference." if is_reference else f"{NOT_MEASURED.capitalize()}.")]
    return _joined([_outcome(each, found) for each, found in compared])


def _outcome(comparison: Comparison, found: Difference) -> list[Phrase]:
    interval = "" if found.low is None or found.high is None else f" ({interval_text(found.low, found.high)})"
    settle = "" if found.seeds_to_settle is None else f", {found.seeds_to_settle} would settle it"
    same = f", one function there with {', '.join(comparison.twins)}" if comparison.twins else ""
    difference = f"{signed(100 * found.mean, 1)} points{interval}, n = {found.n}{settle}{same}"
    return [Phrase(f"{found.verdict} on {_place(comparison.source)}, "), Phrase(difference, comparison.source)]


def _joined(listed: Sequence[Sequence[Phrase]]) -> list[Phrase]:
    """The phrases of all, with semicolons between them and a full stop at the end."""
    joined = [phrase for phrases in listed for phrase in (*phrases, Phrase("; "))]
    return [*joined[:-1], Phrase(".")]


def _place(source: Source) -> str:
    """A task with its study, since studies share tasks."""
    return f"{source.task} ({source.study})"


def _diverged(card: Card) -> str:
    """How many of the final runs diverged."""
    total = sum(each.test.n for each in card.comparisons)
    if not total:
        return f"{NOT_MEASURED.capitalize()}."
    return f"{sum(each.diverged for each in card.comparisons)} of {total} final runs."
