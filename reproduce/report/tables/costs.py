"""What a step of each optimizer costs, from the file that ``bench-optimizers`` writes."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path

from paper_optimizers import get, names
from reproduce.counts import number_of
from reproduce.errors import ReproduceError
from reproduce.report.catalog_cards import states
from reproduce.report.comparisons import listed
from reproduce.report.inputs import StepCost
from reproduce.report.keras_cards import KNOWN
from reproduce.report.runs import number_of_runs
from reproduce.report.table import NONE, Cell, Column, Table, missing, number, one_section, words

_NUMBERS = ("seconds", "ratio", "state_bytes", "adam_state_bytes", "pairs")


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
            seconds, ratio, state, adam, pairs = (float(line[name]) for name in _NUMBERS)
            costs[line["optimizer"]] = StepCost(seconds, ratio, int(state), int(adam), int(pairs), line["device"])
        except (KeyError, TypeError, ValueError, OverflowError):
            raise ReproduceError(
                f"{path}, line {position} is not a step cost; expected the columns optimizer, {', '.join(_NUMBERS)} "
                "and device, as bench-optimizers writes them"
            ) from None
    return costs


def step_cost_table(costs: Mapping[str, StepCost]) -> Table:
    """Time and memory of each optimizer beside Keras Adam: those that were timed, then the others."""
    pairs = number_of_runs(cost.pairs for cost in costs.values())
    others = [name for name in (*names(), *KNOWN) if name not in costs]
    return Table(
        name="step_costs",
        title="Step time and memory",
        caption=(
            f"{listed(cost.device for cost in costs.values()) or 'No device'}: median time of a training step of the "
            f"surrogate network, the ratio to Keras Adam's step timed in turns with it ({pairs} pairs), and bytes of "
            "the optimizer's state beside Keras Adam's, without the weights; numbers kept for every weight, 4 bytes "
            f"each in float32, as the optimizer's spec has it. {number_of(len(costs), 'optimizer')} timed."
        ),
        columns=(
            Column("Optimizer", "optimizer"),
            Column("ms", "seconds", numeric=True),
            Column("to Adam", "ratio", numeric=True),
            Column("State KiB", "state_bytes", numeric=True),
            Column("Adam KiB", "adam_state_bytes", numeric=True),
            Column("Numbers a weight", "numbers_a_weight", numeric=True),
        ),
        sections=one_section(
            [(words(name), *_measured(costs.get(name)), words(numbers_kept(name))) for name in (*costs, *others)]
        ),
    )


def numbers_kept(name: str) -> str:
    """Numbers that an optimizer of the catalog, or one that Keras alone has, keeps for every weight."""
    return str(states(get(name))) if name in names() else KNOWN[name].numbers if name in KNOWN else NONE


def _measured(cost: StepCost | None) -> tuple[Cell, ...]:
    if cost is None:
        return tuple(missing() for _ in range(4))
    return (
        number(cost.seconds, 1, 1000.0),
        number(cost.ratio, 3),
        number(cost.state_bytes, 0, 1 / 1024),
        number(cost.adam_state_bytes, 0, 1 / 1024),
    )
