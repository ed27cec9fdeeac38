"""Kills at random moments: a run is begun, killed with SIGKILL, begun again and killed again, until it gets through."""

import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tests.search.kills import untimed
from tests.study.cases import TINY_TOML

ROOT = Path(__file__).resolve().parents[2]
#: Two tasks, two optimizers and two rates: a transfer study of little training, one task's by the engine and one's by
#: Keras, which keeps its state after each epoch.
TRANSFER_TOML = (
    TINY_TOML.replace('study = "main"', 'study = "transfer"')
    .replace('catalog = ["Opt1", "A1"]\nkeras = ["SGD", "Adam"]', 'catalog = ["Opt7"]\nkeras = ["Adam"]')
    .replace("grid = [0.01, 0.1, 1]", "grid = [0.1, 1]")
    .replace("most_extra_rates = 2", "most_extra_rates = 1")
    .replace("epochs = 2", "epochs = 3")
    .replace(
        '[[tasks]]\nname = "digits"\n',
        '[[tasks]]\nname = "digits"\n[[tasks]]\nname = "digits100"\nrunner = "keras"\n[tasks.data]\n'
        'source = "digits100"\ntrain_per_class = 4\ntest_per_class = 2\n',
    )
)
#: Is told after each kill; the text says how far the run was.
Told = Callable[[str], None]


@dataclass
class Killed:
    """The outcome of kills.

    Attributes:
        completed: How many runs got through after kills, each compared with one that was left alone.
        rows: How many rows there were at each kill.
    """

    completed: int = 0
    rows: list[int] = field(default_factory=list)

    @property
    def kills(self) -> int:
        """How many processes were killed at work."""
        return len(self.rows)


def reproduce(command: str, protocol: Path, output: Path) -> subprocess.Popen[bytes]:
    """Begin a command of the program in a group of its own.

    What the engine compiled for the run that was left alone is kept beside the protocol, and read by those that are
    killed: without it most kills would hit the compiler.
    """
    options = ["--profile", str(protocol), "--study", "transfer", "--output", str(output)]
    workers = ["--workers", "1"] if command == "tables" else []
    return subprocess.Popen(
        [sys.executable, "-m", "reproduce", command, *options, *workers],
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "COLUMNS": "200",
            "JAX_COMPILATION_CACHE_DIR": str(protocol.parent / "compiled"),
            "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def to_the_end(command: str, protocol: Path, output: Path) -> float:
    """Run a command undisturbed; the seconds it took.

    Raises:
        AssertionError: If it fails.
    """
    started = time.monotonic()
    process = reproduce(command, protocol, output)
    _, said = process.communicate(timeout=600)
    require(process.returncode == 0, f"{command} failed: {said.decode(errors='replace')[-2000:]}")
    return time.monotonic() - started


def kill_until_through(
    command: str, protocol: Path, output: Path, kills: int, duration: float, chance: random.Random, told: Told
) -> list[int]:
    """Begin a command again and again, killing each within ``duration`` seconds; the last one is left alone.

    Half of the kills take the workers along, as the end of a machine does; the other half leave them as orphans.

    Returns:
        How many rows there were at each kill at work: runs that had ended before do not count.
    """
    rows: list[int] = []
    while len(rows) < kills:
        process = reproduce(command, protocol, output)
        try:
            process.communicate(timeout=chance.uniform(0.0, duration))
        except subprocess.TimeoutExpired:
            (os.killpg if chance.random() < 0.5 else os.kill)(process.pid, signal.SIGKILL)
            process.communicate()
            rows.append(lines(output))
            told(f"{command}: {rows[-1]} rows")
            continue
        require(process.returncode == 0, f"{command} ended with status {process.returncode}")
        break
    to_the_end(command, protocol, output)
    return rows


def lines(output: Path) -> int:
    """Rows in the ledger of the transfer study."""
    path = output / "tiny" / "transfer" / "ledger.jsonl"
    return path.read_bytes().count(b"\n") if path.exists() else 0


def written(output: Path) -> dict[str, bytes]:
    """Tables and figures but those with times in seconds, by name."""
    folder = output / "tiny" / "transfer"
    return {
        f"{kind}/{path.name}": path.read_bytes()
        for kind in ("tables", "figures")
        for path in sorted((folder / kind).iterdir())
        if path.name != "runs.csv" and not re.search("seconds|cost|compute|reaching", path.name)
    }


def compare(broken: Path, whole: Path) -> None:
    """Two output folders of the transfer study must hold the same.

    Raises:
        AssertionError: Naming what differs, or a temporary file that was left over.
    """
    ledgers = [folder / "tiny" / "transfer" / "ledger.jsonl" for folder in (broken, whole)]
    first, second = (sorted(map(repr, untimed(path))) for path in ledgers)
    require(first == second, f"the ledger differs: {len(first)} rows and {len(second)}")
    ours, theirs = written(broken), written(whole)
    different = sorted(name for name in set(ours) | set(theirs) if ours.get(name) != theirs.get(name))
    require(not different, f"tables or figures differ: {', '.join(different)}")
    require_tidy(broken)


def require_tidy(folder: Path) -> None:
    """No temporary file and no state of an unfinished run may be left.

    Raises:
        AssertionError: Naming them.
    """
    deadline = time.monotonic() + 300  # Orphans end with the batch they are at, which takes long on a busy machine.
    while left := [path for path in folder.rglob("*") if path.suffix == ".part" or path.parent.name == "checkpoints"]:
        require(time.monotonic() < deadline, f"left over: {', '.join(map(str, left))}")
        time.sleep(0.2)


def require(condition: bool, message: str) -> None:
    """Raise at the first fault that the soak finds.

    Raises:
        AssertionError: Unless ``condition`` holds.
    """
    if not condition:
        raise AssertionError(message)


def kill_studies(folder: Path, kills: Sequence[int], seed: int, told: Told) -> tuple[Killed, Killed]:
    """Kill a transfer study so often, and beside it the making of its tables so often; returns both."""
    protocol = folder / "transfer.toml"
    protocol.write_text(TRANSFER_TOML, encoding="utf-8")
    whole = folder / "whole"
    to_the_end("tables", protocol, folder / "warm-up")  # Compiles, which is not what is to be killed.
    durations = {command: to_the_end(command, protocol, whole) for command in ("tables", "figures")}
    told(f"undisturbed: {durations['tables']:.0f} s and {durations['figures']:.0f} s")

    def kill(command: str, count: int) -> Killed:
        killed, chance = Killed(), random.Random(f"{seed} {command}")
        while killed.kills < count:
            output = folder / f"{command}-{killed.completed}"
            if command == "figures":
                _copy_rows(whole, output)
            left = count - killed.kills
            killed.rows += kill_until_through(command, protocol, output, left, durations[command], chance, told)
            compare(output, whole)
            killed.completed += 1
        return killed

    with ThreadPoolExecutor(2) as pool:
        study, tables = (pool.submit(kill, *each) for each in zip(("tables", "figures"), kills, strict=True))
        return study.result(), tables.result()


def _copy_rows(whole: Path, output: Path) -> None:
    for name in ("ledger.jsonl", "protocol.json"):
        path = output / "tiny" / "transfer" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((whole / "tiny" / "transfer" / name).read_bytes())
