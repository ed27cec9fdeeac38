"""Doors and networks that the bench of optimizers measures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import util

#: By door: the modules it needs, and the reference with which it is compared.
DOORS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "keras-tensorflow": (("tensorflow",), "Keras' Adam"),
    "keras-jax": (("jax",), "Keras' Adam"),
    "keras-torch": (("torch",), "Keras' Adam"),
    "torch": (("torch",), "torch.optim.Adam(foreach=True)"),
    "optax": (("jax", "optax"), "optax.adam under jit"),
}
#: The door and the network whose costs the cards of optimizers show.
COMMON = ("keras-tensorflow", "convolutional")
#: The length that optimizers are told; no measurement is as long.
TOTAL_STEPS, WARMUP_STEPS = 8000, 800
RATE = 1e-4


@dataclass(frozen=True)
class StepNetwork:
    """A network and its batch.

    Attributes:
        name: "convolutional", the surrogate of the paper's initial stage; "dense", layers of one width; "embedding",
            whose step touches few of many rows.
        batch: Examples of a step.
        width: Filters of the first convolution, units of a dense layer, numbers of an embedded word.
        size: Pixels on a side, dense layers, words that there are.
        length: Words of an example; 0 elsewhere.
    """

    name: str
    batch: int
    width: int
    size: int
    length: int = 0


NETWORKS: Mapping[str, StepNetwork] = {
    each.name: each
    for each in (
        StepNetwork("convolutional", batch=128, width=32, size=32),
        StepNetwork("dense", batch=32, width=1000, size=6),
        StepNetwork("embedding", batch=32, width=16, size=500_000, length=20),
    )
}
#: Of images.
CHANNELS, CLASSES = 3, 10


def is_installed(door: str) -> bool:
    """Whether this environment has what a door needs."""
    return all(util.find_spec(name) is not None for name in DOORS[door][0])
