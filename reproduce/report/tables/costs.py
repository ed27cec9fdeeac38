"""What a step of each optimizer costs, from the file that ``bench-optimizers`` writes."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path

from reproduce.errors import ReproduceError
from reproduce.report.comparisons import listed
from reproduce.report.inputs import StepCost
from reproduce.report.table import Column, Table, number, one_section, words

_NUMBERS = ("seconds", "ratio", "state_bytes", "adam_state_bytes")


def read_step_costs(path: Path) -> dict[str, StepCost]:
    """Costs by optimizer.

    Raises:
        ReproduceError: If the file cannot be read or is not what ``bench-optimizers`` writes.
    """
    try:
        lines = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ReproduceError(f"cannot read the step costs {path}: {error}") from None
    costs = {}
    for position, line in enumerate(lines, start=2):
        try:
            seconds, ratio, state, adam = (float(line[name]) for name in _NUMBERS)
            costs[line["optimizer"]] = StepCost(seconds, ratio, int(state), int(adam), line["device"])
        except (KeyError, TypeError, ValueError, OverflowError):
            raise ReproduceError(
                f"{path}, line {position} is not a step cost; expected the columns optimizer, {', '.join(_NUMBERS)} "
                "and device, as bench-optimizers writes them"
            ) from None
    return costs


def step_cost_table(costs: Mapping[str, StepCost]) -> Table:
    """Time and memory of each optimizer beside Keras Adam."""
    return Table(
        name="step_costs",
        title="Step time and memory",
        caption=(
            f"{listed(cost.device for cost in costs.values()) or 'No device'}: median time of a training step of the "
            "surrogate network, the ratio to Keras Adam's step timed in turns with it, and bytes of the optimizer's "
            f"state beside Keras Adam's, without the weights. {len(costs)} optimizers timed."
        ),
        columns=(
            Column("Optimizer", "optimizer"),
            Column("ms", "seconds", numeric=True),
            Column("to Adam", "ratio", numeric=True),
            Column("State KiB", "state_bytes", numeric=True),
            Column("Adam KiB", "adam_state_bytes", numeric=True),
        ),
        sections=one_section(
            [
                (
                    words(name),
                    number(cost.seconds, 1, 1000.0),
                    number(cost.ratio, 3),
                    number(cost.state_bytes, 0, 1 / 1024),
                    number(cost.adam_state_bytes, 0, 1 / 1024),
                )
                for name, cost in costs.items()
            ]
        ),
    )
