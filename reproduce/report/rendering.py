"""Pictures rendered on every core, and while this process does something else."""

from __future__ import annotations

import gc
import multiprocessing
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import NamedTuple

from reproduce.report.style import FORMATS, Picture, load_drawing


class Drawing(NamedTuple):
    """A picture, and the formats that it is rendered in; others are rendered when they are asked for."""

    picture: Picture
    formats: Sequence[str] = tuple(FORMATS)


#: Objects after which a process that draws collects garbage, and generations: drawing makes many, most of which last
#: as long as the figure. Python's own numbers take a tenth longer.
_COLLECTED_AFTER = (20_000, 20, 20)
#: What forked processes inherit: the functions that draw cannot be sent.
_inherited: list[Sequence[Drawing]] = []


def render_all(drawings: Sequence[Drawing], processes: int = 1) -> list[Picture]:
    """The pictures with their files at hand, so that asking for them again costs nothing; see `rendering`."""
    with rendering(drawings, processes) as rendered:
        return rendered()


@contextmanager
def rendering(drawings: Sequence[Drawing], processes: int = 1) -> Iterator[Callable[[], list[Picture]]]:
    """Render while the block goes on; what it is given waits for the pictures, with their files at hand.

    Args:
        drawings: What is rendered. It is begun in this order, so what takes long stands first.
        processes: How many draw at a time, forked from this one where the system can (Linux): for callers that have
            computed nothing with JAX, TensorFlow or PyTorch, whose threads a fork loses. Where it is one, this process
            draws, when the pictures are waited for. The bytes do not depend on it.
    """
    count = min(processes, len(drawings)) if sys.platform == "linux" else 1
    if count <= 1:
        yield lambda: [_kept(each.picture, each.picture.render(each.formats)) for each in drawings]
        return
    load_drawing()
    _inherited.append(drawings)
    gc.freeze()  # What is there now outlives the children: they need not look through it for garbage.
    try:
        pool = multiprocessing.get_context("fork").Pool(count, gc.set_threshold, _COLLECTED_AFTER)
    finally:
        gc.unfreeze()
        _inherited.pop()
    with pool:
        files = pool.map_async(_render_one, range(len(drawings)), chunksize=1)
        yield lambda: [_kept(each.picture, found) for each, found in zip(drawings, files.get(), strict=True)]


def _render_one(index: int) -> dict[str, bytes]:
    drawing = _inherited[-1][index]
    return drawing.picture.render(drawing.formats)


def _kept(picture: Picture, files: dict[str, bytes]) -> Picture:
    def render(formats: Sequence[str]) -> dict[str, bytes]:
        missing = [name for name in formats if name not in files]
        found = files | (picture.render(missing) if missing else {})
        return {name: found[name] for name in formats}

    return replace(picture, render=render)
