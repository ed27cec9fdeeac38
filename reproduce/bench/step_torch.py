"""Training steps of a plain loop in PyTorch."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from paper_optimizers.torch import create
from reproduce.bench.step_parts import CHANNELS, CLASSES, RATE, TOTAL_STEPS, WARMUP_STEPS, StepNetwork
from reproduce.errors import ReproduceError

_OWN: dict[str, Callable[..., Any]] = {"Adam": torch.optim.Adam, "SGD": torch.optim.SGD}


def make_step(network: StepNetwork, name: str) -> tuple[Callable[[], Any], Callable[[], int], int]:
    """A step, the bytes of the optimizer's state once it has run, and how many weights are trained.

    Args:
        network: What is trained.
        name: "Adam" and "SGD" are torch's; a name with a dot is a class of another package; others are the catalog's.
    """
    generator = torch.Generator().manual_seed(0)
    model, inputs, targets, loss = _MODELS[network.name](network, generator)
    optimizer = _optimizer(name, list(model.parameters()))

    def step() -> None:
        optimizer.zero_grad()
        loss(model(inputs), targets).backward()
        optimizer.step()

    def state_bytes() -> int:
        states = [value for state in optimizer.state.values() for value in state.values()]
        return sum(value.numel() * value.element_size() for value in states if _is_array(value))

    return step, state_bytes, sum(each.numel() for each in model.parameters())


def _is_array(value: Any) -> bool:
    return isinstance(value, torch.Tensor) and value.ndim > 0


def _optimizer(name: str, parameters: list[Any]) -> Any:
    if name in _OWN:
        return _OWN[name](parameters, lr=RATE, foreach=True)
    if "." in name:
        return _peer(name)(parameters, lr=RATE)
    return create(name, parameters, RATE, total_steps=TOTAL_STEPS, warmup_steps=WARMUP_STEPS)


def _peer(name: str) -> Any:
    module, _, attribute = name.rpartition(".")
    try:
        return getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise ReproduceError(f"--peers names {name}, which cannot be imported: {error}") from None


class _Dropped(nn.Module):
    """The mean over pixels, dropped, to logits."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.drop, self.logits = nn.Dropout(0.2), nn.Linear(features, CLASSES)

    def forward(self, x: Any) -> Any:
        return self.logits(self.drop(x.mean((2, 3))))


def _convolutional(network: StepNetwork, generator: Any) -> tuple[Any, ...]:
    layers: list[nn.Module] = []
    channels = CHANNELS
    for factor, stride in ((1, 1), (2, 2), (4, 2)):
        filters = factor * network.width
        layers += [nn.Conv2d(channels, filters, 3, stride, padding=1), nn.BatchNorm2d(filters), nn.SiLU()]
        channels = filters
    images = torch.rand(network.batch, CHANNELS, network.size, network.size, generator=generator)
    labels = torch.randint(CLASSES, (network.batch,), generator=generator)
    return nn.Sequential(*layers, _Dropped(channels)), images, labels, nn.CrossEntropyLoss()


def _dense(network: StepNetwork, generator: Any) -> tuple[Any, ...]:
    layers: list[nn.Module] = []
    for _ in range(network.size - 1):
        layers += [nn.Linear(network.width, network.width), nn.ReLU()]
    model = nn.Sequential(*layers, nn.Linear(network.width, network.width))
    inputs, targets = torch.rand(2, network.batch, network.width, generator=generator)
    return model, inputs, targets, nn.MSELoss()


class _Mean(nn.Module):
    def forward(self, x: Any) -> Any:
        return x.mean(1)


def _embedding(network: StepNetwork, generator: Any) -> tuple[Any, ...]:
    words = torch.randint(network.size, (network.batch, network.length), generator=generator)
    model = nn.Sequential(nn.Embedding(network.size, network.width), _Mean(), nn.Linear(network.width, 1))
    return model, words, torch.rand(network.batch, 1, generator=generator), nn.MSELoss()


_MODELS: dict[str, Callable[[StepNetwork, Any], tuple[Any, ...]]] = {
    "convolutional": _convolutional,
    "dense": _dense,
    "embedding": _embedding,
}
