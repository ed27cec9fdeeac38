"""Steps of the population engine, timed in a process of its own.

Run by its path, ``python -P population_steps.py SIZE THREADS SPECS``, it times whichever ``reproduce`` is found, this
version's or an earlier one's, and therefore uses nothing that the earlier one lacks. An earlier version may have the
bias of convolutions whatever SIZE says. SIZE is a `StepSize` as JSON. Each of THREADS trains its share of the members;
SPECS are JSON documents of optimizers, or empty for Adam. Each line that comes in asks for "step" or "evaluation", and
how many times; one with what was done, the processor's seconds and the most memory so far goes out.
"""

from __future__ import annotations

import inspect
import json
import resource
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import jax
import numpy as np

from paper_optimizers import OptimizerSpec, get
from reproduce.population.assembly import Member
from reproduce.population.engine import Population
from reproduce.population.networks.char_lstm import CharLSTM
from reproduce.population.networks.char_transformer import CharTransformer
from reproduce.population.networks.convnet import ConvNet
from reproduce.population.networks.vision_transformer import VisionTransformer
from reproduce.population.problems import classification

#: T of the members: more steps than are ever timed.
_LONG = 1_000_000


class TimedMembers:
    """The members of one thread, trained epoch after epoch.

    Args:
        population: The engine, which all threads share.
        size: Batch and steps of an epoch.
        members: Who is trained.
        data: Inputs and labels on the device.
    """

    def __init__(self, population: Any, size: dict[str, Any], members: list[Any], data: tuple[Any, Any]) -> None:
        self._population, self._members, self._data = population, members, data
        self._steps, self._taken, self._evaluated = size["steps"], 0, size["evaluated"]
        shape = (len(members), self._steps, size["batch"])
        self._orders = np.random.default_rng(0).integers(0, size["examples"], shape).astype(np.int32)
        self._programs, self._state = population.start(members)

    def step(self) -> int:
        """Train all members for an epoch; the steps that they took, those of failed ones left out."""
        before = np.asarray(self._state.step).sum()
        tables = self._population.tables(self._members, range(self._taken, self._taken + self._steps))
        self._state, _ = self._population.epoch(self._programs, self._state, tables, self._data, self._orders)
        self._taken += self._steps
        return int(np.asarray(self._state.step).sum() - before)

    def evaluation(self) -> int:
        """Answer for the examples of an evaluation; examples times members."""
        examples = tuple(np.resize(np.asarray(array), (self._evaluated, *array.shape[1:])) for array in self._data)
        self._population.evaluate(self._state, examples)
        return self._evaluated * len(self._members)


def surroundings(size: dict[str, Any]) -> tuple[Any, tuple[Any, Any]]:
    """The problem of a size, and its data."""
    random, width, side = np.random.default_rng(0), size["width"], size["side"]
    depth, heads, examples = size["depth"], size["heads"], size["examples"]
    inputs: Any
    if size["channels"]:
        shape = (side, side, size["channels"])
        inputs = random.random((examples, *shape), np.float32)
        labels = random.integers(0, size["classes"], examples).astype(np.int32)
    else:
        text = random.integers(0, size["characters"], (examples, side + 1)).astype(np.int32)
        inputs, labels = text[:, :-1], text[:, 1:]
    network: Any
    if size["network"] == "surrogate":
        own: Any = {"conv_bias": size["conv_bias"]} if "conv_bias" in inspect.signature(ConvNet).parameters else {}
        network = ConvNet(width, size["channels"], size["classes"], scale=1.0, **own)
    elif size["network"] == "vision_transformer":
        network = VisionTransformer(shape, size["classes"], width, depth, heads, size["patch"], 0.1)
    elif size["network"] == "char_lstm":
        network = CharLSTM(size["characters"], width, depth, 0.1)
    else:
        network = CharTransformer(side, size["characters"], width, depth, heads, 0.1)
    placed: tuple[Any, Any] = jax.device_put((inputs, labels))
    given = {"inference": network.inference} if hasattr(network, "inference") else {}  # Earlier versions have none.
    return classification(network.initial, network.apply, **given), placed


def _repeated(what: str, times: int, members: TimedMembers) -> int:
    return sum(members.step() if what == "step" else members.evaluation() for _ in range(times))


def main(size: dict[str, Any], threads: int, documents: list[dict[str, Any]]) -> None:
    """Answer whatever is asked, until nothing can come any more."""
    problem, data = surroundings(size)
    population, count = Population(problem), size["members"]
    specs = [OptimizerSpec.from_dict(document) for document in documents] or [get("Adam")]
    members = [Member(specs[number % len(specs)], size["rate"], _LONG, seed=number) for number in range(count)]
    timed = [TimedMembers(population, size, members[first::threads], data) for first in range(threads)]
    with ThreadPoolExecutor(threads) as pool:
        for line in sys.stdin:
            asked, start = json.loads(line), time.process_time()
            done = sum(pool.map(partial(_repeated, asked["what"], asked["times"]), timed))
            answer = {"done": done, "cpu_seconds": time.process_time() - start}
            peak = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            sys.stdout.write(json.dumps(answer | {"peak_bytes": peak}) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]), int(sys.argv[2]), json.loads(sys.argv[3]))
