"""matplotlib for drawing into files, which needs no display back end: whatever the environment names for one.

Importing matplotlib fails where ``MPLBACKEND`` names a back end that is not installed, as in a process that was started
from a notebook with another interpreter. Figures here are made without ``pyplot``, so none is ever loaded.
"""

from __future__ import annotations

import contextlib
import os
import sys
from typing import Any

_VARIABLE = "MPLBACKEND"


def load_matplotlib() -> Any:
    """The module ``matplotlib``; a display back end that the environment names is kept where it can be.

    Raises:
        ModuleNotFoundError: If matplotlib is not installed.
    """
    named = os.environ.get(_VARIABLE)
    if not named or "matplotlib" in sys.modules:
        import matplotlib as mpl

        return mpl
    del os.environ[_VARIABLE]
    try:
        import matplotlib as mpl
    finally:
        os.environ[_VARIABLE] = named
    with contextlib.suppress(ValueError):  # One that cannot be had is no matter of files.
        mpl.rcParams["backend"] = named
    return mpl
