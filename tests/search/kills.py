"""A search killed at random moments: ``python -m tests.search.kills 100`` kills a hundred times.

Each time a search is begun in a process of its own and killed with SIGKILL; sometimes what a torn write leaves is
added to its ledger; then it is run again and must end with the ledger of a search that was never killed.
"""

import json
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.processes import ended, forked
from tests.search.fakes import FakeScorer, search

_TIMES = ("seconds", "device", "versions")


def untimed(path: Path) -> list[dict]:
    """The ledger's lines without what may differ from run to run."""
    documents = [json.loads(line) for line in path.read_text().splitlines()]
    return [{key: value for key, value in document.items() if key not in _TIMES} for document in documents]


def kill_and_resume(
    folder: Path, kills: int, seed: int = 0, on_trial: Callable[[int], None] = lambda lines: None
) -> list[int]:
    """Kill ``kills`` searches and resume each; returns how many lines each had written when it died.

    ``on_trial`` is called with that number after each.

    Raises:
        AssertionError: If a resumed ledger is not the undisturbed one.
    """
    whole = folder / "whole.jsonl"
    started = time.monotonic()
    search(whole, FakeScorer(batch=2, seconds=0.002))
    duration = time.monotonic() - started
    chance = random.Random(seed)
    written = []
    for number in range(kills):
        path = folder / f"{number}.jsonl"
        _kill(path, chance.uniform(0.0, duration))
        torn = path.exists() and chance.random() < 0.5
        if torn:
            with path.open("ab") as file:
                file.write(b'{"record":"sam'[: chance.randint(1, 14)])
        written.append(path.read_bytes().count(b"\n") if path.exists() else 0)
        search(path, FakeScorer(batch=chance.choice((1, 2, 4))))
        if untimed(path) != untimed(whole):
            raise AssertionError(f"kill {number}, after {written[-1]} lines: the resumed ledger differs")
        on_trial(written[-1])
    return written


def _kill(path: Path, after: float) -> None:
    """Begin a search in a forked process and kill it after so many seconds."""
    child = forked(lambda: search(path, FakeScorer(batch=2, seconds=0.002)))
    time.sleep(after)
    os.kill(child, signal.SIGKILL)
    ended(child)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        lines = kill_and_resume(Path(name), int(sys.argv[1]))
    sys.stdout.write(json.dumps({"kills": len(lines), "lines": lines}) + "\n")
