"""Counts with their nouns, for messages and captions."""

from __future__ import annotations


def number_of(count: int, one: str, several: str = "") -> str:
    """``"1 task"``, ``"2 tasks"``: a count with its noun, whose plural may be irregular."""
    return f"{count} {one if count == 1 else several or one + 's'}"
