"""When processes end: one that is told to puts away what it has open first, and those that it began end with it."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

#: What service managers, schedulers, containers and terminals that close send to end a process.
_SIGNALS = (signal.SIGTERM, signal.SIGHUP)
_SECONDS_BETWEEN_LOOKS = 0.2
#: Long enough for what dropped a signal to be over.
_SECONDS_UNTIL_AGAIN = 0.1
_ORPHANED = 1


class Terminated(BaseException):
    """This process was told to end.

    Attributes:
        signal: How.
    """

    def __init__(self, number: int) -> None:
        self.signal = signal.Signals(number)
        super().__init__(self.signal.name)


@contextmanager
def terminations_raised() -> Iterator[None]:
    """Until this ends, SIGTERM and SIGHUP raise `Terminated` in the main thread; after one, the next ends at once.

    A signal that this process was begun without, as by ``nohup``, stays without effect. Python drops what is raised
    within a finalizer or a callback of the garbage collector, of which JAX has one: such a signal, an interrupt as
    well, is sent again.
    """
    if threading.current_thread() is not threading.main_thread():  # Only there may a handler be set.
        yield
        return
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    heard = [number for number in _SIGNALS if before[number] is not signal.SIG_IGN]
    told = sys.unraisablehook

    def listen() -> None:
        for number in heard:
            signal.signal(number, _raise)

    def dropped(unraisable: sys.UnraisableHookArgs) -> None:
        number = _signal_of(unraisable.exc_value)
        if number is None:
            told(unraisable)
            return
        listen()
        again = threading.Timer(_SECONDS_UNTIL_AGAIN, os.kill, (os.getpid(), number))
        again.daemon = True
        again.start()

    listen()
    sys.unraisablehook = dropped
    try:
        yield
    finally:
        sys.unraisablehook = told
        for number in heard:
            signal.signal(number, before[number])


def _signal_of(error: BaseException | None) -> signal.Signals | None:
    """Find the signal that an exception stands for."""
    if isinstance(error, Terminated):
        return error.signal
    return signal.SIGINT if isinstance(error, KeyboardInterrupt) else None


def _raise(number: int, frame: FrameType | None) -> None:
    del frame
    for each in _SIGNALS:
        if signal.getsignal(each) is _raise:
            signal.signal(each, signal.SIG_DFL)
    raise Terminated(number)


@contextmanager
def handlers_kept() -> Iterator[None]:
    """Undo, when this ends, what a library set meanwhile for signals that end a process."""
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            if signal.getsignal(number) is not handler:
                signal.signal(number, handler)


def end_with_parent(parent: int) -> None:
    """Have this process end as soon as its parent is gone, however that ended and whatever this one is doing.

    Args:
        parent: The parent's process id as the parent knows it: it may be gone already.
    """
    threading.Thread(target=_watch, args=(parent,), name="parent", daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_SECONDS_BETWEEN_LOOKS)
    os._exit(_ORPHANED)


def leave_signals_to_parent() -> None:
    """Leave interrupts to the process that began this one; signals to end end this one at once."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for number in _SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
