"""How much was fuzzed so far: ``totals.toml``, one table a reader."""

import re
import tomllib
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from reproduce.files import write_text

PATH = Path(__file__).with_name("totals.toml")
#: Around the section that `update` writes.
MARKS = ("<!-- fuzzing: written by python -m tests.fuzz -->", "<!-- end of fuzzing -->")
#: The exit status of libFuzzer when someone ended it.
INTERRUPTED = 72
_HEAD = "# Written by python -m tests.fuzz: what its runs came to, all of them together.\n"
_DONE = re.compile(r"Done (\d+) runs in (\d+) second")


@dataclass(frozen=True)
class Total:
    """The result of fuzzing a reader.

    Attributes:
        runs: Inputs tried.
        seconds: Wall time.
        crashes: Inputs that the reader neither accepted nor refused with its documented error, since found and mended.
    """

    runs: int = 0
    seconds: int = 0
    crashes: int = 0


def read_totals(path: Path = PATH) -> dict[str, Total]:
    """The totals so far, by reader."""
    if not path.is_file():
        return {}
    return {name: Total(**table) for name, table in tomllib.loads(path.read_text(encoding="utf-8")).items()}


def write_totals(totals: dict[str, Total], path: Path = PATH) -> None:
    """Replace the file."""
    tables = [
        f"\n[{name}]\n" + "".join(f"{key} = {value}\n" for key, value in asdict(total).items())
        for name, total in sorted(totals.items())
    ]
    write_text(path, _HEAD + "".join(tables))


def added(total: Total, said: str, status: int) -> Total:
    """The total with one more run of libFuzzer, by what it said and its exit status; not one that was interrupted."""
    if status == INTERRUPTED:
        return total
    done = _DONE.search(said)
    runs, seconds = (int(done[1]), int(done[2])) if done else (0, 0)
    return replace(
        total, runs=total.runs + runs, seconds=total.seconds + seconds, crashes=total.crashes + int(status != 0)
    )


def section(totals: dict[str, Total]) -> str:
    """The totals as a Markdown table between two marks."""
    lines = ["| reader | inputs tried | minutes | crashes |", "|---|---:|---:|---:|"]
    lines += [
        f"| {name} | {total.runs:,} | {total.seconds / 60:.1f} | {total.crashes} |"
        for name, total in sorted(totals.items())
    ]
    runs, seconds, crashes = (
        sum(getattr(total, key) for total in totals.values()) for key in ("runs", "seconds", "crashes")
    )
    lines.append(f"| all | {runs:,} | {seconds / 60:.1f} | {crashes} |")
    return "\n".join([MARKS[0], "", *lines, "", MARKS[1]])


def update(path: Path, totals: dict[str, Total]) -> None:
    """Write the section anew where a document has it."""
    text = path.read_text(encoding="utf-8")
    start, end = (text.index(mark) for mark in MARKS)
    write_text(path, text[:start] + section(totals) + text[end + len(MARKS[1]) :])
