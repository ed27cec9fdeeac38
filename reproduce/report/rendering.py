"""Pictures rendered on every core, and while this process does something else."""

from __future__ import annotations

import functools
import gc
import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import replace
from typing import NamedTuple

from reproduce.errors import ReproduceError
from reproduce.lifetime import end_with_parent, leave_signals_to_parent
from reproduce.report.style import FORMATS, Picture, load_drawing


class Drawing(NamedTuple):
    """A picture, and the formats that it is rendered in; others are rendered when they are asked for."""

    picture: Picture
    formats: Sequence[str] = tuple(FORMATS)


#: The pictures of a process that draws. It has them since it was forked: the functions that draw cannot be sent to it.
_drawings: list[Drawing] = []
#: Objects after which such a process collects garbage, and generations: drawing makes many, most of which last as long
#: as the figure. A report of all kept rows takes 22 to 26 s with Python's own numbers, 19 to 22 s with these (four runs
#: each in turn, 2 Intel Xeon cores).
_COLLECTED_AFTER = (20_000, 20, 20)


def render_all(drawings: Sequence[Drawing], processes: int = 1) -> list[Picture]:
    """The pictures with their files at hand, so that asking for them again costs nothing; see `rendering`."""
    with rendering(drawings, processes) as rendered:
        return rendered()


@contextmanager
def rendering(drawings: Sequence[Drawing], processes: int = 1) -> Iterator[Callable[[], list[Picture]]]:
    """Render while the block goes on; what it is given waits for the pictures, with their files at hand.

    What is not drawn yet when the block ends, or raises, is not drawn any more.

    Args:
        drawings: What is rendered. It is begun in this order, so what takes long stands first.
        processes: How many draw at a time, forked from this one where the system can (Linux): for callers that have
            computed nothing with JAX, TensorFlow or PyTorch, whose threads a fork loses. Where only one would draw, it
            is this process, when the pictures are waited for. The bytes do not depend on it.

    Raises:
        ReproduceError: Where pictures are waited for, if a process that draws was ended. What drawing raises is raised
            there too.
    """
    count = min(processes, len(drawings)) if sys.platform == "linux" else 1
    if count <= 1:
        yield functools.cache(lambda: [_kept(each.picture, each.picture.render(each.formats)) for each in drawings])
        return
    load_drawing()
    executor = ProcessPoolExecutor(count, multiprocessing.get_context("fork"), _begin, (drawings, os.getpid()))
    try:
        with _ended_is_said():
            files = [executor.submit(_render_one, number) for number in range(len(drawings))]
        yield functools.cache(lambda: _collected(drawings, files))
    finally:
        executor.shutdown(cancel_futures=True)


def _begin(drawings: Sequence[Drawing], parent: int) -> None:
    """Prepare a process that draws."""
    end_with_parent(parent)
    leave_signals_to_parent()
    _drawings[:] = drawings
    gc.freeze()  # What it was forked with outlives it: it need not look through that for garbage.
    gc.set_threshold(*_COLLECTED_AFTER)


def _render_one(index: int) -> dict[str, bytes]:
    drawing = _drawings[index]
    return drawing.picture.render(drawing.formats)


def _collected(drawings: Sequence[Drawing], files: Sequence[Future[dict[str, bytes]]]) -> list[Picture]:
    with _ended_is_said():
        return [_kept(each.picture, found.result()) for each, found in zip(drawings, files, strict=True)]


@contextmanager
def _ended_is_said() -> Iterator[None]:
    try:
        yield
    except BrokenProcessPool:
        raise ReproduceError(
            "a process that drew pictures was ended, perhaps for want of memory; run the command again, with fewer "
            "cores if that repeats (taskset --cpu-list 0 COMMAND draws in one process)"
        ) from None


def _kept(picture: Picture, files: dict[str, bytes]) -> Picture:
    def render(formats: Sequence[str]) -> dict[str, bytes]:
        missing = [name for name in formats if name not in files]
        found = files | (picture.render(missing) if missing else {})
        return {name: found[name] for name in formats}

    return replace(picture, render=render)
