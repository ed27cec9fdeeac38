"""The variables of a network and its optimizer, set back for each run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reproduce.models.initial import draw_weights
from reproduce.training.start import Start, backbone_variables


class TrainingState:
    """All variables that training changes; builds the optimizer.

    Args:
        network: A Keras model as `reproduce.models.registry.build_model` makes it.
        optimizer: A Keras optimizer that is not built.
        start: Weights of all layers but the last; None draws them.
    """

    def __init__(self, network: Any, optimizer: Any, start: Start | None) -> None:
        self._network = network
        self._start = start
        made = [(variable, np.asarray(variable.numpy())) for variable in network.variables]
        owners = (*network.layers, getattr(optimizer, "inner_optimizer", optimizer))
        self._streams = [each.seed_generator for each in owners if getattr(each, "seed_generator", None) is not None]
        self._follows = _build(optimizer, network.trainable_variables)
        self._fresh = [*made, *((variable, np.asarray(variable.numpy())) for variable in optimizer.variables)]

    def reset(self, seed: int) -> None:
        """Weights and random streams by ``seed``, everything else as it was made."""
        for variable, value in self._fresh:
            variable.assign(value)
        draw_weights(self._network, np.random.default_rng([seed, 0]))
        if self._start is not None:
            for variable, value in zip(backbone_variables(self._network), self._start.values, strict=True):
                variable.assign(value)
        for slot, weight in self._follows:
            slot.assign(weight.value)
        for place, stream in enumerate(self._streams):
            first = np.random.SeedSequence([seed, 2, place]).generate_state(1)[0]
            stream.state.assign(np.array([first, 0], np.uint32))

    def values(self) -> list[NDArray[Any]]:
        """Copy the values of all variables, for `restore`."""
        return [np.asarray(variable.numpy()) for variable, _ in self._fresh]

    def restore(self, values: Sequence[NDArray[Any]]) -> None:
        """Set all variables to what `values` gave."""
        for (variable, _), value in zip(self._fresh, values, strict=True):
            variable.assign(value)

    def backbone(self) -> list[NDArray[Any]]:
        """Weights of all layers but the last."""
        return [np.asarray(variable.numpy()) for variable in backbone_variables(self._network)]


def _build(optimizer: Any, weights: Sequence[Any]) -> list[tuple[Any, Any]]:
    """Build the optimizer; returns those of its variables that begin as copies of weights, with the weights.

    Some optimizers keep a second set of weights. Which variables these are shows when no two weights are alike.
    """
    random = np.random.default_rng(0)
    for weight in weights:
        weight.assign(random.normal(size=weight.shape).astype(np.float32))
    optimizer.build(weights)
    known = {weight.numpy().tobytes(): weight for weight in weights}
    pairs = [(slot, known.get(np.asarray(slot.numpy()).tobytes())) for slot in optimizer.variables]
    return [(slot, weight) for slot, weight in pairs if weight is not None]
