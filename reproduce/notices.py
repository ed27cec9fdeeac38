"""What this package warns of, told to whoever shows it: a console, or the process that began this one."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from reproduce.errors import ReproduceWarning


@contextmanager
def warnings_told(told: Callable[[str], None]) -> Iterator[None]:
    """Until this ends, ``told`` gets the text of each `ReproduceWarning`; all others are shown as before."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", ReproduceWarning)
        warnings.showwarning = partial(_show, told, warnings.showwarning)
        yield


def _show(told: Callable[[str], None], show: Any, message: Warning | str, kind: type[Warning], *place: Any) -> None:
    if isinstance(message, ReproduceWarning):
        told(str(message))
    else:
        show(message, kind, *place)
