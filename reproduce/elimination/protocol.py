"""The protocol of an elimination: its rounds, read from ``PROFILE/elimination.toml``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reproduce.data import DataSettings
from reproduce.errors import ProtocolError
from reproduce.models.settings import ModelSettings
from reproduce.plain_data import require, require_at_least, require_seeds
from reproduce.protocols import load_settings, plain_settings, settings_hash
from reproduce.search.surrogate_settings import SurrogateSettings
from reproduce.stored_form import stored_round
from reproduce.tasks.rates import RateScreening
from reproduce.tasks.scoring import Scoring, ScoringWork
from reproduce.tasks.task import Task
from reproduce.training.settings import TrainingSettings


@dataclass(frozen=True)
class KerasSettings:
    """A network of `reproduce.models`, trained through Keras.

    Attributes:
        data: Its data.
        model: See `ModelSettings`.
        training: See `TrainingSettings`; its epochs are those of the run that counts.
        rates: See `RateScreening`.
    """

    data: DataSettings
    model: ModelSettings
    training: TrainingSettings
    rates: RateScreening

    def work(self, data_dir: Path | None = None) -> Scoring:
        """Candidates scored on it, one after another."""
        return Scoring(Task(self.data, self.model, self.training), self.rates, "keras", data_dir)


@dataclass(frozen=True)
class RoundSettings:
    """One round.

    Attributes:
        name: In tables and ledgers.
        keep: How many of those that take part go on to the next round, or are the finalists of the last.
        seeds: Of the runs of each optimizer; the mean of their scores decides.
        surrogate: The search's ConvNet in another size, through the engine; or None.
        keras: Another network, through Keras; or None.
    """

    name: str
    keep: int
    seeds: tuple[int, ...]
    surrogate: SurrogateSettings | None = None
    keras: KerasSettings | None = None

    def __post_init__(self) -> None:
        require(re.fullmatch(r"[\w.-]+", self.name) is not None, "name", self.name, "letters, digits and any of _ . -")
        require_at_least(1, self, "keep")
        require_seeds("seeds", self.seeds)
        one = (self.surrogate is None) != (self.keras is None)
        require(one, "surrogate", self.name, "given, or keras, and not both")

    @property
    def data(self) -> DataSettings:
        """The round's data."""
        settings = self.surrogate or self.keras
        if settings is None:
            raise ValueError(f"round {self.name} has no network")
        return settings.data

    def work(self, data_dir: Path | None = None, batch: int = 1, largest: int | None = None) -> ScoringWork:
        """Candidates scored in this round; arguments as of `Scoring`."""
        if self.surrogate is not None:
            return self.surrogate.work(data_dir, batch, largest)
        if self.keras is not None:
            return self.keras.work(data_dir)
        raise ValueError(f"round {self.name} has no network")

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
