"""Coverage-guided fuzzing of every reader, by hand: ``python -m tests.fuzz --seconds 60 [READER ...]``.

Needs ``pip install atheris``, which is not among the locked packages. A crash is any exception but the reader's
documented one, an accepted document that does not come back, or an input that takes longer than ten seconds. Inputs
worth keeping are kept under ``--corpus``, so that the next run goes on from them; one that crashed lies there too.
"""

import argparse
import importlib.util
import subprocess
import sys
from pathlib import Path

from rich.console import Console

from reproduce.commands.arguments import expanded
from reproduce.screen import replace_unprintable
from tests.fuzz.readers import READERS
from tests.fuzz.totals import INTERRUPTED, Total, added, read_totals, update, write_totals

RELIABILITY = Path(__file__).resolve().parents[2] / "artifact" / "RELIABILITY.md"


def fuzz(name: str, folder: Path, seconds: int) -> tuple[int, str]:
    """Fuzz one reader in a process of its own; its exit status and what it said."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "tests.fuzz.one", name, str(folder / "inputs"), f"-max_total_time={seconds}"]
    ended = subprocess.run([*command, f"-artifact_prefix={folder}/"], capture_output=True, text=True, errors="replace")
    return ended.returncode, ended.stderr


def main() -> int:
    """Fuzz the readers named, or all; 1 if one crashed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__.splitlines()[0])
    parser.add_argument("readers", nargs="*", metavar="READER", help=f"of {', '.join(READERS)} (default: all)")
    parser.add_argument("--seconds", type=int, default=60, help="for each reader (default: %(default)s)")
    parser.add_argument("--corpus", type=expanded, default=Path("output") / "fuzz", help="default: %(default)s")
    options = parser.parse_args()
    if unknown := set(options.readers) - set(READERS):
        parser.error(f"no reader {', '.join(sorted(unknown))}; there are: {', '.join(READERS)}")
    replace_unprintable()
    console = Console()
    if importlib.util.find_spec("atheris") is None:
        console.print("The fuzzer is not installed: pip install atheris", style="red")
        return 2
    crashed = False
    for name in options.readers or READERS:
        console.print(f"{name}: {options.seconds} s ...")
        status, said = fuzz(name, options.corpus / name, options.seconds)
        total = added(read_totals().get(name, Total()), said, status)
        write_totals({**read_totals(), name: total})
        if status == INTERRUPTED:
            console.print("  interrupted")
            return 130
        if RELIABILITY.exists():
            update(RELIABILITY, read_totals())
        crashed |= status != 0
        if status:
            console.print(said[-4000:], markup=False, highlight=False)
        console.print(f"  {total.runs} runs and {total.crashes} crashes so far")
    return int(crashed)


if __name__ == "__main__":
    sys.exit(main())
