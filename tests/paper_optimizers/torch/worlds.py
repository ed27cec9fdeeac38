"""The optimizers that the tests of the PyTorch door run through, and the small worlds they act in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np
import pytest

import paper_optimizers as po

torch = pytest.importorskip("torch", reason="PyTorch is not installed: make torch")
import paper_optimizers.torch as door  # noqa: E402

TOTAL = 20

EVERYTHING = po.from_text("Nest ~ ([a1][drop(expMovAvg(v hat), 0.1)])+((deltaChange(s hat))+(drop(MaxValue(g), 0.3)))")
STATEFUL = po.from_text("None ~ ((expMovAvg(g))+(deltaChange(g)))+(MaxValue(10-3w))")

#: Name to what makes an optimizer of parameters.
TABLE: dict[str, Callable[..., Any]] = {
    **{
        name: partial(door.create, name, lr=0.01, total_steps=TOTAL, warmup_steps=2, hold_steps=1)
        for name in po.names()
        if po.describe(name).family in ("evolved", "adam-variant") or name in ("Momentum", "Lion", "AddSign-cd")
    },
    "stateful": lambda params, **kept: door.GraphOptimizer(params, STATEFUL, **{"lr": 0.01, **kept}),
    "everything": lambda params, **kept: door.GraphOptimizer(
        params, EVERYTHING, **{"lr": 0.01, "total_steps": TOTAL, "seed": 7, **kept}
    ),
}

#: One large enough to be run in pieces, and not a multiple of them.
SHAPES = ((3, 2), (2,), (), (310, 260))


def parameters(dtype: Any = torch.float32, shapes: Sequence[tuple[int, ...]] = SHAPES) -> list[Any]:
    """One parameter for each shape; the same values at every call."""
    random = np.random.default_rng(0)
    return [torch.nn.Parameter(torch.tensor(random.normal(size=shape)).to(dtype)) for shape in shapes]


def give_gradients(params: Iterable[Any], step: int) -> None:
    """Gradients of one step, the same at every call, each with an exact zero."""
    random = np.random.default_rng([1, step])
    for param in params:
        gradient = torch.tensor(random.normal(size=tuple(param.shape))).to(param.dtype)
        gradient.view(-1)[:1] = 0.0
        param.grad = gradient


def train(optimizer: Any, params: Sequence[Any], steps: Iterable[int]) -> None:
    """Take the steps of these numbers."""
    for step in steps:
        give_gradients(params, step)
        optimizer.step()


def arrays(params: Iterable[Any]) -> list[Any]:
    """The values in float64."""
    return [param.detach().double().numpy().copy() for param in params]


def assert_close(ours: Iterable[Any], theirs: Iterable[Any], tolerance: float = 0.0) -> None:
    """Each of ``ours`` is that of ``theirs``, within a share of its largest magnitude."""
    for a, b in zip(arrays(ours), arrays(theirs), strict=True):
        assert np.abs(a - b).max(initial=0.0) <= tolerance * np.abs(b).max(initial=0.0)
