"""An epoch as eager PyTorch steps."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from reproduce.data import Part


class TorchLoop:
    """See `reproduce.training.loop.Loop`."""

    def __init__(self, model: Any, optimizer: Any, part: Part) -> None:
        self._model = model
        self._optimizer = optimizer
        self._device = model.trainable_variables[0].value.device
        self._images = torch.as_tensor(part.inputs, device=self._device)
        self._labels = torch.as_tensor(part.labels, device=self._device).long()

    def epoch(
        self, order: NDArray[np.int32], rates: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
        """One step after another; losses stay on the device until the end."""
        batches = torch.as_tensor(order, device=self._device).long()
        steps = [self._step(batch, float(rate)) for batch, rate in zip(batches, rates, strict=True)]
        losses, right = (torch.stack(values).cpu().numpy() for values in zip(*steps, strict=True))
        return losses, right.astype(np.int32)

    def logits(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """One forward pass without gradients."""
        with torch.no_grad():
            answer = self._model(torch.as_tensor(images, device=self._device), training=False)
        logits: NDArray[np.float32] = answer.cpu().numpy()
        return logits

    def _step(self, indices: Any, rate: float) -> tuple[Any, Any]:
        images, labels = self._images[indices], self._labels[indices]
        self._optimizer.learning_rate.assign(rate)
        self._model.zero_grad()
        logits = self._model(images, training=True)
        loss = torch.nn.functional.cross_entropy(logits, labels)
        loss.backward()
        variables = self._model.trainable_variables
        with torch.no_grad():
            self._optimizer.apply([variable.value.grad for variable in variables], variables)
        return loss.detach(), (logits.argmax(-1) == labels).sum()
