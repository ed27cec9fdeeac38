"""Faults, each brought about on purpose: the run survives it, or refuses to go on and says why."""

import os
import random
import re
import resource
import shutil
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import numpy as np

from reproduce.data import load_dataset
from reproduce.errors import DataError, LedgerError, ReproduceError, WorkerError
from reproduce.executors.executor import Executor
from reproduce.executors.processes import ProcessWorkers
from reproduce.files import write_bytes
from reproduce.ledger import Ledger, read_records
from reproduce.search.records import entry_from_dict
from reproduce.study.plan import Plan
from reproduce.study.rows import Row
from reproduce.training.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from tests.data.cases import FOLDER, make_pets, pack
from tests.data.published import INNER, PUBLISHED, as_tar, as_zip, packed_inside
from tests.processes import in_child
from tests.search.fakes import FakeScorer, search
from tests.search.kills import untimed
from tests.soak.kills import ROOT, require
from tests.study.cases import ENTRANTS, TINY, InventedWork

#: Nobody, where the superuser must be someone else to be refused anything.
_NOBODY = 65534


class CannotTryError(Exception):
    """This machine does not let the fault be brought about; the text says why."""


@dataclass(frozen=True)
class Fault:
    """One fault.

    Attributes:
        name: What goes wrong.
        expected: What must come of it.
        act: Brings it about in an empty folder and checks what comes of it; returns what was seen.
        times: How often it is brought about.
    """

    name: str
    expected: str
    act: Callable[[Path, random.Random], str]
    times: int


def refused(kind: type[Exception], word: str, work: Callable[[], object], *others: str) -> str:
    """``work`` must raise this error with ``word``, or one of the others, in its text; returns the text.

    Raises:
        AssertionError: If it does not.
    """
    try:
        work()
    except kind as error:
        require(any(each in str(error) for each in (word, *others)), f"expected {word!r} in: {error}")
        return str(error)
    raise AssertionError(f"went on where it should say {word!r}")


def same_search(path: Path, folder: Path) -> None:
    """Go on with the search at ``path``: it must end as one that was left alone."""
    whole = folder / "whole.jsonl"
    if not whole.exists():
        search(whole)
    search(path)
    require(untimed(path) == untimed(whole), "the ledger differs from that of a search left alone")


def full_disk_under_a_ledger(folder: Path, chance: random.Random) -> str:
    path, most = folder / "search.jsonl", chance.randint(200, 12_000)

    def work() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        refused(LedgerError, "records are safe: make room and start again", lambda: search(path))

    require(in_child(work) == 0, "the full disk was not refused in words")
    content = path.read_bytes()
    require(content == b"" or content.endswith(b"\n"), "half a record stayed")
    same_search(path, folder)
    return "refused by name; whole records kept; went on to the same ledger"


def full_disk_under_a_table(folder: Path, chance: random.Random) -> str:
    path, most = folder / "table.csv", chance.randint(1, 4000)
    write_bytes(path, b"before")

    def work() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        refused(ReproduceError, "cannot write", lambda: write_bytes(path, bytes(most + chance.randint(1, 9999))))

    require(in_child(work) == 0, "the full disk was not refused in words")
    require(path.read_bytes() == b"before" and list(folder.iterdir()) == [path], "the file or its folder changed")
    return "refused by name; the old file is as it was, nothing beside it"


def read_only_folder(folder: Path, chance: random.Random) -> str:
    place = folder / "locked"
    place.mkdir()
    place.chmod(0o555)

    def work() -> None:
        if os.geteuid() == 0:
            os.setgroups([])
            os.setuid(_NOBODY)
        refused(LedgerError, "cannot write the ledger", lambda: Ledger(place / "l.jsonl", entry_from_dict, list))
        refused(ReproduceError, "cannot write", lambda: write_bytes(place / "table.csv", b""))

    if os.geteuid() == 0 and in_child(lambda: os.setuid(_NOBODY)) != 0:
        raise CannotTryError("the superuser cannot become anyone else here")
    for each in (folder, *folder.parents):
        if os.geteuid() == 0 and each.stat().st_uid == 0 and each != Path("/"):
            each.chmod(each.stat().st_mode | 0o055)
    require(in_child(work) == 0, "the folder was not refused in words")
    return "refused by name"


def clock_that_jumps(folder: Path, chance: random.Random) -> str:
    path = folder / "search.jsonl"

    def jumping() -> float:
        return chance.uniform(-1e9, 1e9)

    def work() -> None:
        with mock.patch.multiple(time, time=jumping, monotonic=jumping, perf_counter=jumping):
            search(path, FakeScorer(batch=2))

    require(in_child(work) == 0, "the search failed")
    same_search(path, folder)
    return "the same ledger but for its times"


def device_out_of_memory(folder: Path, chance: random.Random) -> str:
    command = [sys.executable, "-m", "tests.soak.device", f"{chance.choice((1, 2, 4))}"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    require(ended.returncode == 0, ended.stderr[-500:])
    return "halved until it fitted, same losses; refused by name where not even one fits"


def _run_pool(folder: Path, **deaths: object) -> list[Row]:
    rows: list[Row] = []
    with Executor(ProcessWorkers(1, folder / "log"), list) as pool:
        for _, row in pool.run(InventedWork(folder, **deaths), lambda: Plan(TINY, ENTRANTS, rows).jobs()):
            rows.append(row)
    return rows


def worker_lost(folder: Path, chance: random.Random) -> str:
    name = chance.choice(TINY.optimizers.names)
    rows = _run_pool(folder, dies_at=f"{name} on digits at rate 0.1,", deaths=1)
    require(Plan(TINY, ENTRANTS, rows).jobs() == [], "not all runs were done")
    require(len({row.job for row in rows}) == len(rows), "a run was recorded twice")
    return "its run was done again in a new one; every run recorded once"


def worker_lost_twice(folder: Path, chance: random.Random) -> str:
    name = chance.choice(TINY.optimizers.names)
    refused(
        WorkerError,
        f"running {name} on digits at rate 0.1",
        lambda: _run_pool(folder, dies_at=f"{name} on digits at rate 0.1,", deaths=2),
    )
    return "refused by name of the run"


def corrupted_line(folder: Path, chance: random.Random) -> str:
    path = folder / "search.jsonl"
    search(path)
    lines = path.read_bytes().split(b"\n")
    number = chance.randrange(len(lines) - 2)
    place = chance.randrange(len(lines[number]))
    lines[number] = lines[number][:place] + b"\x00" + lines[number][place + 1 :]
    path.write_bytes(b"\n".join(lines))
    refused(LedgerError, f"line {number + 1} is not a record", lambda: search(path))
    require(path.read_bytes() == b"\n".join(lines), "the ledger was changed")
    return "refused by number of the line; nothing changed"


def changed_record(folder: Path, chance: random.Random) -> str:
    path = folder / "search.jsonl"
    search(path)
    lines = path.read_bytes().splitlines(keepends=True)
    number = chance.randrange(1, len(lines) - 1)
    left = b"".join([*lines[:number], *lines[number + 1 :]])
    path.write_bytes(left)
    # Where what is missing is a sample, the first line that does not fit may be its score, further on.
    said = refused(LedgerError, " is not what this search comes to", lambda: search(path), " is out of place")
    named = re.search(r"line (\d+) is ", said)
    require(named is not None and number < int(named[1]) <= len(lines) - 1, f"no line after {number} in: {said}")
    require(path.read_bytes() == left, "the ledger was changed")
    return "refused by number of the first line that does not fit; nothing changed"


def torn_last_line(folder: Path, chance: random.Random) -> str:
    path = folder / "search.jsonl"
    search(path)
    content = path.read_bytes()
    path.write_bytes(content[: chance.randrange(1, len(content) - 1)])
    kept = len(read_records(path, entry_from_dict))
    same_search(path, folder)
    return "the half line was dropped, the whole ones kept" if kept else "begun anew"


def _packed(folder: Path, chance: random.Random) -> Path:
    """An archive of class folders, or of a data set as it is published, archives inside among it."""
    suffix, mode = chance.choice(
        ((".tar", ""), (".tar.gz", "gz"), (".tar.xz", "xz"), (".tar.bz2", "bz2"), (".zip", ""))
    )
    name = chance.choice(("", *PUBLISHED))
    if not name:
        return pack(make_pets(folder / "pets"), folder / f"pets{suffix}", mode)
    root, make = PUBLISHED[name]
    files, _ = make()
    if name in INNER and chance.random() < 0.5:
        files = packed_inside(name, files)
    if suffix == ".zip":
        return as_zip(files, folder / f"{root}.zip", root)
    archive = folder / f"{root}{suffix}"
    archive.write_bytes(as_tar(files, root, mode))
    return archive


def truncated_archive(folder: Path, chance: random.Random) -> str:
    archive = _packed(folder, chance)
    load_dataset(FOLDER, archive)  # While it is whole.
    content = archive.read_bytes().rstrip(b"\0")  # A tar ends in any number of zeros, which nobody misses.
    archive.write_bytes(content[: int(len(content) * chance.uniform(0.02, 0.98))])
    refused(DataError, "is damaged or cut short", lambda: load_dataset(FOLDER, archive, folder / "cache"))
    require(not (folder / "cache").exists(), "something of it was kept")
    return "refused by name; nothing of it was kept"


def torn_checkpoint(folder: Path, chance: random.Random) -> str:
    path = folder / "run.npz"
    write_checkpoint(path, Checkpoint("run", np.zeros((2, 4)), 1.0, [np.arange(1000.0)]))
    content = path.read_bytes()
    require(read_checkpoint(path, "run") is not None, "a whole one is not read")
    path.write_bytes(content[: chance.randrange(len(content))])
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        require(read_checkpoint(path, "run") is None, "half of one was taken")
    require(len(told) == 1 and "damaged" in str(told[0].message), "nothing was said of it")
    return "not taken, and said so: the run begins anew"


def two_runs_on_one_folder(folder: Path, chance: random.Random) -> str:
    path = folder / "search.jsonl"
    code = (
        "import sys; from pathlib import Path; from tests.search.fakes import FakeScorer, search; "
        "search(Path(sys.argv[1]), FakeScorer(batch=2, seconds=0.05))"
    )
    first = subprocess.Popen([sys.executable, "-c", code, str(path)], cwd=ROOT)
    try:
        deadline = time.monotonic() + 120
        while not path.exists() or not path.stat().st_size:
            require(first.poll() is None and time.monotonic() < deadline, "the first run did not begin")
            time.sleep(0.01)
        refused(LedgerError, "is in use by another process", lambda: search(path))
        require(first.wait(timeout=120) == 0, "the first run was disturbed")
    finally:
        first.kill()
        first.wait()
    same_search(path, folder)
    return "the second was refused by name, the first ended as if alone"


FAULTS = (
    Fault("disk full under a ledger", "refused; resumes to the same ledger", full_disk_under_a_ledger, 5),
    Fault("disk full under a table", "refused; the old file stays", full_disk_under_a_table, 20),
    Fault("read-only folder", "refused", read_only_folder, 2),
    Fault("clocks that jump by up to 30 years at every look", "survived", clock_that_jumps, 3),
    Fault("a line of a ledger corrupted", "refused; the ledger stays", corrupted_line, 5),
    Fault("a line of a search's ledger missing", "refused", changed_record, 5),
    Fault("a ledger torn anywhere", "survived", torn_last_line, 5),
    Fault("a checkpoint torn anywhere", "survived", torn_checkpoint, 20),
    Fault("an archive of images cut short anywhere", "refused", truncated_archive, 20),
    Fault("two runs on one folder", "the second refused, the first survived", two_runs_on_one_folder, 1),
    Fault("a worker process lost", "survived", worker_lost, 1),
    Fault("two worker processes lost over one run", "refused", worker_lost_twice, 1),
    Fault("device out of memory", "survived by halving the batch, or refused", device_out_of_memory, 3),
)


def bring_about(fault: Fault, folder: Path, chance: random.Random, times: int) -> str:
    """Bring a fault about so often, each time in an empty folder; what was seen, where it differed in several ways.

    Raises:
        AssertionError: If it was neither survived nor refused as expected.
        CannotTryError: If it cannot be brought about here.
    """
    seen: dict[str, None] = {}
    for number in range(times):
        place = folder / f"{number}"
        place.mkdir(parents=True)
        try:
            seen[fault.act(place, chance)] = None
        except AssertionError as error:
            raise AssertionError(f"{fault.name}: {error}") from error
        finally:
            shutil.rmtree(place, ignore_errors=True)
    return "; or ".join(seen)
