"""The array namespace of PyTorch: weight tensors, and the scalars of a step that is captured or compiled."""

from __future__ import annotations

from typing import Any

import torch

from paper_optimizers.namespaces import Namespace

#: What torch names otherwise: NumPy's name to the function.
_MAXIMUM, _MINIMUM = torch.maximum, torch.minimum


class TorchNamespace(Namespace):
    """Functions over tensors, some of whose arguments may be numbers."""

    library = torch
    sigmoid = staticmethod(torch.sigmoid)
    erf = staticmethod(torch.special.erf)
    erfc = staticmethod(torch.special.erfc)
    bessel_i1e = staticmethod(torch.special.i1e)

    def maximum(self, a: Any, b: Any) -> Any:
        """The larger one, and NaN where either is NaN."""
        return _bounded(_MAXIMUM, "min", a, b)

    def minimum(self, a: Any, b: Any) -> Any:
        """The smaller one, and NaN where either is NaN."""
        return _bounded(_MINIMUM, "max", a, b)

    def sign(self, x: Any) -> Any:
        """-1, 0 or 1, and NaN of NaN, which torch's own makes 0."""
        return torch.where(torch.isnan(x), x, torch.sign(x))

    def where(self, condition: Any, a: Any, b: Any) -> Any:
        """``a`` where the condition holds, else ``b``."""
        return torch.where(condition, a, b) if isinstance(condition, torch.Tensor) else a if condition else b

    def power(self, a: Any, b: Any) -> Any:
        """``a`` to the power ``b``."""
        return torch.pow(a, b)

    def l2_norm(self, x: Any) -> Any:
        """The Euclidean norm of the whole tensor; of a `DTensor`, of all its shards."""
        return torch.linalg.vector_norm(x)

    def floating(self, x: Any) -> Any:
        """Convert to float64, or to float32 on a device without it: 16 bits do not hold a long run's steps."""
        return x.to(torch.float32 if x.device.type == "mps" else torch.float64)


def _bounded(function: Any, bound: str, a: Any, b: Any) -> Any:
    if isinstance(a, torch.Tensor) and isinstance(b, torch.Tensor):
        return function(a, b)
    tensor, number = (a, b) if isinstance(a, torch.Tensor) else (b, a)
    return torch.clamp(tensor, **{bound: number})


TORCH = TorchNamespace()
