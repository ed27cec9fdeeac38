"""Facts about this machine that a run records: processor, memory, accelerators, versions of libraries."""

from __future__ import annotations

import math
import os
import platform
import re
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from importlib import metadata, util
from pathlib import Path
from typing import Any

from reproduce.cgroups import cores_allowed, memory_left
from reproduce.errors import ReproduceError

#: Lines of /proc/cpuinfo that name instructions, on x86 and on ARM.
_INSTRUCTIONS = ("flags", "Features")
#: Flags of vector instructions with their usual names, the widest first.
_VECTORS = {"avx512f": "AVX-512", "avx2": "AVX2", "avx": "AVX", "sve": "SVE", "asimd": "NEON"}
#: Variables by which a user says what JAX computes on, and what Keras does on PyTorch.
_JAX_DEVICES = ("JAX_PLATFORMS", "JAX_PLATFORM_NAME")
_TORCH_DEVICE = "KERAS_TORCH_DEVICE"
_PACKAGES = {"tensorflow": ("tensorflow", "tensorflow-cpu"), "jax": ("jax",), "torch": ("torch",)}


def cpu_name() -> str:
    """The processor's model, its kind where the system tells, and how many of its cores this process may use.

    Virtual machines often give many processors one model name. Family, model number and the widest vectors tell apart
    those that compute other last digits, and that are several times as fast.
    """
    told = _cpu_information()
    family, number = told.get("cpu family"), told.get("model")
    kind = ", ".join([*([f"family {family}, model {number}"] if family and number else []), *_vectors(told)])
    return f"{_cpu_model()}{f' ({kind})' if kind else ''}, {usable_cores()} cores"


def without_kind(device: str) -> str:
    """A processor's name as the first rows have it: its model and its cores alone."""
    return re.sub(r" \([^()]*\)(, \d+ cores)$", r"\1", device)


def processor_digest() -> str:
    """A word for the processor's kind: its model and the instructions it has, where the system tells."""
    told = _cpu_information()
    instructions = (told.get(name, "") for name in _INSTRUCTIONS)
    return sha256("\n".join([platform.machine(), _cpu_model(), *instructions]).encode()).hexdigest()[:12]


def is_cpu_name(device: str) -> bool:
    """Whether ``device`` is a processor as `cpu_name` names one, and no accelerator."""
    return device.endswith(" cores")


def usable_cores() -> int:
    """Cores this process may use; of a quota of time like 1.5 cores, as many as use it up."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, math.ceil(cores_allowed() or cores))


def usable_bytes() -> int:
    """Bytes of memory this process may take without swapping; where no one says, half of all memory."""
    left = memory_left()
    information = Path("/proc/meminfo")
    if information.exists():
        for line in information.read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                free = 1024 * int(line.split()[1])
                return free if left is None else min(free, left)
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2


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
    """The accelerator that JAX computes on, or else the processor; starts JAX and raises as `engine_device` does."""
    device = engine_device()
    return cpu_name() if device.platform == "cpu" else str(device.device_kind)


def engine_device() -> Any:
    """The device that JAX computes on; starts JAX.

    Raises:
        ReproduceError: If there is none of the kind that JAX_PLATFORMS or JAX_PLATFORM_NAME names.
    """
    import jax

    try:
        return jax.devices()[0]
    except (RuntimeError, AssertionError) as error:
        name = next((name for name in _JAX_DEVICES if os.environ.get(name)), _JAX_DEVICES[0])
        raise _not_there(name, "JAX", error) from None


def named_devices() -> list[str]:
    """Variables by which the user has named something else than the processor for libraries to compute on."""
    return [name for name in (*_JAX_DEVICES, _TORCH_DEVICE) if os.environ.get(name, "cpu") not in ("", "cpu")]


def require_named_devices() -> None:
    """Look for what the user has named to compute on, before anything is trained; starts the library it is named to.

    Raises:
        ReproduceError: If it is not there.
    """
    named = named_devices()
    if {*named} & {*_JAX_DEVICES} and util.find_spec("jax") is not None:
        engine_device()
    if _TORCH_DEVICE in named and backend_name() == "torch":
        import torch

        try:
            torch.empty(0, device=os.environ[_TORCH_DEVICE])
        except (RuntimeError, AssertionError) as error:
            raise _not_there(_TORCH_DEVICE, "PyTorch", error) from None


def visible_devices() -> dict[str, list[tuple[str, str]] | None]:
    """List what JAX and TensorFlow can compute on: (kind, name), kind "cpu" or "gpu"; None for one not installed."""
    return {
        "JAX": None if util.find_spec("jax") is None else _jax_devices(),
        "TensorFlow": None if util.find_spec("tensorflow") is None else _tensorflow_devices(),
    }


def versions(backend: str, *more: str) -> dict[str, str]:
    """Versions of Python, Keras, NumPy, the backend's package and ``more`` packages."""
    found = {"python": platform.python_version()}
    for name in ("keras", "numpy", *_PACKAGES.get(backend, ()), *more):
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
        there = [other for other in _PACKAGES if util.find_spec(other) is not None]
        choice = f"one that is: {', '.join(there)}" if there else f"one of {', '.join(_PACKAGES)} and install that"
        raise ReproduceError(
            f"Keras is to use {name!r}, and the package {name} is not installed: "
            f"install it, or set KERAS_BACKEND to {choice}"
        )
    return name


def _not_there(name: str, library: str, error: Exception) -> ReproduceError:
    reason = f" ({str(error).splitlines()[0]})" if str(error) else ""
    return ReproduceError(
        f"{name} is {os.environ.get(name)!r}, and {library} cannot compute on that here{reason}: "
        f"unset it, so that {library} takes what there is, or set it to cpu"
    )


def _jax_devices() -> list[tuple[str, str]]:
    import jax

    kinds = {"cuda": "gpu", "rocm": "gpu"}
    found: list[tuple[str, str]] = []
    for platform_name in (None, "cpu"):
        try:
            devices = jax.devices(platform_name)
        except (RuntimeError, AssertionError):  # JAX_PLATFORMS names what is not there, or leaves the processor out
            continue
        found += [(kinds.get(device.platform, device.platform), str(device)) for device in devices]
    return list(dict.fromkeys(found))


def _tensorflow_devices() -> list[tuple[str, str]]:
    import tensorflow as tf

    return [(device.device_type.lower(), device.name) for device in tf.config.list_physical_devices()]


def _cpu_model() -> str:
    return _cpu_information().get("model name") or platform.processor() or platform.machine()


def _vectors(told: Mapping[str, str]) -> list[str]:
    """The widest vector instructions, if any are told of."""
    there = {word for name in _INSTRUCTIONS for word in told.get(name, "").split()}
    return [name for flag, name in _VECTORS.items() if flag in there][:1]


def _cpu_information() -> dict[str, str]:
    """Read what Linux tells of the first core, by its names for it; empty on other systems."""
    found: dict[str, str] = {}
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition(":")
            found.setdefault(name.strip(), value.strip())
    return found
