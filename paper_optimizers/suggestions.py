"""'Did you mean' for names that are not found."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def did_you_mean(received: str, known: Iterable[str]) -> str:
    """A sentence to append to an error: the nearest known name, or all of them when none is near.

    Comparison ignores case. The received name is cut to 80 characters first: it may be anything.
    """
    names = sorted(known)
    lowered = {name.lower(): name for name in names}
    near = difflib.get_close_matches(received[:80].lower(), lowered, n=1, cutoff=0.5)
    if near:
        return f"; did you mean {lowered[near[0]]!r}?"
    return f"; expected one of {', '.join(names)}"
