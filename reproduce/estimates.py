"""Parts of an estimate of cost: spans, measured steps, and the cost of the runs left of one task."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

from reproduce.errors import ReproduceError
from reproduce.machine import is_cpu_name
from reproduce.results_layout import LEDGER_FILE, SETTINGS_FILE

_Settings = TypeVar("_Settings")
_Record = TypeVar("_Record")


def stored_records(
    folders: Iterable[Path],
    name: str,
    read_settings: Callable[[Path], _Settings],
    read_records: Callable[[Path], list[_Record]],
) -> Iterator[tuple[int, _Settings, list[_Record]]]:
    """Size, settings and records of each ledger under ``folders``, as PROFILE/NAME.

    One that cannot be read is passed over: it is of another kind, or of an older version.

    Args:
        folders: Where profiles lie.
        name: See above; a star stands for any.
        read_settings: Reads the settings beside a ledger.
        read_records: Reads the ledger.
    """
    for ledger in sorted({path for folder in folders for path in folder.glob(f"*/{name}/{LEDGER_FILE}")}):
        try:
            found = read_settings(ledger.with_name(SETTINGS_FILE)), read_records(ledger)
        except ReproduceError:
            continue
        yield ledger.stat().st_size, *found


@dataclass(frozen=True)
class Span:
    """From what is certain to what it can grow to."""

    low: float
    high: float

    def times(self, factor: float) -> Span:
        """Multiply both ends by ``factor``."""
        return Span(self.low * factor, self.high * factor)


@dataclass(frozen=True)
class StepCost:
    """Measured steps of one kind.

    Attributes:
        seconds: Of one step. Of a study's runs the median over optimizers of their median, measuring after each epoch
            included; of candidates of a search the mean, each with its share where several are trained at once.
        by_optimizer: Each optimizer's median.
        device: Where they were measured.
        num_runs: From how many runs.
    """

    seconds: float
    by_optimizer: Mapping[str, float]
    device: str
    num_runs: int

    @property
    def on_cpu(self) -> bool:
        """Whether that was a processor; on one, each worker has a core."""
        return is_cpu_name(self.device)


@dataclass(frozen=True)
class TaskEstimate:
    """The cost of one task's runs with one runner.

    Attributes:
        study: The study; or "search" or "elimination".
        task: The task; or the stage or round.
        runner: What trains: "engine" or "keras".
        runs: Runs that have no row yet.
        steps: Steps of all of them; None where the data set's size is not known.
        counted: What samples were counted by to know the steps: the data at hand, or their published number.
        seconds: Of all runs, one after another; None without measured steps of this kind, or without ``steps``.
        measured: What ``seconds`` rests on; None without.
        num_bytes: Of the rows to come, and of the decoded data set where it is at hand.
        by_workers: Whether several worker processes share the runs.
    """

    study: str
    task: str
    runner: str
    runs: Span
    steps: Span | None
    counted: Literal["data", "published"]
    seconds: Span | None
    measured: StepCost | None
    num_bytes: float
    by_workers: bool = True

    def minutes(self, num_workers: int) -> Span | None:
        """Wall time with that many workers, which share a device that is not a processor."""
        if self.seconds is None or self.measured is None:
            return None
        return self.seconds.times(1 / 60 / (num_workers if self.measured.on_cpu and self.by_workers else 1))

    def gpu_hours(self) -> Span | None:
        """Hours of the device; 0 where it is a processor."""
        if self.seconds is None or self.measured is None:
            return None
        return Span(0.0, 0.0) if self.measured.on_cpu else self.seconds.times(1 / 3600)
