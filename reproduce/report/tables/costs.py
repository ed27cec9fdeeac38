"""Tables of the cost of each optimizer's step, as ``bench-optimizers`` measured it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from paper_optimizers import get, names
from reproduce.counts import number_of
from reproduce.report.cards.catalog import states
from reproduce.report.cards.keras import KNOWN
from reproduce.report.results import number_of_runs
from reproduce.report.speed import DoorCost, OptimizerCost
from reproduce.report.table import NONE, Cell, Column, Table, missing, number, words
from reproduce.report.tables.comparisons import listed

#: What a step may cost of Adam's.
MOST = 1.25
_NETWORKS = {
    "convolutional": "the convolutional surrogate, batch of 128",
    "dense": "six dense layers of 1,000, batch of 32",
    "embedding": "500,000 embedded words of 16 numbers, 640 of them in a batch",
}


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


def door_cost_tables(costs: Sequence[DoorCost]) -> list[Table]:
    """The cost of a step through every door, a table for each network, and one of those that cost most."""
    networks = dict.fromkeys(cost.network for cost in costs)
    tables = [_network_table(network, [cost for cost in costs if cost.network == network]) for network in networks]
    return [*tables, _misses_table(costs)] if tables else []


def _network_table(network: str, costs: Sequence[DoorCost]) -> Table:
    found = {(cost.door, cost.optimizer): cost for cost in costs}
    passes = {cost.optimizer: cost.passes for cost in costs}

    def ratio(door: str) -> Callable[[str], Cell]:
        return lambda name: number(found[door, name].ratio, 2) if (door, name) in found else missing()

    doors = dict.fromkeys(cost.door for cost in costs)
    return Table.of(
        name=f"door_costs_{network}",
        title=f"Step time through every door: {_NETWORKS[network]}",
        caption=(
            f"{listed(cost.device for cost in costs)}, one thread: the median ratio of a training step's time to that "
            f"of a step with Adam of the same door, timed in turns ({_rounds(costs)}). Keras' doors are compared with "
            "Keras' Adam, torch with torch.optim.Adam(foreach=True), optax with optax.adam under jit. Passes over "
            "memory are those that a step takes at least: weight and state read and written, the gradient read."
        ),
        columns=(
            Column("Optimizer", "optimizer", words),
            *(Column(door, door.replace("-", "_"), ratio(door), numeric=True) for door in doors),
            Column("Passes", "passes", lambda name: number(passes[name], 0), numeric=True),
        ),
        items=dict.fromkeys(cost.optimizer for cost in costs),
    )


def _misses_table(costs: Sequence[DoorCost]) -> Table:
    missed = sorted((cost for cost in costs if cost.ratio > MOST), key=lambda cost: -cost.ratio)
    return Table.of(
        name="door_cost_misses",
        title=f"Steps that cost more than {MOST:.2f} of Adam's",
        caption=(
            f"{len(missed)} of {len(costs)} measurements: the median ratio with quartiles, by how much it is above "
            f"{MOST:.2f}, the passes over memory that the step takes at least, the ratio if these passes were all "
            "that it cost beyond SGD's step, and how many times that it costs."
        ),
        columns=(
            Column("Network", "network", lambda cost: words(cost.network)),
            Column("Door", "door", lambda cost: words(cost.door)),
            Column("Optimizer", "optimizer", lambda cost: words(cost.optimizer)),
            Column("to Adam", "ratio", lambda cost: number(cost.ratio, 2), numeric=True),
            Column("Q1", "ratio_low", lambda cost: number(cost.ratio_low, 2), numeric=True),
            Column("Q3", "ratio_high", lambda cost: number(cost.ratio_high, 2), numeric=True),
            Column("Above", "above", lambda cost: number(cost.ratio - MOST, 2), numeric=True),
            Column("Passes", "passes", lambda cost: number(cost.passes, 0), numeric=True),
            Column("At least", "least_ratio", lambda cost: number(cost.least_ratio, 2), numeric=True),
            Column("Times that", "times", lambda cost: number(cost.ratio / cost.least_ratio, 2), numeric=True),
        ),
        items=missed,
    )


def _rounds(costs: Sequence[DoorCost]) -> str:
    return f"{number_of_runs(cost.rounds for cost in costs)} rounds"


def numbers_kept(name: str) -> str:
    """Numbers that an optimizer of the catalog, or one that Keras alone has, keeps for every weight."""
    return str(states(get(name))) if name in names() else KNOWN[name].numbers if name in KNOWN else NONE


def _kib(num_bytes: int) -> Cell:
    return number(num_bytes, 0, 1 / 1024)
