"""Who takes part in an elimination: the best of one search or of several."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from reproduce.elimination.protocol import EliminationProtocol
from reproduce.errors import LedgerError
from reproduce.search.records import End, Header, read_search_records
from reproduce.search.rescoring import different
from reproduce.search.results import top
from reproduce.search.trials import Contender


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
    """Those of the searches that have not ended, so that others may yet be their best."""
    return [path for path in ledgers if not any(isinstance(each, End) for each in read_search_records(path)[-1:])]
