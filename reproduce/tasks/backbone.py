"""Weights files and the engine: what a file holds of a network, in the order in which the engine has it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from reproduce.models.settings import ModelSettings
from reproduce.population.problems import Arrays, Problem
from reproduce.training.start import Start, starting_weights

#: Kernel and bias of the last layer, which come last of the parameters and are in no weights file.
_HEAD = 2
#: Running mean and variance of a block.
_STATISTICS = 2


def backbone_arrays(parameters: Arrays, statistics: Arrays) -> list[Any]:
    """Parameters and running statistics of all layers but the last, in the order of `Start.values`."""
    every = (*parameters, *statistics)
    return [every[place] for place in _places(len(parameters), len(statistics))]


def engine_start(model: ModelSettings, problem: Problem, pretrained: Path | None) -> Start | None:
    """The weights that a task's networks start from; None for those that the seed draws.

    Args:
        model: Says where from.
        problem: The task's.
        pretrained: As of `starting_weights`.

    Raises:
        ProtocolError: As of `starting_weights`.
    """
    arrays = backbone_arrays(*problem.initial(np.random.default_rng(0)))
    shapes = [(f"array {place} of {model.network}", np.shape(array)) for place, array in enumerate(arrays)]
    return starting_weights(model, shapes, pretrained)


def problem_from(problem: Problem, start: Start) -> Problem:
    """The same problem, whose networks start from these weights and the last layer that each run's seed draws.

    The seed draws all weights first, as in Keras, so the last layer is the one that a run from scratch would have: one
    for all optimizers, and the same whether Keras or the engine trains.
    """

    def initial(generator: np.random.Generator) -> tuple[Arrays, Arrays]:
        parameters, statistics = problem.initial(generator)
        every = [*parameters, *statistics]
        for place, value in zip(_places(len(parameters), len(statistics)), start.values, strict=True):
            every[place] = np.asarray(value, np.float32)
        return tuple(every[: len(parameters)]), tuple(every[len(parameters) :])

    return replace(problem, initial=initial)


def _places(num_parameters: int, num_statistics: int) -> list[int]:
    """Where each array of a weights file is among the parameters and, after them, the statistics.

    Networks with running statistics are a row of blocks alike, each with its own after its parameters; the others have
    all their parameters in Keras' order.
    """
    blocks = max(1, num_statistics // _STATISTICS)
    own = (num_parameters - _HEAD) // blocks
    kept = num_statistics // blocks
    return [
        place
        for block in range(blocks)
        for place in (
            *range(block * own, (block + 1) * own),
            *range(num_parameters + block * kept, num_parameters + (block + 1) * kept),
        )
    ]
