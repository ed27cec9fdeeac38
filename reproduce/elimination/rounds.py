"""The rounds: who takes part, who goes on, and the trials that decide it.

A round's standings are a function of its trials, and the next round's entrants one of its standings; so an elimination
that was interrupted goes on from its ledger of trials.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from reproduce.elimination.protocol import EliminationProtocol, RoundSettings
from reproduce.errors import LedgerError
from reproduce.libraries import recorded_settings
from reproduce.search.records import End, Header, read_search_records
from reproduce.search.rescoring import different
from reproduce.search.results import top
from reproduce.search.surrogate_settings import SurrogateSettings
from reproduce.search.trials import Contender, SeedScores, Trial, open_trials, run_trials, seed_scores
from reproduce.tasks.scoring import Scorer


@dataclass(frozen=True)
class Standing:
    """How an optimizer fared in a round.

    Attributes:
        contender: The optimizer.
        scores: See `SeedScores`.
        is_baseline: Whether it ran beside the others and cannot be eliminated.
        survived: Whether it goes on.
    """

    contender: Contender
    scores: SeedScores
    is_baseline: bool
    survived: bool


@dataclass(frozen=True)
class RoundResult:
    """A round that is over.

    Attributes:
        settings: The round.
        standings: Those that could be eliminated, best first; then the baselines.
    """

    settings: RoundSettings
    standings: tuple[Standing, ...]

    @property
    def survivors(self) -> list[Contender]:
        """The optimizers that go on to the next round, best first."""
        return [each.contender for each in self.standings if each.survived and not each.is_baseline]


def eliminate(
    protocol: EliminationProtocol,
    path: Path,
    entrants: Sequence[Contender],
    baselines: Sequence[Contender],
    score_on: Callable[[SurrogateSettings], Scorer],
    on_trial: Callable[[Trial, int], None],
    notify: Callable[[str], None],
) -> list[RoundResult]:
    """Carry out all rounds, or what their ledger lacks of them.

    Args:
        protocol: The rounds.
        path: The ledger of trials.
        entrants: Who takes part, of different fingerprints.
        baselines: Who runs beside them in every round.
        score_on: Gives the scorer of a surrogate.
        on_trial: Called with each new trial and how many of its round are left.
        notify: Called with what the user should know.

    Raises:
        LedgerError: If the ledger cannot be used, or is of another protocol or other data.
    """
    results: list[RoundResult] = []
    with open_trials(path, notify, protocol_settings(protocol)) as ledger:
        for settings in protocol.rounds:
            entrants = results[-1].survivors if results else list(entrants)
            trials = run_trials(
                ledger,
                settings.name,
                settings.hash(),
                score_on(settings.surrogate),
                [*entrants, *baselines],
                settings.seeds,
                on_trial,
            )
            results.append(RoundResult(settings, standings(entrants, baselines, trials, settings.keep)))
    return results


def read_entrants(protocol: EliminationProtocol, ledgers: Sequence[Path]) -> list[Contender]:
    """The best of each search by their scores there, those that compute the same once.

    Args:
        protocol: How many of each take part, and the seeds that no search may have used.
        ledgers: Of the searches. Where there are several, names begin with the number of theirs.

    Raises:
        LedgerError: If a ledger cannot be read, or no candidate was scored.
        ProtocolError: If a round uses the seed of a search.
    """
    found: list[Contender] = []
    for number, path in enumerate(ledgers, start=1):
        records = read_search_records(path)
        if records and isinstance(records[0], Header):
            protocol.require_fresh(records[0].seed, path)
        prefix = f"{number}" if len(ledgers) > 1 else ""
        found += [each.contender for each in top(records, protocol.entrants, prefix=prefix)]
    if not found:
        raise LedgerError(f"no search in {', '.join(map(str, ledgers))} has scored a candidate: search first")
    return different(found)


def unfinished(ledgers: Sequence[Path]) -> list[Path]:
    """List the ledgers of searches that have not ended, whose best may yet change."""
    return [path for path in ledgers if not any(isinstance(each, End) for each in read_search_records(path)[-1:])]


def protocol_settings(protocol: EliminationProtocol) -> dict[str, str]:
    """List the user's settings that can move a score; the library below Keras is no field of a trial."""
    return recorded_settings(keras=any(each.surrogate.trainer == "keras" for each in protocol.rounds))


def standings(
    entrants: Sequence[Contender], baselines: Sequence[Contender], trials: Sequence[Trial], keep: int
) -> tuple[Standing, ...]:
    """Entrants by their mean score, best first, of equal ones the earlier first; then the baselines.

    A run that could not be trained counts 0 in this mean.
    """
    scores = {each.fingerprint: seed_scores(trials, each) for each in [*entrants, *baselines]}
    ranked = sorted(entrants, key=lambda each: -scores[each.fingerprint].rank)
    return (
        *(Standing(each, scores[each.fingerprint], False, place < keep) for place, each in enumerate(ranked)),
        *(Standing(each, scores[each.fingerprint], True, True) for each in baselines),
    )
