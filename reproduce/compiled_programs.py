"""The folder where JAX keeps compiled programs from one process to the next: a cache, which may be removed at any time.

JAX files a program under everything that it was compiled from, the compiler's version and options among it, and reads
what it can use: a file that is damaged is compiled anew. What JAX does not ask is whether another processor of the same
kind has the instructions that a program uses, so each kind of processor and each version has a folder of its own.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

from reproduce.machine import processor_digest

_NAME = "paper-optimizers"


def compiled_programs_folder(given: Mapping[str, str]) -> Path | None:
    """Where compiled programs are kept; None where JAX is not installed or nothing can be written.

    Args:
        given: The environment, whose XDG_CACHE_HOME, or else HOME, says where caches lie.
    """
    above, home = Path(given.get("XDG_CACHE_HOME", "")), given.get("HOME", "")
    if not above.is_absolute():  # As the XDG Base Directory Specification has it.
        if not home:
            return None
        above = Path(home) / ".cache"
    try:
        version = metadata.version("jaxlib")
    except metadata.PackageNotFoundError:
        return None
    folder = above / _NAME / f"jaxlib-{version}-{processor_digest()}"
    return folder if _can_be_written(folder) else None


def _can_be_written(folder: Path) -> bool:
    """Whether it is there, or could be made, and takes files."""
    try:
        there = next(each for each in (folder, *folder.parents) if each.exists())
        return there.is_dir() and os.access(there, os.W_OK | os.X_OK)
    except OSError:  # A folder above it cannot be read.
        return False
