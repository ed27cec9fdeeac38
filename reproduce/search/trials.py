"""Trials: named optimizers scored with given seeds. What the search leaves its finds to: rescoring, noise, elimination.

Like a search's ledger, that of trials is written in one order whatever order scores come in, and a trial that is
there is not made again.
"""

from __future__ import annotations

import statistics
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from paper_optimizers.spec import OptimizerSpec
from reproduce.ledger import Ledger, Settings, read_records, require_same, require_schema
from reproduce.outcomes import Outcome, Trained, score_of
from reproduce.plain_data import from_plain, to_plain
from reproduce.tasks.scoring import Scorer, in_order
from reproduce.tasks.trainer import Candidate

#: Raised by one whenever a field changes its meaning.
SCHEMA = 1


@dataclass(frozen=True)
class Contender:
    """An optimizer under a name.

    Attributes:
        name: In tables.
        spec: The optimizer.
        fingerprint: Its fingerprint.
    """

    name: str
    spec: OptimizerSpec
    fingerprint: str

    @classmethod
    def of(cls, name: str, spec: OptimizerSpec) -> Contender:
        """The contender of a spec."""
        return cls(name, spec, spec.fingerprint())


class TrialKey(NamedTuple):
    """The identity of a trial: the part that it is of, its contender's fingerprint, and the seed."""

    part: str
    fingerprint: str
    seed: int


@dataclass(frozen=True)
class Trial:
    """One score.

    Attributes:
        schema: `SCHEMA`.
        protocol: Hash of what scores depend on.
        data: Checksum of the data.
        part: Which surrogate it was scored on, where there are several: a round's name, or "evolution".
        optimizer: The contender's name.
        fingerprint: Its fingerprint.
        seed: Of the training.
        outcome: What it came to.
        seconds: Wall time since the trial before it.
        device: What it was computed on.
        versions: Of the packages that compute.
    """

    schema: int
    protocol: str
    data: str
    part: str
    optimizer: str
    fingerprint: str
    seed: int
    outcome: Outcome
    seconds: float = field(compare=False)
    device: str = field(compare=False)
    versions: Mapping[str, str] = field(compare=False)

    @property
    def key(self) -> TrialKey:
        """See `TrialKey`."""
        return TrialKey(self.part, self.fingerprint, self.seed)

    @property
    def score(self) -> float | None:
        """The score; None if it could not be trained."""
        return score_of(self.outcome)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        document: dict[str, Any] = to_plain(self)
        return document


def trial_from_dict(document: Any) -> Trial:
    """Read a trial back.

    Raises:
        ValueError: Naming the field that is missing, unknown or not what it must be.
    """
    trial = from_plain(Trial, document)
    require_schema(trial.schema, SCHEMA)
    return trial


def open_trials(path: Path, notify: Callable[[str], None], settings: Settings | None = None) -> Ledger[Trial]:
    """The ledger of trials, for its one writer; arguments and errors as of `Ledger`."""
    return Ledger(path, trial_from_dict, notify, settings)


def read_trial_records(path: Path, *, settings: Settings | None = None) -> list[Trial]:
    """The trials of a ledger, without opening it for writing; arguments and errors as of `read_records`."""
    return read_records(path, trial_from_dict, settings=settings)


def require_these_trials(path: Path, now: Mapping[str, Mapping[str, object]], settings: Settings) -> None:
    """Refuse a ledger of other trials, before anything is written beside it; where there is none, none is made.

    Args:
        path: The ledger.
        now: By part, what fields of its trials must be.
        settings: What trials are to be added under; see `Ledger`.

    Raises:
        LedgerError: Naming what differs, or if the ledger cannot be read.
    """
    if path.is_file():
        _require_same(read_trial_records(path, settings=settings), path, now)


def run_trials(
    ledger: Ledger[Trial],
    part: str,
    protocol: str,
    scorer: Scorer,
    contenders: Sequence[Contender],
    seeds: Sequence[int],
    on_trial: Callable[[Trial, int], None],
) -> list[Trial]:
    """Score every contender with every seed, or what the ledger lacks of it.

    Args:
        ledger: Where trials are kept.
        part: See `Trial`.
        protocol: See `Trial`.
        scorer: Scores candidates.
        contenders: Of different fingerprints.
        seeds: Each gives every contender the same start, batches and augmentation.
        on_trial: Called with each new trial and how many are left.

    Returns:
        All trials asked for, by contender and then by seed.

    Raises:
        LedgerError: If the ledger has trials under another protocol or of other data.
    """
    _require_same(ledger.records, ledger.path, {part: {"protocol": protocol, "data": scorer.data}})
    known = {trial.key: trial for trial in ledger.records}
    wanted = {
        TrialKey(part, contender.fingerprint, seed): (contender, seed) for contender in contenders for seed in seeds
    }
    missing = [pair for key, pair in wanted.items() if key not in known]
    device = scorer.device() if missing else ""
    outcomes = in_order(scorer.score([Candidate(contender.spec, seed) for contender, seed in missing]))
    started = time.monotonic()
    for left, (contender, seed) in zip(reversed(range(len(missing))), missing, strict=True):
        outcome, now = next(outcomes), time.monotonic()
        trial = Trial(
            schema=SCHEMA,
            protocol=protocol,
            data=scorer.data,
            part=part,
            optimizer=contender.name,
            fingerprint=contender.fingerprint,
            seed=seed,
            outcome=outcome,
            seconds=round(now - started, 3),
            device=device,
            versions=scorer.versions(),
        )
        started = now
        ledger.append(trial)
        known[trial.key] = trial
        on_trial(trial, left)
    return [known[key] for key in wanted]


def _require_same(trials: Sequence[Trial], path: Path, now: Mapping[str, Mapping[str, object]]) -> None:
    for line, trial in enumerate(trials, start=1):
        require_same(trial, now.get(trial.part, {}), path, line)


def of_seeds(trials: Sequence[Trial], seeds: Sequence[int]) -> list[Trial]:
    """The trials that a protocol asks for; a ledger keeps those of seeds that it once asked for too."""
    return [trial for trial in trials if trial.seed in seeds]


@dataclass(frozen=True)
class SeedScores:
    """The scores of one contender's trials.

    A run that could not be trained has no score: it is counted by itself, and is no part of a mean, a spread or a
    shrinkage. Where contenders are ranked or compared it counts 0, so that whoever fails does not gain by it.

    Attributes:
        trained: The scores of the others by seed.
        untrained: How many could not be trained.
        compared: All of them by seed, for ranking and comparing.
    """

    trained: Mapping[int, float]
    untrained: int
    compared: Mapping[int, float]

    @property
    def rank(self) -> float:
        """The number that contenders are ranked by: the mean of ``compared``; below any score where there is no run."""
        return statistics.fmean(self.compared.values()) if self.compared else -1.0


def seed_scores(trials: Sequence[Trial], contender: Contender) -> SeedScores:
    """The scores of one contender."""
    own = {trial.seed: trial.score for trial in trials if trial.fingerprint == contender.fingerprint}
    trained = {seed: score for seed, score in own.items() if score is not None}
    return SeedScores(trained, len(own) - len(trained), {seed: score or 0.0 for seed, score in own.items()})


def chosen_rates(trials: Sequence[Trial], contender: Contender) -> tuple[float | None, ...]:
    """The peak rate that one contender had with most seeds, of equals the first, on each task in the search's order.

    Returns:
        None for a task on which no rate was found; nothing at all where the contender was never trained.
    """
    own = [trial.outcome for trial in trials if trial.fingerprint == contender.fingerprint]
    trained = [each for each in own if isinstance(each, Trained)]
    rates = [(each.rate, *(beside.rate for beside in each.beside or ())) for each in trained]
    counts = [Counter(rate for rate in of_task if rate is not None) for of_task in zip(*rates, strict=True)]
    return tuple(count.most_common(1)[0][0] if count else None for count in counts)
