"""The ledger of a study: its records are rows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from reproduce.errors import LedgerError
from reproduce.ledger import Ledger, Settings, read_records, require_same
from reproduce.study.protocol import SeedSettings
from reproduce.study.rows import Row, row_from_dict


def open_ledger(path: Path, notify: Callable[[str], None], settings: Settings | None = None) -> Ledger[Row]:
    """The ledger of a study, for its one writer; arguments and errors as of `Ledger`."""
    return Ledger(path, row_from_dict, notify, settings)


def read_rows(path: Path, *, settings: Settings | None = None) -> list[Row]:
    """The rows of a ledger, without opening it for writing; arguments and errors as of `read_records`."""
    return read_records(path, row_from_dict, settings=settings)


def check_same(
    rows: Sequence[Row],
    path: Path,
    *,
    protocol: str,
    data: Mapping[str, str] | None = None,
    backends: Collection[str] | None = None,
    deterministic: bool | None = None,
) -> None:
    """Refuse the rows of another experiment, of both modes, and of one task whose runs started from different weights.

    Args:
        rows: The ledger's rows.
        path: The ledger, for the message.
        protocol: The protocol's hash.
        data: The checksum of each task's data set; None leaves them alone.
        backends: What computes now; None leaves it alone.
        deterministic: Whether runs are made in deterministic mode now; None takes the first row's mode.

    Raises:
        LedgerError: Naming the first field that differs.
    """
    _require_one_mode(rows, path, deterministic)
    first: dict[str, Row] = {}
    for number, row in enumerate(rows, start=1):
        now: dict[str, object] = {"protocol": protocol}
        if data is not None:
            now["data"] = data.get(row.task, "nothing")
        if backends is not None:
            now["backend"] = row.backend if row.backend in backends else " or ".join(backends)
        require_same(row, now, path, number)
        require_same_start(row, first.setdefault(row.task, row), path)


def require_one_run_on(later: Sequence[Row], path: Path, before: SeedSettings, now: SeedSettings) -> None:
    """Refuse to run a task on to another number of seeds than the one that it has rows of already: no third look.

    Args:
        later: The ledger's rows of seeds beyond those of the first look.
        path: The ledger, for the message.
        before: The seeds of the settings that were stored beside it.
        now: The seeds that are asked for.

    Raises:
        LedgerError: Naming the task.
    """
    for task in sorted({row.task for row in later}):
        settled, asked = ((each.run_on_to or {}).get(task) for each in (before, now))
        if asked != settled:
            raise LedgerError(
                f"{path} holds rows of the task {task} with more than its {len(now.final)} planned seeds, run on to "
                f"{settled}; seeds.run_on_to.{task} is {'left out' if asked is None else asked} now. A task is run on "
                f"once (artifact/ANALYSIS.md): give {settled}, or choose another --output"
            )


def _require_one_mode(rows: Sequence[Row], path: Path, now: bool | None) -> None:
    """Bits that are said to be the same each time cannot rest on runs of which that was not asked."""
    expected = now if now is not None or not rows else rows[0].deterministic
    for number, row in enumerate(rows, start=1):
        if row.deterministic != expected:
            here, there = ("with", "without") if row.deterministic else ("without", "with")
            raise LedgerError(
                f"{path}, line {number}: {row.job} was made {here} --deterministic, and "
                f"{'line 1' if now is None else 'this command is'} {there} it; one ledger keeps to one of the two: "
                "give the option as before, or choose another --output"
            )


def require_same_start(row: Row, first: Row, path: Path) -> None:
    """Refuse a run that cannot be compared with the ``first`` of its task, since it started from other weights.

    Raises:
        LedgerError: If so.
    """
    if row.weights != first.weights:
        raise LedgerError(
            f"{path}, task {row.task}: {row.job} started from {row.weights!r}, and {first.job} from {first.weights!r}; "
            "runs of one task must start from the same weights. If ImageNet's could not be fetched for some, give all "
            "the file (--weights FILE) or the network, and choose another --output or move that folder away"
        )
