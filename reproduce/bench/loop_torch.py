"""Training steps of PyTorch in the forms in which it trains one network on a processor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from reproduce.bench.step_sizes import StepSize


def make_loop(size: StepSize, form: str) -> Callable[[], int]:
    """Make a function that takes a step and answers 1.

    Channels are last and Adam moves all tensors together (``foreach``), which is fastest on the processors tried. As in
    the engine, images are gathered from all, and pixels dropped in the last layer.

    Args:
        size: Of the surrogate.
        form: "eager", or "compiled" with `torch.compile`.
    """
    torch.manual_seed(0)
    model = _surrogate(size).to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(model.parameters(), size.rate, foreach=True)
    answers = torch.compile(model) if form == "compiled" else model
    shape = (size.examples, size.channels, size.side, size.side)
    images = torch.rand(shape).to(memory_format=torch.channels_last)
    labels = torch.randint(size.classes, (size.examples,))
    loss_of = nn.CrossEntropyLoss()

    def step() -> int:
        batch = torch.randint(size.examples, (size.batch,))
        optimizer.zero_grad()
        loss_of(answers(images[batch]), labels[batch]).backward()
        optimizer.step()
        return 1

    return step


class _Head(nn.Module):
    """The mean over pixels, dropped, to logits."""

    def __init__(self, features: int, classes: int) -> None:
        super().__init__()
        self.drop, self.logits = nn.Dropout(0.2), nn.Linear(features, classes)

    def forward(self, x: Any) -> Any:
        return self.logits(self.drop(x.mean((2, 3))))


def _surrogate(size: StepSize) -> Any:
    layers: list[nn.Module] = []
    channels = size.channels
    for factor, stride in ((1, 1), (2, 2), (4, 2)):
        filters = factor * size.width
        layers += [
            nn.Conv2d(channels, filters, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(filters, eps=1e-3, momentum=0.01),
            nn.SiLU(),
        ]
        channels = filters
    return nn.Sequential(*layers, _Head(channels, size.classes))
