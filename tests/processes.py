"""Work done in a forked process, for tests of what happens when one dies."""

import os
from collections.abc import Callable


def forked(work: Callable[[], object]) -> int:
    """Begin ``work`` in a child; its process id. Its exit status is 0 if ``work`` raised nothing, else 1."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    return child


def ended(child: int) -> int:
    """Wait for a child; its exit status, or minus the signal that killed it."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def in_child(work: Callable[[], object]) -> int:
    """Do ``work`` in a child; see `ended`."""
    return ended(forked(work))
