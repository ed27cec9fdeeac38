"""The journal: a search writes its records in order, and one that is run again reads them instead.

A search is a pure function of its protocol, its seed and the scores. Run again over its own ledger it therefore
comes to the same records: what was drawn, checked and scored is taken from there, every record is compared with the
one in its place, and from the end of the ledger on records are appended. There is no other way of resuming.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType

from reproduce.errors import LedgerError
from reproduce.ledger import Ledger
from reproduce.search.algorithm import CandidateSlot, Stage
from reproduce.search.records import (
    AnyRecord,
    Header,
    LedgerEntry,
    Rejection,
    Sample,
    StageEvaluation,
    entry_from_dict,
    require_header,
    require_order,
)

#: Called with every record and whether it was made now (or found).
OnRecord = Callable[[AnyRecord, bool], None]


class Journal:
    """The ledger of one search, opened by its one writer; use it in a ``with`` statement.

    Args:
        path: The ledger's file.
        notify: Called with a sentence when a torn last line was removed.
        on_record: See `OnRecord`.

    Raises:
        LedgerError: As `Ledger` does.
    """

    def __init__(self, path: Path, notify: Callable[[str], None], on_record: OnRecord | None = None) -> None:
        self._ledger: Ledger[LedgerEntry] = Ledger(path, entry_from_dict, notify)
        self._on_record = on_record
        self._found = [entry.record for entry in self._ledger.records]
        self._position = 0
        self._drawn = {
            (record.slot, record.draw): record for record in self._found if isinstance(record, Sample | Rejection)
        }
        self._evaluations: Mapping[tuple[int, Stage, int], StageEvaluation] = {
            (record.sample, record.stage, record.seed): record
            for record in self._found
            if isinstance(record, StageEvaluation)
        }

    def __enter__(self) -> Journal:
        self._ledger.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ledger.__exit__(kind, error, trace)

    @property
    def path(self) -> Path:
        """The ledger's file."""
        return self._ledger.path

    @property
    def records(self) -> list[AnyRecord]:
        """All records, those found and those written."""
        return [entry.record for entry in self._ledger.records]

    def begin(self, header: Header) -> None:
        """Write the first record, or check that it is there.

        Raises:
            LedgerError: If the ledger is of another search, naming the first field that differs, or its records are
                in no order that a search writes.
        """
        require_header(self._found, header, self.path)
        require_order(self._found, self.path)
        self.write(header)

    def drawn(self, slot: CandidateSlot, draw: int) -> Sample | Rejection | None:
        """Return what the ledger says of a draw."""
        return self._drawn.get((slot, draw))

    def evaluation(self, sample: int, stage: Stage, seed: int) -> StageEvaluation | None:
        """Return what the ledger says of a sample's score."""
        return self._evaluations.get((sample, stage, seed))

    def write(self, record: AnyRecord) -> None:
        """Append a record, or go past it where the ledger has it in this place.

        Raises:
            LedgerError: If another record is in this place, or it cannot be written.
        """
        fresh = self._position >= len(self._found)
        if fresh:
            self._ledger.append(LedgerEntry(record))
        elif self._found[self._position] != record:
            raise LedgerError(
                f"{self.path}, line {self._position + 1} is not what this search comes to there: it was written by "
                "another version of this program or changed by hand; remove it and all lines after it to go on from "
                "there, or choose another --output"
            )
        self._position += 1
        if self._on_record is not None:
            self._on_record(record, fresh)
