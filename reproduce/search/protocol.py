"""The protocol of a search: every setting that can change what it finds, read from ``PROFILE/search.toml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from reproduce.plain_data import read_settings, require, require_at_least, require_seeds
from reproduce.population.integrity_settings import IntegritySettings
from reproduce.protocols import load_settings, plain_settings, settings_hash
from reproduce.search.algorithm import Stage
from reproduce.search.genome import NUM_HIDDEN
from reproduce.search.particles import SelectionRule
from reproduce.search.probabilities import DESCRIBED, PUBLISHED, Probabilities
from reproduce.search.spaces import SPACES
from reproduce.search.surrogate_settings import SurrogateSettings
from reproduce.stored_form import stored_surrogate
from reproduce.stored_settings import stored_settings

#: What proposes candidates: the particles under one of their two selection rules, or a peer.
AlgorithmName = Literal["paper", "elitist", "random", "aging"]
SpaceName = Literal["full", "no-decay", "bello2017"]

#: What hashes hold of settings that were numbers in the code when the first ledgers were made: of the values that every
#: search had, their name or nothing, as then, so that those ledgers go on under their hashes; of any other values, the
#: values, also where the code that a name stands for is changed. By setting and the hash of its values.
_HELD: Mapping[str, Mapping[str, str | None]] = {
    "probabilities": {"1996e799b7e9cb5c": "described", "ac389eaaa43f85c1": "published"},
    "integrity": {"5224268fd6f5a599": None},
    "full": {"9c841f38937b263e": None},
    "no-decay": {"012d34dbb9fe8051": None},
    "bello2017": {"5b13cee89af4b313": None},
}


@dataclass(frozen=True)
class SizeSettings:
    """How large a search is.

    Attributes:
        initial: Random candidates scored on the initial stage.
        particles: The best of them, which become particles.
        steps: Steps of the particles.
        children: Children of each particle in each step.
        redraws: How often a child that cannot be trained is drawn anew.
        keep: The share of the candidates drawn together (of a particle's children; of a peer's round) that the
            evolution stage scores: those that are best on the initial stage, which has to be much cheaper then. Left
            out, the initial stage scores none of them, and the evolution stage all.
    """

    initial: int
    particles: int
    steps: int
    children: int
    redraws: int
    keep: float | None = None

    def __post_init__(self) -> None:
        require_at_least(1, self, "initial", "particles", "children")
        require_at_least(0, self, "steps", "redraws")
        require(self.keep is None or 0 < self.keep < 1, "keep", self.keep, "between 0 and 1, or left out")
        require(self.particles <= self.initial, "particles", self.particles, f"at most initial = {self.initial}")


@dataclass(frozen=True)
class RescoringSettings:
    """The best candidates scored again beside known optimizers.

    Attributes:
        top: How many of the best.
        seeds: Fresh seeds; each gives every optimizer the same start, batches and augmentation.
        baselines: Optimizers of the catalog, or "AdamW", tuned by the same rule.
    """

    top: int
    seeds: tuple[int, ...]
    baselines: tuple[str, ...]

    def __post_init__(self) -> None:
        require_at_least(1, self, "top")
        require_seeds("seeds", self.seeds)
        require(len(self.seeds) >= 2, "seeds", list(self.seeds), "two seeds or more")
        require(len(self.baselines) >= 1, "baselines", list(self.baselines), "at least one name")
        require(len(set(self.baselines)) == len(self.baselines), "baselines", list(self.baselines), "each name once")


@dataclass(frozen=True)
class NoiseSettings:
    """One optimizer scored many times, which shows how far scores vary by chance.

    Attributes:
        optimizer: Its name in the catalog.
        seeds: One run each.
    """

    optimizer: str
    seeds: tuple[int, ...]

    def __post_init__(self) -> None:
        require_seeds("seeds", self.seeds)
        require(len(self.seeds) >= 3, "seeds", list(self.seeds), "three seeds or more")


@dataclass(frozen=True)
class ComparisonSettings:
    """Searches compared under one budget, over the same candidates at the start.

    Attributes:
        seeds: Of the searches; each algorithm runs once with each.
        algorithms: See `AlgorithmName`; all in the protocol's space.
        spaces: Spaces in which the protocol's own algorithm runs as well.
        epochs: The budget after the opening: epochs of training on the evolution stage, screening included.
        tournament: Members of a tournament of the aging evolution.
        per_round: Candidates that the peers ask for at once.
        top: How many of each search's best are scored again, with the seeds of the rescoring.
    """

    seeds: tuple[int, ...]
    algorithms: tuple[AlgorithmName, ...]
    spaces: tuple[SpaceName, ...]
    epochs: int
    tournament: int
    per_round: int
    top: int

    def __post_init__(self) -> None:
        require_seeds("seeds", self.seeds)
        require_at_least(1, self, "epochs", "tournament", "per_round", "top")
        for name in ("algorithms", "spaces"):
            names = getattr(self, name)
            require(len(set(names)) == len(names), name, list(names), "each name once")


@dataclass(frozen=True)
class SearchProtocol:
    """A search and what is done with its finds.

    Attributes:
        profile: The name of the profile.
        description: What it is for.
        algorithm: Of ``search``: "paper" or "elitist".
        space: Of ``search``.
        probabilities: See `Probabilities`.
        integrity: The check that candidates must pass; see `IntegritySettings`.
        seed: Of ``search``: of everything drawn and of every training.
        sizes: See `SizeSettings`.
        initial: The surrogate of the random candidates.
        evolution: The surrogate of the particles and their children.
        rescoring: See `RescoringSettings`.
        noise: See `NoiseSettings`.
        comparison: See `ComparisonSettings`.
    """

    profile: str
    description: str
    algorithm: SelectionRule
    space: SpaceName
    probabilities: Probabilities
    integrity: IntegritySettings
    seed: int
    sizes: SizeSettings
    initial: SurrogateSettings
    evolution: SurrogateSettings
    rescoring: RescoringSettings
    noise: NoiseSettings
    comparison: ComparisonSettings

    def __post_init__(self) -> None:
        require_seeds("seeds", (self.seed,))
        searched = {self.seed, *self.comparison.seeds}
        fresh = not searched & set(self.rescoring.seeds)
        forms = [stage.nesterov for stage in (self.initial, self.evolution)]
        require(len(set(forms)) == 1, "evolution.nesterov", forms[1], f"that of the initial stage, {forms[0]}")
        require(fresh, "rescoring.seeds", list(self.rescoring.seeds), f"fresh seeds, none of {sorted(searched)}")

    @property
    def screening_epochs(self) -> dict[Stage, int]:
        """Epochs of a training that chooses a rate, on each stage."""
        return {"initial": self.initial.screening_epochs, "evolution": self.evolution.screening_epochs}

    def to_dict(self) -> dict[str, Any]:
        """All settings as plain data in their stored form."""
        settings = plain_settings(self)
        return {**settings, **{stage: stored_surrogate(settings[stage]) for stage in ("initial", "evolution")}}

    def scoring_hash(self) -> str:
        """Hash what a score depends on beside spec, stage, seed and data."""
        settings = self.to_dict()
        return settings_hash({name: settings[name] for name in ("initial", "evolution")})

    def search_hash(self) -> str:
        """Hash what ``search`` depends on beside algorithm, space and seed, which its ledger names."""
        settings = self.to_dict()
        own = {name: settings[name] for name in ("sizes", "initial", "evolution")}
        drawn = held(**{name: settings[name] for name in ("probabilities", "integrity")})
        return settings_hash({**own, **drawn, **held_of_spaces(self.space)})

    def comparison_hash(self) -> str:
        """Hash what a compared search depends on beside algorithm, space and seed."""
        settings = self.to_dict()
        budget = {name: settings["comparison"][name] for name in ("epochs", "tournament", "per_round")}
        return settings_hash({"search": self.search_hash(), **budget, **held_of_spaces(*self.comparison.spaces)})


def load_search_protocol(profile: str) -> SearchProtocol:
    """The search protocol of a profile, or of the TOML file at the path ``profile``.

    Raises:
        ProtocolError: If there is none, or it is not one; the error names the key.
    """
    return load_settings(SearchProtocol, "search", profile)


def stored_search_protocol(path: Path) -> SearchProtocol:
    """The protocol that is kept in a ``protocol.json`` beside the ledgers of a search.

    Older ones name the probabilities, and are silent of the integrity check, which was that of the paper.

    Raises:
        ProtocolError: If the file cannot be read, or does not hold what this version reads.
    """
    settings = {"integrity": plain_settings(IntegritySettings()), **stored_settings(path)}
    named = {"described": DESCRIBED, "published": PUBLISHED}
    if settings.get("probabilities") in list(named):
        settings["probabilities"] = plain_settings(named[settings["probabilities"]])
    return read_settings(SearchProtocol, settings, str(path))


def held(**settings: Any) -> dict[str, Any]:
    """Select what a hash holds of these settings, given as plain data by their names; nothing of some."""
    found = {name: _HELD.get(name, {}).get(settings_hash({"": value}), value) for name, value in settings.items()}
    return {name: value for name, value in found.items() if value is not None}


def held_of_spaces(*names: str) -> dict[str, Any]:
    """List what a hash holds of the primitives and the size of genomes of these search spaces beside their names."""
    return held(**{name: {**plain_settings(SPACES[name]), "hidden nodes": NUM_HIDDEN} for name in names})
