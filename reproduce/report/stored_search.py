"""Stored searches, read from a folder of results: their records, and their best candidates scored again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from reproduce.errors import LedgerError
from reproduce.ledger import read_records
from reproduce.results_layout import COMPARISON, LEDGER_FILE, RESCORING_FILE, SEARCH, SETTINGS_FILE
from reproduce.search.comparison import ComparedSearch
from reproduce.search.plan import SearchPlan, comparison_plans, search_plan
from reproduce.search.protocol import SearchProtocol, stored_search_protocol
from reproduce.search.records import AnyRecord, read_search_records
from reproduce.search.rescoring import RESCORED_STAGE, baselines
from reproduce.search.results import Finalist, top
from reproduce.search.trials import Contender, Trial, of_seeds, trial_from_dict


@dataclass(frozen=True)
class StoredSearch:
    """One search.

    Attributes:
        protocol: Its settings.
        records: Its ledger.
        trials: What was scored again with the protocol's fresh seeds.
    """

    protocol: SearchProtocol
    records: Sequence[AnyRecord]
    trials: Sequence[Trial]

    @cached_property
    def finalists(self) -> list[Finalist]:
        """Its best candidates, as many as are scored again."""
        return top(self.records, self.protocol.rescoring.top)

    @cached_property
    def baselines(self) -> list[Contender]:
        """The optimizers that its finalists are compared with."""
        return baselines(self.protocol.rescoring.baselines)


def read_search(place: Path) -> StoredSearch | None:
    """The search of a profile whose results lie below ``place``; None if there is none.

    Raises:
        LedgerError: If a ledger cannot be read, or was made under other settings than those beside it.
        ProtocolError: If the settings beside it cannot be read.
    """
    folder = place / SEARCH
    if not (folder / LEDGER_FILE).is_file():
        return None
    protocol = stored_search_protocol(folder / SETTINGS_FILE)
    records = read_search_of(search_plan(protocol), folder / LEDGER_FILE, folder / SETTINGS_FILE)
    trials = read_trials(folder / RESCORING_FILE, {RESCORED_STAGE: protocol.scoring_hash()})
    return StoredSearch(protocol, records, of_seeds(trials, protocol.rescoring.seeds))


@dataclass(frozen=True)
class StoredComparison:
    """Searches that were compared.

    Attributes:
        protocol: Their settings.
        searches: Those that were begun.
        trials: What was scored again with the protocol's fresh seeds: the best of each, and the baselines.
    """

    protocol: SearchProtocol
    searches: Sequence[ComparedSearch]
    trials: Sequence[Trial]

    @cached_property
    def baselines(self) -> list[Contender]:
        """The optimizers that the finds are compared with."""
        return baselines(self.protocol.rescoring.baselines)


def read_comparison(place: Path) -> StoredComparison | None:
    """The comparison of a profile whose results lie below ``place``; None if none was begun.

    Raises:
        LedgerError: If a ledger cannot be read, or was made under other settings than those beside it.
        ProtocolError: If the settings beside it cannot be read.
    """
    folder = place / COMPARISON
    settings = folder / SETTINGS_FILE
    if not settings.is_file():
        return None
    protocol = stored_search_protocol(settings)
    paths = [(plan, folder / plan.name / LEDGER_FILE) for plan in comparison_plans(protocol)]
    searches = [ComparedSearch(plan, read_search_of(plan, path, settings)) for plan, path in paths if path.is_file()]
    if not searches:
        return None
    trials = read_trials(folder / RESCORING_FILE, {RESCORED_STAGE: protocol.scoring_hash()})
    return StoredComparison(protocol, searches, of_seeds(trials, protocol.rescoring.seeds))


def read_search_of(plan: SearchPlan, path: Path, settings: Path) -> list[AnyRecord]:
    """The records of the ledger of a search.

    Args:
        plan: The search, by the settings beside it.
        path: The ledger.
        settings: The file that holds those settings.

    Raises:
        LedgerError: If the ledger cannot be read, or is of another search.
    """
    records = read_search_records(path)
    now = {name: getattr(plan, name) for name in ("profile", "algorithm", "space", "seed")}
    now = {"profile": plan.profile, "protocol": plan.protocol_hash, **now}
    for record in records[:1]:
        _require_made_under(record, now, path, 1, settings)
    return records


def read_trials(path: Path, protocols: Mapping[str, str] | None = None) -> list[Trial]:
    """The trials of a ledger, none where there is none.

    Args:
        path: The ledger; settings lie beside it.
        protocols: By part, the hash of the settings that its trials must have been made under.

    Raises:
        LedgerError: If the ledger cannot be read, or trials were made under other settings.
    """
    trials = read_records(path, trial_from_dict) if path.is_file() else []
    for line, trial in enumerate(trials, start=1):
        now = {"protocol": protocols[trial.part]} if protocols and trial.part in protocols else {}
        _require_made_under(trial, now, path, line, path.with_name(SETTINGS_FILE))
    return trials


def _require_made_under(record: object, now: Mapping[str, object], path: Path, line: int, settings: Path) -> None:
    for field, value in now.items():
        found = getattr(record, field)
        if found != value:
            raise LedgerError(
                f"{settings} was changed after {path} was made, or is of another run: {field} is {found} in line "
                f"{line} of that ledger and {value} by these settings; put back the file as it was written (the "
                "command that made the ledger writes it again)"
            )
