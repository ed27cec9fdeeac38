"""Settings by the engine's device: layout of members, type of products, memory; and the settings of JAX."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Literal

import jax

from reproduce.errors import ReproduceError
from reproduce.machine import usable_bytes

#: The generator of every key.
GENERATOR = "threefry2x32"
#: One after another, or all at once.
Layout = Literal["map", "vectorise"]
#: Share of the free memory that members may take; the rest is for evaluation and for what the compiler adds.
_SHARE = 0.75
#: In an error's text, in small letters: of XLA's allocator, of the driver, and of NVIDIA's libraries for products.
_SIGNS_OF_WANT = ("resource_exhausted", "out of memory", "out_of_memory", "alloc_failed")


def default_layout(platform: str | None = None) -> Layout:
    """The layout that suits ``platform``, as JAX names it; None for what JAX computes on by default."""
    return "map" if (platform or jax.default_backend()) == "cpu" else "vectorise"


def arithmetic_type(asked: str | None, platform: str | None = None) -> str:
    """The type of the products in a network.

    Args:
        asked: A type's name, which is then the answer; or None for the device's own: float32 on CPUs, bfloat16 on
            accelerators, whose matrix units are made for it.
        platform: What computes, as JAX names it; None for what JAX computes on by default.
    """
    if asked is not None:
        return asked
    return "float32" if (platform or jax.default_backend()) == "cpu" else "bfloat16"


class OutOfMemoryError(ReproduceError):
    """Not even one member fits the device."""


def available_bytes() -> int:
    """The bytes free on the device that JAX computes on; on a CPU, those that this process may take."""
    statistics = jax.devices()[0].memory_stats()
    if statistics and "bytes_limit" in statistics:
        return int(statistics["bytes_limit"]) - int(statistics.get("bytes_in_use", 0))
    return usable_bytes()


def give_back_freed() -> None:
    """Give what a compilation freed back to the system.

    GNU's C library keeps it otherwise, hundreds of megabytes beside which the trainings then take their own. Other C
    libraries have no ``malloc_trim``, and nothing is done.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(ctypes.c_size_t(0))


def members_that_fit(bytes_per_member: int, available: int) -> int:
    """How many members of that size to train at once, at least 1."""
    return max(1, int(_SHARE * available) // max(1, bytes_per_member))


def is_out_of_memory(error: jax.errors.JaxRuntimeError) -> bool:
    """Whether the device refused an allocation, and not something else failed."""
    text = str(error).lower()
    return any(sign in text for sign in _SIGNS_OF_WANT)


@contextmanager
def engine_settings() -> Iterator[None]:
    """Within it, or in a function that it decorates, types are the engine's own and a key has one meaning.

    `reproduce.libraries` sets the same for a process of the command line; this is for whoever calls the engine from
    another program. NaNs are the engine's to find: a member that has one has failed, and the others go on.
    """
    settings = (
        jax.enable_x64(False),
        jax.numpy_dtype_promotion("standard"),
        jax.numpy_rank_promotion("allow"),
        jax.default_matmul_precision(None),
        jax.threefry_partitionable(True),
        jax.debug_nans(False),
        jax.debug_infs(False),
    )
    with ExitStack() as stack:
        for each in settings:
            stack.enter_context(each)
        yield
