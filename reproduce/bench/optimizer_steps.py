"""The cost of a training step: each optimizer beside Adam and SGD of the same door, on the same network and batch.

Steps of the three alternate, so that whatever else the machine does falls on all alike; the ratio is taken round by
round. Each library computes with one thread. A part is one network through one door; parts can be measured one at a
time, and an interrupted run goes on after the last measurement.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, astuple, dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from reproduce.bench.asked import AskedProcess
from reproduce.bench.step_contestants import ADAM, PASS, SGD
from reproduce.bench.step_parts import COMMON, DOORS, NETWORKS, is_installed
from reproduce.bench.unfinished import Unfinished
from reproduce.errors import ReproduceError
from reproduce.files import csv_text, write_text
from reproduce.libraries import known_environment, recorded_settings
from reproduce.machine import cpu_name, versions
from reproduce.report.output import show
from reproduce.report.speed import DOOR_COSTS, STEP_COSTS, DoorCost, OptimizerCost, read_door_costs
from reproduce.report.tables.costs import door_cost_tables, step_cost_table
from reproduce.screen import say
from reproduce.tasks.optimizers import KERAS, make_entrant

EVOLVED = (*(f"Opt{number}" for number in range(1, 11)), *(f"A{number}" for number in range(1, 6)))
#: The optimizers of a main study, measured where cards show their costs. Adam is among them: beside itself, its ratio
#: shows the noise of the measurement.
_STUDIED = (*EVOLVED, "PowerSign", "AddSign", *KERAS)


@dataclass(frozen=True)
class StepBenchSettings:
    """The settings of the measurement.

    Attributes:
        doors: See `reproduce.bench.step_parts.DOORS`; those that are not installed are left out.
        networks: See `reproduce.bench.step_parts.NETWORKS`.
        optimizers: Names as protocols give them; None for the evolved ones, and where cards show costs for those of a
            main study.
        rounds: Rounds of each measurement.
        peers: Classes of other packages that are optimizers of PyTorch, each with its module; they are measured
            through the door "torch".
    """

    doors: tuple[str, ...] = tuple(DOORS)
    networks: tuple[str, ...] = tuple(NETWORKS)
    optimizers: tuple[str, ...] | None = None
    rounds: int = 30
    peers: tuple[str, ...] = ()

    def measurements(self) -> Iterator[tuple[str, str, str]]:
        """Door, network and optimizer of each, those of a door one after another."""
        for door in self.doors:
            for network in self.networks:
                names = self.optimizers or (_STUDIED if (door, network) == COMMON else EVOLVED)
                for optimizer in (*names, *(self.peers if door == "torch" else ())):
                    yield door, network, optimizer


def bench_optimizers(settings: StepBenchSettings, output: Path, console: Console) -> list[DoorCost]:
    """Time each optimizer, show the tables and write the costs to ``output``/bench/doors.csv and optimizers.csv.

    What these files have of other doors, networks and optimizers stays.

    Args:
        settings: What is measured.
        output: The folder.
        console: Where the tables are shown.

    Raises:
        ProtocolError: For an unknown optimizer.
        ReproduceError: If no door is installed, a process fails, or a file cannot be read or written.
    """
    for name in settings.optimizers or ():
        make_entrant(name, "--optimizers")
    lacking = [door for door in settings.doors if not is_installed(door)]
    if len(lacking) == len(settings.doors):
        raise ReproduceError(f"nothing to measure: the libraries of {', '.join(lacking)} are not installed")
    conditions = {
        "settings": asdict(settings),
        "device": cpu_name(),
        "user": recorded_settings(),
        "versions": versions("tensorflow", "tensorflow-cpu", "jax", "optax", "torch"),
    }
    folder = output / DOOR_COSTS.parent
    unfinished = Unfinished(folder, conditions, lambda name: say(console, f"{name} ..."))
    costs: list[DoorCost] = []
    shared: list[OptimizerCost] = []
    with ExitStack() as stack:
        processes: dict[str, AskedProcess] = {}
        for door, network, optimizer in settings.measurements():
            if door in lacking:
                continue
            if door not in processes:
                stack.pop_all().close()
                processes = {door: stack.enter_context(_process(door))}
            ask = partial(_asked, processes[door], network, optimizer, settings.rounds)
            measured = unfinished.once(f"{door}, {network}, {optimizer}", ask)
            costs.append(_cost(door, network, optimizer, measured))
            say(console, f"{door}, {network}, {optimizer}: {costs[-1].ratio:.3f} of {DOORS[door][1]}")
            if (door, network) == COMMON:
                shared.append(_common_cost(costs[-1], measured))
    _write(output, costs, shared)
    unfinished.finish()
    for table in (step_cost_table({cost.optimizer: cost for cost in shared}, ()), *door_cost_tables(costs)):
        if not table.is_empty:
            show(table, console)
    for door in lacking:
        say(console, f"Not installed, and not measured: {door}")
    say(console, f"Written:\n  {output / DOOR_COSTS}")
    return costs


def to_csv(costs: Sequence[DoorCost] | Sequence[OptimizerCost]) -> str:
    """Costs of one kind as a file that `reproduce.report.speed` reads, unrounded."""
    return csv_text([field.name for field in fields(costs[0])], map(astuple, costs))


def _process(door: str) -> AskedProcess:
    backend = {"KERAS_BACKEND": door.partition("-")[2]} if door.startswith("keras-") else {}
    command = [sys.executable, "-m", "reproduce.bench.step_contestants", door]
    return AskedProcess(door, command, known_environment(threads=1) | backend)


def _asked(process: AskedProcess, network: str, optimizer: str, rounds: int) -> dict[str, Any]:
    answer = process.ask({"network": network, "optimizer": optimizer, "rounds": rounds})
    if "raised" in answer:
        raise ReproduceError(f"{process.name}, {network}, {optimizer}: {answer['raised']}")
    return answer


def _cost(door: str, network: str, optimizer: str, measured: dict[str, Any]) -> DoorCost:
    seconds = {name: np.asarray(each) for name, each in measured["seconds"].items()}
    low, middle, high = np.quantile(seconds["own"] / seconds[ADAM], (0.25, 0.5, 0.75)).tolist()
    weights, state = int(measured["weights"]), int(measured["state_bytes"]["own"])
    return DoorCost(
        door=door,
        network=network,
        optimizer=optimizer,
        rounds=len(seconds["own"]),
        seconds=float(np.median(seconds["own"])),
        adam_seconds=float(np.median(seconds[ADAM])),
        sgd_seconds=float(np.median(seconds[SGD])),
        pass_seconds=float(np.median(seconds[PASS])),
        ratio=middle,
        ratio_low=low,
        ratio_high=high,
        weights=weights,
        state_bytes=state,
        device=str(measured["device"]),
    )


def _common_cost(cost: DoorCost, measured: dict[str, Any]) -> OptimizerCost:
    network = NETWORKS[cost.network]
    return OptimizerCost(
        optimizer=cost.optimizer,
        pairs=cost.rounds,
        seconds=cost.seconds,
        adam_seconds=cost.adam_seconds,
        ratio=cost.ratio,
        ratio_low=cost.ratio_low,
        ratio_high=cost.ratio_high,
        state_bytes=cost.state_bytes,
        adam_state_bytes=int(measured["state_bytes"][ADAM]),
        batch=network.batch,
        base_filters=network.width,
        device=cost.device,
    )


def _write(output: Path, costs: Sequence[DoorCost], shared: Sequence[OptimizerCost]) -> None:
    """Put the costs into the files, in the place of those of the same door, network and optimizer."""
    path = output / DOOR_COSTS
    before = read_door_costs(path) if path.exists() else ()
    merged = {(cost.door, cost.network, cost.optimizer): cost for cost in (*before, *costs)}
    write_text(path, to_csv(list(merged.values())))
    if shared:
        write_text(output / STEP_COSTS, to_csv(shared))
