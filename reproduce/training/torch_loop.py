"""An epoch as eager PyTorch steps."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from reproduce.data import Part
from reproduce.training.loop import Answers, GradientSettings, Steps

_BEYOND_SEEDS = 2**32


class TorchLoop:
    """The loop on PyTorch; see `reproduce.training.loop.Loop` for what it does."""

    def __init__(self, model: Any, optimizer: Any, part: Part, settings: GradientSettings) -> None:
        self._model = model
        self._optimizer = optimizer
        self._settings = settings
        self._device = model.trainable_variables[0].value.device
        self._inputs = self._tensor(part.inputs)
        self._labels = self._tensor(part.labels)

    def epoch(self, order: NDArray[np.int32], steps: Steps) -> Answers:
        """One step after another; losses stay on the device until the end."""
        batches = self._tensor(order).long()
        return self._steps([(self._inputs[batch], self._labels[batch]) for batch in batches], steps)

    def given(self, inputs: NDArray[Any], labels: NDArray[Any], steps: Steps) -> Answers:
        """One step after another; losses stay on the device until the end."""
        return self._steps(list(zip(self._tensor(inputs), self._tensor(labels), strict=True)), steps)

    def logits(self, inputs: NDArray[Any]) -> NDArray[np.float32]:
        """One forward pass without gradients."""
        with torch.no_grad():
            answer = self._model(self._tensor(inputs), training=False)
        logits: NDArray[np.float32] = answer.cpu().numpy()
        return logits

    def _tensor(self, array: NDArray[Any]) -> Any:
        return torch.as_tensor(array, device=self._device)

    def _steps(self, batches: list[tuple[Any, Any]], steps: Steps) -> Answers:
        answers = [
            self._step(*batch, float(rate), int(seed))
            for batch, rate, seed in zip(batches, steps.rates, steps.seeds, strict=True)
        ]
        losses, right = (torch.stack(values).cpu().numpy() for values in zip(*answers, strict=True))
        return Answers(losses, right.astype(np.int32))

    def _step(self, inputs: Any, labels: Any, rate: float, seed: int) -> tuple[Any, Any]:
        self._optimizer.learning_rate.assign(rate)
        self._model.zero_grad()
        # Keras leaves the masks of dropout to PyTorch's own stream here; no seed of the noise is as large.
        torch.manual_seed(_BEYOND_SEEDS + seed)
        parts = self._settings.accumulation
        losses, right = zip(
            *(self._add_gradients(*part, parts) for part in zip(inputs.chunk(parts), labels.chunk(parts), strict=True)),
            strict=True,
        )
        variables = self._model.trainable_variables
        gradients = [variable.value.grad for variable in variables]
        with torch.no_grad():
            if self._settings.noise:
                source = torch.Generator(self._device).manual_seed(seed)
                gradients = [self._noisy(each, source) for each in gradients]
            self._optimizer.apply(gradients, variables)
        return torch.stack(losses).mean(), torch.stack(right).sum()

    def _add_gradients(self, inputs: Any, labels: Any, parts: int) -> tuple[Any, Any]:
        logits = self._model(inputs, training=True)
        hard = not labels.is_floating_point()
        flat = labels.long().flatten() if hard else labels.reshape(-1, labels.shape[-1])
        loss = torch.nn.functional.cross_entropy(logits.reshape(-1, logits.shape[-1]), flat)
        (self._optimizer.scale_loss(loss) / parts).backward()
        wanted = labels if hard else labels.argmax(-1)
        return loss.detach(), (logits.argmax(-1) == wanted).sum()

    def _noisy(self, gradient: Any, source: Any) -> Any:
        size = gradient.square().mean().sqrt()
        noise = torch.randn(gradient.shape, generator=source, device=gradient.device, dtype=gradient.dtype)
        return gradient + self._settings.noise * size * noise
