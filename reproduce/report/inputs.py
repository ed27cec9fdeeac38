"""What a report is written from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reproduce.report.same_tasks import Place
from reproduce.report.style import Picture
from reproduce.report.table import Table
from reproduce.study.rows import Row

if TYPE_CHECKING:
    from reproduce.report.card import Card

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
class StepCost:
    """What an optimizer costs, as ``bench-optimizers`` measured it.

    Attributes:
        seconds: Median time of a training step.
        ratio: Median of that time over Keras Adam's beside it.
        state_bytes: Bytes of state.
        adam_state_bytes: Keras Adam's on the same network.
        pairs: How many pairs of steps were timed, its own and Keras Adam's.
        device: Where it was timed.
    """

    seconds: float
    ratio: float
    state_bytes: int
    adam_state_bytes: int
    pairs: int
    device: str


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
