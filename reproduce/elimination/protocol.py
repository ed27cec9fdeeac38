"""The protocol of an elimination: its rounds, read from ``PROFILE/elimination.toml``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reproduce.errors import ProtocolError
from reproduce.plain_data import require, require_at_least, require_seeds
from reproduce.protocols import load_settings, plain_settings, settings_hash
from reproduce.search.surrogate_settings import SurrogateSettings
from reproduce.stored_form import stored_round


@dataclass(frozen=True)
class RoundSettings:
    """One round.

    Attributes:
        name: In tables and ledgers.
        keep: How many of those that take part go on to the next round, or are the finalists of the last.
        seeds: Of the runs of each optimizer; the mean of their scores decides.
        surrogate: What optimizers are scored on.
    """

    name: str
    keep: int
    seeds: tuple[int, ...]
    surrogate: SurrogateSettings

    def __post_init__(self) -> None:
        require(re.fullmatch(r"[\w.-]+", self.name) is not None, "name", self.name, "letters, digits and any of _ . -")
        require_at_least(1, self, "keep")
        require_seeds("seeds", self.seeds)

    def hash(self) -> str:
        """Hash everything that a score in this round depends on beside spec, seed and data."""
        settings = stored_round(plain_settings(self))
        return settings_hash({name: settings.get(name) for name in ("surrogate", "keras")})


@dataclass(frozen=True)
class EliminationProtocol:
    """The rounds and who takes part.

    Attributes:
        profile: The name of the profile.
        description: What it is for.
        entrants: How many of each search's best take part.
        baselines: Optimizers of the catalog, or "AdamW", that run in every round and are never eliminated.
        rounds: In their order, each with seeds of its own: what a round chose by chance, the next does not see again.
    """

    profile: str
    description: str
    entrants: int
    baselines: tuple[str, ...]
    rounds: tuple[RoundSettings, ...]

    def __post_init__(self) -> None:
        require_at_least(1, self, "entrants")
        require(len(self.rounds) > 0, "rounds", [], "at least one table [[rounds]]")
        names = [each.name for each in self.rounds]
        require(len(set(names)) == len(names), "rounds", names, "different names")
        keeps = [each.keep for each in self.rounds]
        require(keeps == sorted(keeps, reverse=True), "rounds", keeps, "keeping no more than the round before")
        used: set[int] = set()
        for each in self.rounds:
            again = used & set(each.seeds)
            require(
                not again, "rounds.seeds", sorted(again), f"fresh seeds in round {each.name}, of no round before it"
            )
            used |= set(each.seeds)

    def to_dict(self) -> dict[str, Any]:
        """All settings as plain data in their stored form."""
        settings = plain_settings(self)
        return {**settings, "rounds": [stored_round(each) for each in settings["rounds"]]}

    def require_fresh(self, seed: int, path: Path) -> None:
        """Refuse a search whose candidates were scored with a seed of the rounds.

        Args:
            seed: The search's.
            path: Its ledger.

        Raises:
            ProtocolError: Naming the round.
        """
        for each in self.rounds:
            if seed in each.seeds:
                raise ProtocolError(
                    f"{path} is of a search with seed {seed}, which round {each.name} uses too: its candidates were "
                    "chosen by what that seed gave; give the round fresh seeds"
                )


def load_elimination_protocol(profile: str) -> EliminationProtocol:
    """The elimination protocol of a profile, or of the TOML file at the path ``profile``.

    Raises:
        ProtocolError: If there is none, or it is not one; the error names the key.
    """
    return load_settings(EliminationProtocol, "elimination", profile)
