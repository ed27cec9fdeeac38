"""What a search has left in a folder of results: its records, and its best candidates scored again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from reproduce.ledger import NAME, read_records, require_same
from reproduce.search.protocol import SearchProtocol
from reproduce.search.records import AnyRecord, read_search_records
from reproduce.search.rescoring import Finalist, baselines, finalists
from reproduce.search.results import top
from reproduce.search.trials import Contender, Trial, of_seeds, trial_from_dict
from reproduce.stored_settings import SETTINGS, read_stored_settings, stored_hash

#: Folders of a profile that the commands search, compare-searches, noise-floor and eliminate write.
SEARCH, COMPARISON, NOISE, ELIMINATION = "search", "search-comparison", "noise-floor", "elimination"
#: The ledger of what was scored again, in the first two.
RESCORING = "rescoring.jsonl"


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
        return finalists(top(self.records, self.protocol.rescoring.top))

    @cached_property
    def baselines(self) -> list[Contender]:
        """What they are compared with."""
        return baselines(self.protocol.rescoring.baselines)


def read_search(place: Path) -> StoredSearch | None:
    """The search of a profile whose results lie below ``place``; None if there is none.

    Raises:
        LedgerError: If a ledger cannot be read, or belongs to other settings than those beside it.
        ProtocolError: If the settings beside it cannot be read.
    """
    folder = place / SEARCH
    if not (folder / NAME).is_file():
        return None
    protocol = read_stored_settings(folder / SETTINGS, SearchProtocol)
    trials = of_seeds(read_trials(folder / RESCORING), protocol.rescoring.seeds)
    records = read_search_under(folder / NAME, stored_hash(folder / SETTINGS))
    return StoredSearch(protocol, records, trials)


def read_search_under(path: Path, protocol: str) -> list[AnyRecord]:
    """The records of a search's ledger, which must be under the protocol with this hash.

    Raises:
        LedgerError: If it is not, or the ledger cannot be read.
    """
    records = read_search_records(path)
    for record in records[:1]:
        require_same(record, {"protocol": protocol}, path, 1)
    return records


def read_trials(path: Path) -> list[Trial]:
    """The trials of a ledger, none where there is none; errors as of `read_records`."""
    return read_records(path, trial_from_dict) if path.is_file() else []
