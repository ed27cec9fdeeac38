"""What a step of each optimizer costs, as ``bench-optimizers`` measured it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from paper_optimizers import get, names
from reproduce.counts import number_of
from reproduce.report.cards.catalog import states
from reproduce.report.cards.keras import KNOWN
from reproduce.report.results import number_of_runs
from reproduce.report.speed import OptimizerCost
from reproduce.report.table import NONE, Cell, Column, Table, missing, number, words
from reproduce.report.tables.comparisons import listed


def step_cost_table(costs: Mapping[str, OptimizerCost], others: Iterable[str]) -> Table:
    """Time and memory of each optimizer beside Keras Adam: those that were timed, then others that were not."""
    pairs = number_of_runs(cost.pairs for cost in costs.values())

    def measured(cell: Callable[[OptimizerCost], Cell]) -> Callable[[str], Cell]:
        return lambda name: cell(costs[name]) if name in costs else missing()

    return Table.of(
        name="step_costs",
        title="Step time and memory",
        caption=(
            f"{listed(cost.device for cost in costs.values()) or 'No device'}: median time of a training step of the "
            f"surrogate network, the ratio to Keras Adam's step timed in turns with it ({pairs} pairs), and bytes of "
            "the optimizer's state beside Keras Adam's, without the weights; numbers kept for every weight, 4 bytes "
            f"each in float32, as the optimizer's spec has it. {number_of(len(costs), 'optimizer')} timed."
        ),
        columns=(
            Column("Optimizer", "optimizer", words),
            Column("ms", "seconds", measured(lambda cost: number(cost.seconds, 1, 1000.0)), numeric=True),
            Column("to Adam", "ratio", measured(lambda cost: number(cost.ratio, 3)), numeric=True),
            Column("State KiB", "state_bytes", measured(lambda cost: _kib(cost.state_bytes)), numeric=True),
            Column("Adam KiB", "adam_state_bytes", measured(lambda cost: _kib(cost.adam_state_bytes)), numeric=True),
            Column("Numbers a weight", "numbers_a_weight", lambda name: words(numbers_kept(name)), numeric=True),
        ),
        items=dict.fromkeys((*costs, *others)),
    )


def numbers_kept(name: str) -> str:
    """Numbers that an optimizer of the catalog, or one that Keras alone has, keeps for every weight."""
    return str(states(get(name))) if name in names() else KNOWN[name].numbers if name in KNOWN else NONE


def _kib(num_bytes: int) -> Cell:
    return number(num_bytes, 0, 1 / 1024)
