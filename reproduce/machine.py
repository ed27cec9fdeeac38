"""What a run was computed on."""

from __future__ import annotations

import os
import platform
import sys
from importlib import metadata, util
from pathlib import Path

from reproduce.errors import ReproduceError

_PACKAGES = {"tensorflow": ("tensorflow", "tensorflow-cpu"), "jax": ("jax",), "torch": ("torch",)}


def cpu_name() -> str:
    """The processor's model and how many of its cores this process may use."""
    return f"{_cpu_model()}, {usable_cores()} cores"


def is_cpu_name(device: str) -> bool:
    """Whether ``device`` is a processor as `cpu_name` names one, and no accelerator."""
    return device.endswith(" cores")


def usable_cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def has_nvidia_gpu() -> bool:
    """Whether a driver for NVIDIA's GPUs is loaded; starts no library."""
    return Path("/dev/nvidiactl").exists()


def device_name() -> str:
    """The accelerator that Keras' backend computes on, or else the processor; starts the backend."""
    import keras

    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        for gpu in tf.config.list_physical_devices("GPU"):
            return str(tf.config.experimental.get_device_details(gpu).get("device_name", gpu.name))
    elif backend == "jax":
        return engine_device_name()
    elif backend == "torch":
        import torch

        if torch.cuda.is_available():
            return str(torch.cuda.get_device_name(0))
    return cpu_name()


def engine_device_name() -> str:
    """The accelerator that JAX computes on, or else the processor; starts JAX."""
    import jax

    device = jax.devices()[0]
    return cpu_name() if device.platform == "cpu" else str(device.device_kind)


def visible_devices() -> dict[str, list[tuple[str, str]]]:
    """What JAX and TensorFlow can compute on: for each library that is installed, (kind, name); kind "cpu" or "gpu"."""
    found: dict[str, list[tuple[str, str]]] = {}
    if util.find_spec("jax") is not None:
        import jax

        kinds = {"cuda": "gpu", "rocm": "gpu"}
        found["JAX"] = [(kinds.get(device.platform, device.platform), str(device)) for device in jax.devices()]
        found["JAX"] += [("cpu", str(device)) for device in jax.devices("cpu") if jax.default_backend() != "cpu"]
    if util.find_spec("tensorflow") is not None:
        import tensorflow as tf

        devices = tf.config.list_physical_devices()
        found["TensorFlow"] = [(device.device_type.lower(), device.name) for device in devices]
    return found


def versions(backend: str) -> dict[str, str]:
    """Versions of Python, Keras, NumPy and the backend's package."""
    found = {"python": platform.python_version()}
    for name in ("keras", "numpy", *_PACKAGES.get(backend, ())):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def backend_name() -> str:
    """The backend that Keras is to use, without importing it; TensorFlow unless KERAS_BACKEND says otherwise.

    Raises:
        ReproduceError: If there is no such backend, or its package is not installed.
    """
    name = os.environ.get("KERAS_BACKEND") or "tensorflow"
    if name not in _PACKAGES:
        raise ReproduceError(f"KERAS_BACKEND is {name!r}; expected one of {', '.join(_PACKAGES)}")
    if util.find_spec(name) is None:
        raise ReproduceError(f"KERAS_BACKEND is {name!r}, and the package {name} is not installed")
    return name


def _cpu_model() -> str:
    if sys.platform.startswith("linux"):
        try:
            lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        except OSError:
            lines = []
        for line in lines:
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
