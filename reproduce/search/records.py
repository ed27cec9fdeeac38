"""Records of a search's ledger: a header, then every draw, score and selection in the order of the search.

The order does not depend on how evaluations were batched or where they ran. Times, devices and versions are kept
and do not count when two records are compared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from reproduce.errors import LedgerError
from reproduce.ledger import Settings, read_records, require_same, require_schema
from reproduce.outcomes import Outcome
from reproduce.plain_data import from_plain, to_plain
from reproduce.search.algorithm import CandidateSlot, Selection, Stage
from reproduce.search.genome import Genome, KeptGenome
from reproduce.search.mutation import Change

#: Raised by one whenever a record changes its meaning.
SCHEMA = 1


@dataclass(frozen=True)
class Header:
    """The first record: what the search is.

    Attributes:
        schema: `SCHEMA`.
        profile: The protocol's name.
        protocol: The protocol's hash.
        algorithm: "paper", "elitist", "random" or "aging".
        space: The space's name.
        seed: The run's: of everything drawn and of every training.
        data: Checksum of the data of each stage.
        device: What it was begun on.
        versions: Of the packages that compute.
    """

    schema: int
    profile: str
    protocol: str
    algorithm: str
    space: str
    seed: int
    data: Mapping[str, str]
    device: str = field(compare=False)
    versions: Mapping[str, str] = field(compare=False)


@dataclass(frozen=True)
class Sample:
    """A new candidate that passed the integrity check.

    Attributes:
        number: From 0, in the order of the ledger.
        slot: Where it was wanted.
        draw: Which draw for that slot it was, from 0.
        parent: Its parent's number, or None.
        change: The mutation, or None.
        genome: The genome.
        text: Its active part in the published notation.
        ascend: Whether the integrity check flipped its sign.
        fingerprint: Of what is trained.
    """

    number: int
    slot: CandidateSlot
    draw: int
    parent: int | None
    change: Change | None
    genome: KeptGenome
    text: str
    ascend: bool
    fingerprint: str

    def read_genome(self) -> Genome:
        """The genome.

        Raises:
            LedgerError: If the ledger that it was read from holds none there.
        """
        try:
            return self.genome.read()
        except ValueError as error:
            raise LedgerError(
                f"sample {self.number} of a search has no genome: {error}; mend the ledger of that search or remove "
                "the line of that sample and all lines after it"
            ) from None


@dataclass(frozen=True)
class Rejection:
    """A draw that is not scored.

    Attributes:
        slot: Where it was wanted.
        draw: Which draw for that slot it was.
        parent: Its parent's number, or None.
        change: The mutation, or None.
        text: Its active part in the published notation.
        ascend: Whether the integrity check flipped its sign.
        cause: "integrity": it minimises the quadratic with neither sign; "duplicate": it computes what a sample does.
        duplicate_of: That sample, or None.
        fingerprint: Where it was computed.
    """

    slot: CandidateSlot
    draw: int
    parent: int | None
    change: Change | None
    text: str
    ascend: bool
    cause: Literal["integrity", "duplicate"]
    duplicate_of: int | None
    fingerprint: str | None


@dataclass(frozen=True)
class StageEvaluation:
    """A sample's score on a stage.

    Attributes:
        sample: Its number.
        stage: The surrogate.
        seed: Of the training.
        outcome: What it came to.
        cached: The ledger that the outcome was taken from, or None where it was trained now.
        seconds: Wall time since the evaluation before it.
    """

    sample: int
    stage: Stage
    seed: int
    outcome: Outcome
    cached: str | None
    seconds: float = field(compare=False)


@dataclass(frozen=True)
class End:
    """The search is finished.

    Attributes:
        samples: How many candidates were scored.
        best: The sample with the best score on the evolution stage, or None.
        score: That score.
        epochs: Epochs of training spent, both stages, cached ones included.
    """

    samples: int
    best: int | None
    score: float | None
    epochs: int


AnyRecord = Header | Sample | Rejection | StageEvaluation | Selection | End
_KINDS: dict[str, Any] = {
    "header": Header,
    "sample": Sample,
    "rejection": Rejection,
    "evaluation": StageEvaluation,
    "selection": Selection,
    "end": End,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}


@dataclass(frozen=True)
class LedgerEntry:
    """A record as the ledger holds it; see `reproduce.ledger`."""

    record: AnyRecord

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {"record": _NAMES[type(self.record)], **to_plain(self.record)}


def entry_from_dict(document: Any) -> LedgerEntry:
    """Read an entry back, genome and all.

    Raises:
        ValueError: Naming the field that is missing, unknown or not what it must be.
    """
    entry = _entry(document)
    if isinstance(entry.record, Sample):
        try:
            entry.record.genome.read()
        except ValueError as error:
            raise ValueError(f"genome: {error}") from None
    return entry


def _entry(document: Any) -> LedgerEntry:
    """Read an entry, but the genome of a sample only when it is asked for."""
    kind = document.get("record") if isinstance(document, dict) else None
    if not isinstance(kind, str) or kind not in _KINDS:
        raise ValueError(f"expected an object whose record is one of {', '.join(_KINDS)}")
    fields = {name: value for name, value in document.items() if name != "record"}
    record = from_plain(_KINDS[kind], fields)
    if isinstance(record, Header):
        require_schema(record.schema, SCHEMA)
    return LedgerEntry(record)


def read_search_records(path: Path, *, settings: Settings | None = None) -> list[AnyRecord]:
    """The records of a search's ledger, without opening it for writing; see `read_records` for the settings.

    Genomes are read when they are asked for; see `Sample.read_genome`.

    Raises:
        LedgerError: As `read_records` and `require_order` do.
    """
    records = [entry.record for entry in read_records(path, _entry, settings=settings)]
    require_order(records, path)
    return records


def require_header(records: Sequence[AnyRecord], header: Header, path: Path) -> None:
    """Refuse the ledger of another search; one without records will do.

    Raises:
        LedgerError: Naming the first field of the header that differs.
    """
    if records and isinstance(records[0], Header):
        names = ("profile", "protocol", "algorithm", "space", "seed", "data")
        require_same(records[0], {name: getattr(header, name) for name in names}, path, 1)


def require_order(records: Sequence[AnyRecord], path: Path) -> None:
    """Refuse a ledger that no search writes: a header first, samples before their scores, nothing after the end.

    Raises:
        LedgerError: Naming the first line that is out of place.
    """
    samples = 0
    for line, record in enumerate(records, start=1):
        fault = ""
        if isinstance(record, Header) != (line == 1):
            fault = "the header of a search belongs there" if line == 1 else "a header belongs into the first line"
        elif line > 1 and isinstance(records[line - 2], End):
            fault = f"the search ends in line {line - 1}"
        elif isinstance(record, StageEvaluation) and not 0 <= record.sample < samples:
            fault = f"there is no sample {record.sample} before it"
        if fault:
            raise LedgerError(
                f"{path}, line {line} is out of place: {fault}; remove it and all lines after it to go on, or move the "
                "file away"
            )
        samples += isinstance(record, Sample)
