"""What a report is written from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from reproduce.report.style import Picture
from reproduce.report.tables import Table
from reproduce.study.rows import Row


@dataclass(frozen=True)
class ReportInputs:
    """All that the page shows, read from disk by whoever calls it.

    Attributes:
        profile: Where the rows come from: "smoke", "small", "gpu" or "paper".
        studies: The rows of each study, by its name; "main" first where it is there.
        tables: Headings, each with its tables, in the order of the page.
        pictures: Headings, each with pictures that are not made from study rows (search, engine).
        step_costs: Of each optimizer timed, seconds of a training step over Keras Adam's and bytes of its state for
            every byte of weights; see `StepCost`.
        notes: Paragraphs for the top of the page, such as which device the rows come from.
    """

    profile: str
    studies: Mapping[str, Sequence[Row]]
    tables: Mapping[str, Sequence[Table]] = field(default_factory=dict)
    pictures: Mapping[str, Sequence[Picture]] = field(default_factory=dict)
    step_costs: Mapping[str, StepCost] = field(default_factory=dict)
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class StepCost:
    """What a card says an optimizer costs; measured by ``bench-optimizers``.

    Attributes:
        seconds: Median time of a training step.
        ratio: Median of that time over Keras Adam's beside it.
        state_bytes: Bytes of state.
        adam_state_bytes: Keras Adam's on the same network.
        device: Where it was timed.
    """

    seconds: float
    ratio: float
    state_bytes: int
    adam_state_bytes: int
    device: str
