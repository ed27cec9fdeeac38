"""Kills, faults and their table: ``python -m tests.soak [--kills 100] [--seed 0] [--page artifact/RELIABILITY.md]``."""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import count
from pathlib import Path

from rich.console import Console

from reproduce.commands.arguments import expanded
from reproduce.files import write_text
from reproduce.libraries import enter_known_state
from reproduce.machine import cpu_name, versions
from reproduce.screen import replace_unprintable
from tests.fuzz.totals import read_totals
from tests.search.kills import kill_and_resume
from tests.soak.faults import FAULTS, CannotTryError, Fault, bring_about
from tests.soak.kills import ROOT, Killed, Told, kill_studies
from tests.soak.report import Line, page, written_by_hand

#: Of all kills, those of a search and of a study; the rest hit the making of tables.
_SEARCH, _STUDY = 0.4, 0.3


def kill_lines(folder: Path, kills: int, seed: int, told: Told) -> list[Line]:
    """Kill searches, a transfer study and the making of its tables, ``kills`` times in all."""
    searches, studies = round(_SEARCH * kills), round(_STUDY * kills)
    (folder / "searches").mkdir()
    lost = kill_and_resume(folder / "searches", searches, seed, lambda count: told(f"search: {count} records"))
    study, tables = kill_studies(folder, (studies, kills - searches - studies), seed, told)
    torn = "survived; ledger equal, nothing left over"
    return [
        Line("a search killed", torn, f"as expected, with 0 to {max(lost)} records written", searches),
        Line("a transfer study killed, with its workers or without", torn + ", same tables", *_seen(study)),
        Line("table making killed", "survived; same bytes, nothing left over", *_seen(tables)),
    ]


def _seen(killed: Killed) -> tuple[str, int]:
    through = f"runs that then went on to the end, each as if left alone: {killed.completed}"
    rows = " to ".join(str(each) for each in sorted({min(killed.rows), max(killed.rows)}))
    return f"as expected, with {rows} rows in the ledger; {through}", killed.kills


def fault_lines(faults: Sequence[Fault], folder: Path, seed: int, told: Told, most: int) -> list[Line]:
    """Bring every fault about, each at most ``most`` times."""
    lines = []
    for number, fault in enumerate(faults):
        times = min(fault.times, most)
        try:
            seen = bring_about(fault, folder / f"fault-{number}", random.Random(f"{seed} {number}"), times)
        except CannotTryError as error:
            seen, times = f"not tried: {error}", 0
        told(f"{fault.name}: {seen}")
        lines.append(Line(fault.name, fault.expected, seen, times))
    return lines


def main() -> int:
    """Soak, and write the page if all is well; 1 if something is not."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=100, help="in all, 0 for none (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of all chances (default: %(default)s)")
    parser.add_argument("--most", type=int, default=100, help="most times of a fault (default: %(default)s)")
    parser.add_argument(
        "--page", type=expanded, default=ROOT / "artifact" / "RELIABILITY.md", help="default: %(default)s"
    )
    options = parser.parse_args()
    replace_unprintable()
    console, started = Console(), time.monotonic()
    numbers = count(1)

    def told(text: str) -> None:
        line = f"{time.monotonic() - started:6.0f} s  {next(numbers):3}  {text}"
        console.print(line, markup=False, highlight=False, soft_wrap=True)

    with tempfile.TemporaryDirectory() as name:
        enter_known_state()
        try:
            lines = kill_lines(Path(name), options.kills, options.seed, told) if options.kills else []
            lines += fault_lines(FAULTS, Path(name), options.seed, told, options.most)
        except AssertionError as error:
            console.print(f"not as expected: {error}", style="red", markup=False)
            return 1
    minutes = (time.monotonic() - started) / 60
    below = written_by_hand(options.page)
    text = page(lines, cpu_name(), versions("tensorflow"), options.seed, minutes, read_totals(), below)
    write_text(options.page, text)
    console.print(f"{options.page} written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
