"""Training steps timed in one process, since Keras has one back end in each: an optimizer, Adam and SGD in turns.

Run as ``python -m reproduce.bench.step_contestants DOOR`` with KERAS_BACKEND set for a door of Keras. Each line that
comes in names a network, an optimizer and how many rounds are timed; a line with their seconds goes out. The time is
the processor's, which other processes lengthen less than the clock's; on an accelerator it is the clock's.
"""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from reproduce.bench.asked import answer_lines
from reproduce.bench.step_parts import NETWORKS, StepNetwork
from reproduce.libraries import enter_known_keras
from reproduce.machine import cpu_name, device_name, engine_device_name, is_cpu_name

#: Rounds before the clock starts: the first compiles.
WARMUP_ROUNDS = 3
_MODULES = {"torch": "step_torch", "optax": "step_optax"}
ADAM, SGD, PASS = "Adam", "SGD", "pass"


def measure(door: str, network: StepNetwork, optimizer: str, rounds: int) -> dict[str, Any]:
    """Seconds of each round for the optimizer ("own"), Adam, SGD and one pass over as much memory as the weights take.

    Args:
        door: See `reproduce.bench.step_parts.DOORS`.
        network: What is trained.
        optimizer: Its name.
        rounds: How many are timed.
    """
    steps, device = _module(door)
    now = time.process_time if is_cpu_name(device) else time.perf_counter
    made = {"own": steps.make_step(network, optimizer)}
    made |= {name: steps.make_step(network, name) for name in (ADAM, SGD)}
    weights = made["own"][2]
    contestants = {name: step for name, (step, _, _) in made.items()} | {PASS: _copy(weights)}
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    order = list(contestants)
    for number in range(WARMUP_ROUNDS + rounds):
        for name in order:
            start = now()
            contestants[name]()
            taken = now() - start
            if number >= WARMUP_ROUNDS:
                seconds[name].append(taken)
        order = [*order[1:], order[0]]  # None always goes first.
    seconds[PASS] = [each / 2 for each in seconds[PASS]]  # A copy reads and writes.
    states = {name: made[name][1]() for name in ("own", ADAM)}
    return {"seconds": seconds, "state_bytes": states, "weights": weights, "device": device}


def _copy(weights: int) -> Callable[[], None]:
    source, target = np.ones((2, weights), np.float32)
    return lambda: np.copyto(target, source)


def _module(door: str) -> tuple[Any, str]:
    """The module that makes a door's steps, and the device; libraries are first imported here."""
    if door == "optax":
        device = engine_device_name()
    elif door == "torch":
        device = cpu_name()
    else:
        enter_known_keras()
        device = device_name()
    return importlib.import_module(f"reproduce.bench.{_MODULES.get(door, 'step_keras')}"), device


def main(door: str) -> None:
    """Measure whatever is asked, until nothing can come any more."""
    if "torch" in door:
        import torch

        torch.set_num_threads(1)
    answer_lines(lambda asked: measure(door, NETWORKS[asked["network"]], asked["optimizer"], asked["rounds"]))


if __name__ == "__main__":
    main(sys.argv[1])
