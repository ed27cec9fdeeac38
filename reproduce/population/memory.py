"""Memory: how many members a device holds, and what to do when it holds fewer."""

from __future__ import annotations

import jax

from reproduce.errors import ReproduceError
from reproduce.machine import usable_bytes

#: Share of the free memory that members may take; the rest is for evaluation and for what the compiler adds.
_SHARE = 0.75
#: In an error's text, in small letters: of XLA's allocator, of the driver, and of NVIDIA's libraries for products.
_SIGNS_OF_WANT = ("resource_exhausted", "out of memory", "out_of_memory", "alloc_failed")


class OutOfMemoryError(ReproduceError):
    """Not even one member fits the device."""


def available_bytes() -> int:
    """The bytes free on the device that JAX computes on; on a CPU, those that this process may take."""
    statistics = jax.devices()[0].memory_stats()
    if statistics and "bytes_limit" in statistics:
        return int(statistics["bytes_limit"]) - int(statistics.get("bytes_in_use", 0))
    return usable_bytes()


def members_that_fit(bytes_per_member: int, available: int) -> int:
    """How many members of that size to train at once, at least 1."""
    return max(1, int(_SHARE * available) // max(1, bytes_per_member))


def is_out_of_memory(error: jax.errors.JaxRuntimeError) -> bool:
    """Whether the device refused an allocation, and not something else failed."""
    text = str(error).lower()
    return any(sign in text for sign in _SIGNS_OF_WANT)
