"""The settings of JAX under which the engine computes, whatever the process that calls it has set."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import jax

#: The generator of every key.
GENERATOR = "threefry2x32"


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
