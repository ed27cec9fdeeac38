"""Pictures rendered on every core."""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from reproduce.report.style import FORMATS, Picture, load_drawing


class _Task(NamedTuple):
    pictures: Sequence[Picture]
    formats: Sequence[str]


#: What forked processes inherit: the functions that draw cannot be sent.
_inherited: list[_Task] = []


def render_all(
    pictures: Sequence[Picture], formats: Sequence[str] = tuple(FORMATS), processes: int = 1
) -> list[Picture]:
    """The same pictures with their files at hand, so that asking for them again costs nothing.

    Args:
        pictures: Pictures.
        formats: Those that are rendered; others are rendered when they are asked for.
        processes: How many draw at a time, forked from this one where the system can (Linux): for callers that have
            computed nothing with JAX, TensorFlow or PyTorch, whose threads a fork loses. The bytes do not depend on it.
    """
    count = min(processes, len(pictures)) if sys.platform == "linux" else 1
    if count <= 1:
        return [_kept(each, each.render(tuple(formats))) for each in pictures]
    load_drawing()
    _inherited.append(_Task(pictures, tuple(formats)))
    try:
        with multiprocessing.get_context("fork").Pool(count) as pool:
            files = pool.map(_render_one, range(len(pictures)), chunksize=1)
    finally:
        _inherited.pop()
    return [_kept(each, found) for each, found in zip(pictures, files, strict=True)]


def _render_one(index: int) -> dict[str, bytes]:
    task = _inherited[-1]
    return task.pictures[index].render(task.formats)


def _kept(picture: Picture, files: dict[str, bytes]) -> Picture:
    def render(formats: Sequence[str]) -> dict[str, bytes]:
        missing = [name for name in formats if name not in files]
        found = files | (picture.render(missing) if missing else {})
        return {name: found[name] for name in formats}

    return replace(picture, render=render)
