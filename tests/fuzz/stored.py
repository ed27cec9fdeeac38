"""Readers of what the report reads beside ledgers: claims, stored settings, and the benchmarks' files."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from reproduce.elimination.protocol import EliminationProtocol
from reproduce.errors import ReproduceError
from reproduce.report.claims.claim import CLAIMS, load_claims
from reproduce.report.speed import read_engine_speed, read_optimizer_costs, read_step_times
from reproduce.results_layout import STORED_RESULTS
from reproduce.search.protocol import SearchProtocol, stored_search_protocol
from reproduce.stored_settings import read_stored_settings
from reproduce.study.protocol import StudyProtocol
from tests.fuzz.reader import Reader, require_same, scratch


def _reads(name: str, read: Callable[[Path], Any]) -> Callable[[bytes], bool]:
    """A reader of a file that gives the same when it is read twice, or raises an error that a user can mend."""
    path = scratch(name)

    def reads(data: bytes) -> bool:
        path.write_bytes(data)
        try:
            found = read(path)
        except ReproduceError:
            return False
        require_same(repr(read(path)), repr(found))  # By text: a number that is not one equals nothing.
        return True

    return reads


def _claims() -> Iterator[bytes]:
    text = CLAIMS.read_text(encoding="utf-8")
    start = text.index("[[claims]]")
    for table in text[start:].split("[[claims]]")[1:]:
        yield f"[[claims]]{table}".encode()


def _settings(name: str) -> Callable[[], Iterator[bytes]]:
    def seeds() -> Iterator[bytes]:
        for path in sorted(STORED_RESULTS.glob(f"*/{name}/protocol.json")):
            yield json.dumps(json.loads(path.read_text(encoding="utf-8"))).encode()

    return seeds


def _study_settings(path: Path) -> StudyProtocol:
    return read_stored_settings(path, StudyProtocol)


def _search_settings(path: Path) -> SearchProtocol:
    return stored_search_protocol(path)


def _elimination_settings(path: Path) -> EliminationProtocol:
    return read_stored_settings(path, EliminationProtocol)


def _measured(name: str) -> Callable[[], Iterator[bytes]]:
    return lambda: iter([(STORED_RESULTS / "bench" / name).read_bytes()])


def _member_steps() -> Iterator[bytes]:
    header, *lines = (STORED_RESULTS / "bench" / "engine" / "member_steps.csv").read_bytes().splitlines(keepends=True)
    yield header + b"".join(lines[:3])


STORED_READERS = (
    Reader("claims", _reads("claims.toml", load_claims), _claims, 2048),
    Reader("study-settings", _reads("study.json", _study_settings), _settings("main"), 8192),
    Reader("search-settings", _reads("search.json", _search_settings), _settings("search"), 8192),
    Reader("elimination-settings", _reads("elimination.json", _elimination_settings), _settings("elimination"), 8192),
    Reader("step-costs", _reads("optimizers.csv", read_optimizer_costs), _measured("optimizers.csv"), 8192),
    Reader("engine-speed", _reads("engine.json", read_engine_speed), _measured("engine/engine.json"), 8192),
    Reader("member-steps", _reads("member_steps.csv", read_step_times), _member_steps, 2048),
)
