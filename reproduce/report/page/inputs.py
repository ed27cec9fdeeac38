"""What a report is written from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from reproduce.report.cards.card import Card
from reproduce.report.same_tasks import Place
from reproduce.report.speed import StepCost
from reproduce.report.style import Picture
from reproduce.report.table import Table
from reproduce.study.rows import Row

#: Headings of the page that tables and pictures share, in the order in which they stand; others follow after these.
CLAIMS, RESULTS, ROBUSTNESS, SEARCH, COST, SPACE = (
    "Claims",
    "Results",
    "Robustness",
    "Search and elimination",
    "Cost",
    "Search space and catalog",
)
#: Studies that compare all optimizers; the others vary one thing for a few of them.
COMPARED = ("main", "transfer", "finetune")
#: The optimizer that others are compared with.
REFERENCE = "Adam"
HEADINGS = (CLAIMS, RESULTS, ROBUSTNESS, SEARCH, COST, SPACE)


@dataclass(frozen=True)
class ReportInputs:
    """All that the page shows, read from disk by whoever calls it.

    Attributes:
        profile: Where the rows come from: "smoke", "small", "gpu" or "paper".
        studies: The rows of each study, by its name, in the order of the page.
        tables: Headings (see `HEADINGS`), each with its tables.
        pictures: Headings, each with pictures that are not made from study rows (search, engine).
        cards: Of optimizers that are neither the catalog's nor Keras' (what a search found).
        step_costs: By optimizer.
        reference: The optimizer that cards and learning curves compare with.
        warmup_fraction: Share of a run in which the rate rises, for the figures of schedules.
        hold_fraction: Share of a run at the peak rate, for the same.
        settings: What each study's tasks are apart from their names; see `reproduce.report.same_tasks`.
    """

    profile: str
    studies: Mapping[str, Sequence[Row]]
    tables: Mapping[str, Sequence[Table]] = field(default_factory=dict)
    pictures: Mapping[str, Sequence[Picture]] = field(default_factory=dict)
    cards: Sequence[Card] = ()
    step_costs: Mapping[str, StepCost] = field(default_factory=dict)
    reference: str = REFERENCE
    warmup_fraction: float = 0.1
    hold_fraction: float = 0.0
    settings: Mapping[Place, str] = field(default_factory=dict)
