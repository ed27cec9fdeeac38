"""Deterministic mode: the same seed gives the same bits, on GPUs too, where it costs speed.

On CPUs, with one thread a worker, this is so in any case. On GPUs libraries otherwise take the fastest kernel, and some
add in whatever order their threads finish. What has no deterministic kernel is then refused.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from reproduce.machine import backend_name

_SETTINGS = {
    "TF_DETERMINISTIC_OPS": "1",
    # For PyTorch's matrix products, which cuBLAS computes.
    "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
}
#: For JAX, and for TensorFlow where it compiles with XLA.
_XLA_FLAG = "--xla_gpu_deterministic_ops=true"


def deterministic_environment(settings: Mapping[str, str]) -> dict[str, str]:
    """``settings`` with those that make libraries deterministic; they are read when a library is first imported."""
    flags = " ".join(filter(None, (settings.get("XLA_FLAGS"), _XLA_FLAG)))
    return {**settings, **_SETTINGS, "XLA_FLAGS": flags}


def is_deterministic() -> bool:
    """Whether this process was started in a `deterministic_environment`."""
    return all(os.environ.get(name) == value for name, value in _SETTINGS.items())


def make_deterministic() -> None:
    """What a process that was started in a `deterministic_environment` must do besides, before it computes.

    TensorFlow and JAX need no more than the environment.
    """
    if backend_name() == "torch":
        import torch

        torch.use_deterministic_algorithms(True)
