"""The result of a soak, as artifact/RELIABILITY.md."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.totals import MARKS, Total, section

_HEAD = """# Reliability

What was done to the program on purpose, and what came of it. `make soak` brings about the faults below again and
writes them, from the run alone; it ends with an error instead at the first thing that is neither survived nor refused
in words.

A killed run is begun again until it gets through. Its ledger must then equal that of a run left alone in every field
but times, its tables and figures must be the same bytes (those of wall time apart), and no temporary file may be left.
"""
_FUZZING = """## Fuzzing

Every reader of files that came from elsewhere, under a coverage-guided fuzzer (`make fuzz SECONDS=60`; needs
`pip install atheris`). A crash is any exception but the reader's documented error, an accepted document that does not
come back when it is printed and read again, or an input that takes longer than ten seconds. What got through in trials
before was mended first, and stands in `tests/fuzz/test_readers.py` and `tests/test_arrays.py`. Totals of all runs
since, in minutes of the clock:
"""


@dataclass(frozen=True)
class Line:
    """One line of the table.

    Attributes:
        fault: What went wrong.
        expected: What had to come of it.
        seen: What came of it.
        count: How often it was brought about.
    """

    fault: str
    expected: str
    seen: str
    count: int


def page(
    lines: Sequence[Line],
    machine: str,
    versions: Mapping[str, str],
    seed: int,
    minutes: float,
    fuzzed: dict[str, Total],
    below: str = "",
) -> str:
    """The whole page; ``below`` is what stands on it after the tables that programs write."""
    rows = [f"| {line.fault} | {line.expected} | {line.seen} | {line.count} |" for line in lines]
    table = "\n".join(["| fault | expected | seen | n |", "|---|---|---|---:|", *rows])
    names = ", ".join(f"{name} {version}" for name, version in versions.items())
    where = f"On {machine}, with {names}; seed {seed}, {minutes:.0f} minutes in all."
    return "\n".join([_HEAD, "## Faults", "", table, "", where, "", _FUZZING, section(fuzzed), below])


def written_by_hand(path: Path) -> str:
    """The part of a page after the tables that programs write."""
    return path.read_text(encoding="utf-8").partition(MARKS[1] + "\n")[2] if path.exists() else ""
