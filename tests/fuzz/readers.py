"""All readers of files that came from elsewhere, to be fuzzed; those of text are written out here."""

import json
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from paper_optimizers import from_text
from paper_optimizers.errors import SpecError
from paper_optimizers.latex import to_latex
from paper_optimizers.notation import to_text
from paper_optimizers.spec import OptimizerSpec
from reproduce.elimination.protocol import load_elimination_protocol
from reproduce.errors import LedgerError, ProtocolError
from reproduce.ledger import Parse, read_records
from reproduce.published.log import COLUMNS, LogError, parse_published_log
from reproduce.search.protocol import load_search_protocol
from reproduce.search.records import entry_from_dict
from reproduce.search.trials import trial_from_dict
from reproduce.study.protocol import parse_protocol
from reproduce.study.rows import row_from_dict
from tests.fuzz.archives import IMAGE_READERS
from tests.fuzz.arrays import ARRAY_READERS
from tests.fuzz.published import PUBLISHED_READERS
from tests.fuzz.reader import Reader, require_same, scratch
from tests.fuzz.stored import STORED_READERS
from tests.paper_optimizers.spec_strategies import random_spec

PROTOCOLS = Path(__file__).resolve().parents[2] / "artifact" / "protocols"
NUM_SPECS = 300


def _reads_json(data: bytes) -> bool:
    try:
        spec = OptimizerSpec.from_json(data)
    except SpecError:
        return False
    require_same(OptimizerSpec.from_json(spec.to_json()), spec)
    try:
        text = to_text(spec)
        to_latex(spec)
    except SpecError:  # Longer than a text may be.
        return True
    require_same(to_text(from_text(text)), text)
    return True


def _reads_text(data: bytes) -> bool:
    try:
        spec = from_text(data.decode("utf-8", "replace"))
    except SpecError:
        return False
    text = to_text(spec)
    require_same(to_text(from_text(text)), text)
    return True


def _reads_log(data: bytes) -> bool:
    try:
        rows = parse_published_log(data, "log")
    except LogError:
        return False
    for row in rows:
        require_same(from_text(row.spec.to_text()).to_text(), row.spec.to_text())
    return True


def _reads_ledger(parse: Parse[Any]) -> Callable[[bytes], bool]:
    path = scratch("ledger.jsonl")

    def reads(data: bytes) -> bool:
        path.write_bytes(data)
        try:
            records = read_records(path, parse)
        except LedgerError:
            return False
        for record in records:
            require_same(parse(json.loads(json.dumps(record.to_dict(), allow_nan=False))), record)
        return True

    return reads


def _reads_study(data: bytes) -> bool:
    try:
        protocol = parse_protocol(data.decode("utf-8", "replace"))
    except ProtocolError:
        return False
    require_same(len(protocol.hash()), 16)
    return True


def _reads_protocol(load: Callable[[str], Any]) -> Callable[[bytes], bool]:
    path = scratch("fuzz.toml")

    def reads(data: bytes) -> bool:
        path.write_bytes(data)
        try:
            require_same(load(str(path)), load(str(path)))
        except ProtocolError:
            return False
        return True

    return reads


def _specs() -> Iterator[OptimizerSpec]:
    for seed in range(NUM_SPECS):
        yield random_spec(random.Random(seed), 4)


def _logs() -> Iterator[bytes]:
    header = ",".join(COLUMNS)
    rows = (
        "init,,,Nest ~ id(g),ok,0.75,95.5",
        'particle,1,0,"Mom ~ min(g, 1)",ok,8e-1,200',
        "mutation,2,1,None ~ id([a1][g]),failed,,",
        "mutation,1,1,Nest ~ bessel_i1e(arctan([(a13)*(a2)][g])),ok,0.8366,241",
    )
    for row in rows:
        yield f"{header}\n{row}\n".encode()
    yield "\r\n".join([header, *rows, ""]).encode()


def _rows() -> Iterator[bytes]:
    from tests.study.cases import all_rows, diverged_row

    rows = all_rows()
    for row in (*rows[:6], diverged_row(rows[0].job)):
        yield json.dumps(row.to_dict()).encode() + b"\n"


def _search_records() -> Iterator[bytes]:
    from tests.search.fakes import search

    path = scratch("seeds.jsonl")
    search(path)
    lines = path.read_bytes().splitlines(keepends=True)
    yield from lines[:40]
    yield lines[-1]
    for word in (b'"selection"', b'"rejection"', b'"rejected"', b'"failed"'):
        yield from [line for line in lines if word in line][:3]


def _trials() -> Iterator[bytes]:
    from reproduce.search.trials import SCHEMA, Trial
    from reproduce.tasks.trainer import Candidate
    from tests.search.fakes import invented

    for seed, spec in zip(range(6), _specs(), strict=False):
        outcome = invented(Candidate(spec, seed))
        trial = Trial(SCHEMA, "p", "d", "first", "Opt1", "f", seed, outcome, 1.5, "a processor", {"python": "3"})
        yield json.dumps(trial.to_dict()).encode() + b"\n"


def _protocols(fits: Callable[[str], bool]) -> Callable[[], Iterator[bytes]]:
    def seeds() -> Iterator[bytes]:
        for path in [path for path in sorted(PROTOCOLS.glob("*/*.toml")) if fits(path.stem)]:
            yield re.sub(r'(?m)^profile = ".*"$', 'profile = "fuzz"', path.read_text(encoding="utf-8")).encode()

    return seeds


READERS = {
    reader.name: reader
    for reader in (
        Reader("spec-json", _reads_json, lambda: (spec.to_json().encode() for spec in _specs()), 4096),
        Reader("spec-text", _reads_text, lambda: (to_text(spec).encode() for spec in _specs()), 512),
        Reader("published-log", _reads_log, _logs, 1024),
        Reader("study-rows", _reads_ledger(row_from_dict), _rows, 4096),
        Reader("search-records", _reads_ledger(entry_from_dict), _search_records, 4096),
        Reader("search-trials", _reads_ledger(trial_from_dict), _trials, 4096),
        Reader("study-protocol", _reads_study, _protocols(lambda name: name not in ("search", "elimination")), 8192),
        Reader("search-protocol", _reads_protocol(load_search_protocol), _protocols("search".__eq__), 8192),
        Reader(
            "elimination-protocol", _reads_protocol(load_elimination_protocol), _protocols("elimination".__eq__), 8192
        ),
        *IMAGE_READERS,
        *PUBLISHED_READERS,
        *ARRAY_READERS,
        *STORED_READERS,
    )
}
