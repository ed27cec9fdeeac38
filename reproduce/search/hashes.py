"""What hashes hold of settings that were numbers in the code when the first ledgers were made.

A hash then held their name, or nothing of them. Of the values that every search had, it holds the same still, so those
ledgers go on under their hashes. Of any other values it holds the values: also where the code that a name stands for is
changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reproduce.protocols import plain_settings, settings_hash
from reproduce.search.genome import NUM_HIDDEN
from reproduce.search.spaces import SPACES

#: By setting and the hash of its values, what is held of them.
_HELD: Mapping[str, Mapping[str, str | None]] = {
    "probabilities": {"1996e799b7e9cb5c": "described", "ac389eaaa43f85c1": "published"},
    "integrity": {"5224268fd6f5a599": None},
    "full": {"9c841f38937b263e": None},
    "no-decay": {"012d34dbb9fe8051": None},
    "bello2017": {"5b13cee89af4b313": None},
}


def held(**settings: Any) -> dict[str, Any]:
    """What a hash holds of these settings, given as plain data by their names; nothing of some."""
    found = {name: _HELD.get(name, {}).get(settings_hash({"": value}), value) for name, value in settings.items()}
    return {name: value for name, value in found.items() if value is not None}


def held_of_spaces(*names: str) -> dict[str, Any]:
    """What a hash holds of the primitives and the size of genomes of these search spaces beside their names."""
    return held(**{name: {**plain_settings(SPACES[name]), "hidden nodes": NUM_HIDDEN} for name in names})
