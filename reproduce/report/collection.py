"""All that was measured in a profile, read from a folder of results: ``FOLDER/PROFILE/STUDY/``, ledger and settings."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from reproduce.errors import ReproduceError
from reproduce.plain_data import from_plain
from reproduce.published.agreement import Agreement, ReplayOrigin
from reproduce.published.findings import LogFindings
from reproduce.report.results import COMPARED, StudyResults
from reproduce.report.speed import (
    DOOR_COSTS,
    ENGINE,
    FRAMEWORK_TIMES,
    MEMBER_STEPS,
    STEP_COSTS,
    DoorCost,
    EngineSpeed,
    FrameworkTime,
    OptimizerCost,
    StepTime,
    read_door_costs,
    read_engine_speed,
    read_framework_times,
    read_optimizer_costs,
    read_step_times,
)
from reproduce.report.stored_search import StoredComparison, StoredSearch, read_comparison, read_search
from reproduce.results_layout import LEDGER_FILE, SETTINGS_FILE
from reproduce.stored_settings import read_stored_settings, stored_settings
from reproduce.study.ledgers import check_same, read_rows
from reproduce.study.pretraining import read_pretraining
from reproduce.study.protocol import StudyProtocol

_REMEDY = (
    "name with --rows DIR (make: ROWS=DIR) a folder that has them, such as the output of make reproduce-tables, or "
    "leave that out for the rows kept with the repository"
)
#: Studies in the order of the report; others follow by name.
ORDER = (*COMPARED, "schedules", "decays")
_WARMUP = 0.1
#: Where ``import-log`` writes, below its folder.
LOG = Path("published") / "log.json"
#: Folders in which ``replay`` writes, below a profile's, and what it says there of its ledger.
REPLAYS, AGREEMENT = "replay-*", "agreement.json"
T = TypeVar("T")


@dataclass(frozen=True)
class StoredReplay:
    """How far a replay of the published log agreed with it, as ``replay`` writes it.

    Attributes:
        origin: What was computed on what.
        agreement: How far.
    """

    origin: ReplayOrigin
    agreement: Agreement


@dataclass(frozen=True)
class Collection:
    """Everything measured in one profile.

    Attributes:
        profile: The profile's name.
        folder: Where it lies.
        studies: The studies, in the order of the report.
        step_costs: By optimizer; empty where they were not measured.
        search: The search; None where there was none.
        comparison: The searches that were compared; None where none was.
        engine: How fast the engine is; None where that was not measured.
        member_steps: How it scales; empty where that was not measured.
        log: What the published search log says; None where it was not imported.
        door_costs: What a step costs through every door; empty where that was not measured.
        framework_times: What a step costs in the engine and in other frameworks; empty where that was not measured.
        replays: Of the published log, under the published behaviour and under that described here.
    """

    profile: str
    folder: Path
    studies: tuple[StudyResults, ...]
    step_costs: Mapping[str, OptimizerCost]
    search: StoredSearch | None = None
    comparison: StoredComparison | None = None
    engine: EngineSpeed | None = None
    member_steps: Sequence[StepTime] = ()
    log: LogFindings | None = None
    door_costs: Sequence[DoorCost] = ()
    framework_times: Sequence[FrameworkTime] = ()
    replays: Sequence[StoredReplay] = ()

    @property
    def shape(self) -> tuple[float, float]:
        """Shares of a run of the main study in which the rate rises, and stays at its peak; without one, of most."""
        main = self.study("main")
        if main is None:
            return _WARMUP, 0.0
        training = main.protocol.tasks[0].training
        return training.warmup_fraction, training.hold_fraction

    def study(self, name: str) -> StudyResults | None:
        """A study by its name; None if it is not there."""
        return next((study for study in self.studies if study.name == name), None)


def profiles_in(folder: Path) -> list[str]:
    """The profiles that have results below ``folder``."""
    return sorted({path.parent.parent.name for path in folder.glob(f"*/*/{SETTINGS_FILE}")})


def read_collection(folder: Path, profile: str) -> Collection:
    """Everything measured in a profile; of what is not there, nothing.

    Raises:
        LedgerError: If a ledger cannot be read or does not fit the settings beside it.
        ProtocolError: If settings cannot be read.
        ReproduceError: If what was measured of speed cannot be read.
    """
    place = folder / profile
    found = [read_study(path.parent) for path in sorted(place.glob(f"*/{LEDGER_FILE}")) if _is_study(path.parent)]
    ordered = sorted(found, key=lambda study: (_rank(study.name), study.name))
    return Collection(
        profile=profile,
        folder=place,
        studies=tuple(ordered),
        step_costs=_measured(place, STEP_COSTS, read_optimizer_costs) or {},
        search=read_search(place),
        comparison=read_comparison(place),
        engine=_measured(place, ENGINE, read_engine_speed),
        member_steps=_measured(place, MEMBER_STEPS, read_step_times) or (),
        log=_measured(place, LOG, _read_log),
        door_costs=_measured(place, DOOR_COSTS, read_door_costs) or (),
        framework_times=_measured(place, FRAMEWORK_TIMES, read_framework_times) or (),
        replays=[_read_replay(path) for path in sorted(place.glob(f"{REPLAYS}/{AGREEMENT}"))],
    )


def read_study(folder: Path) -> StudyResults:
    """The study whose ledger and settings lie in ``folder``.

    Raises:
        LedgerError: If the ledger cannot be read, or its rows were made under other settings than these.
        ProtocolError: If the settings are not those of a study as this version reads them.
    """
    protocol = read_stored_settings(folder / SETTINGS_FILE, StudyProtocol)
    rows = read_rows(folder / LEDGER_FILE)
    check_same(rows, folder / LEDGER_FILE, protocol=protocol.hash())
    return StudyResults(protocol, protocol.optimizers.entrants, tuple(rows), read_pretraining(folder))


def require_results(folder: Path, profiles: Sequence[str]) -> None:
    """Refuse a folder without results, or without those of a profile that is asked for.

    Raises:
        ReproduceError: Naming what there is.
    """
    if not folder.is_dir():
        raise ReproduceError(f"no folder {folder} to read rows from; {_REMEDY}")
    there = profiles_in(folder)
    if not there:
        raise ReproduceError(f"no results in {folder}, expected {folder}/PROFILE/STUDY/{SETTINGS_FILE}; {_REMEDY}")
    lacking = [profile for profile in profiles if profile not in there]
    if lacking:
        raise ReproduceError(
            f"no results of the profile {lacking[0]} in {folder}; there are: {', '.join(there)}; {_REMEDY}"
        )


def _is_study(folder: Path) -> bool:
    """Whether the settings are those of a study; a search has its own, and a replay those of a search."""
    return not folder.match(REPLAYS) and "study" in stored_settings(folder / SETTINGS_FILE)


def _measured(place: Path, name: Path, read: Callable[[Path], T]) -> T | None:
    """The contents of a file of measurements: the profile's, or one for all profiles; None where there is neither."""
    paths = (path for path in (place / name, place.parent / name) if path.is_file())
    return next(map(read, paths), None)


def _read_log(path: Path) -> LogFindings:
    try:
        return from_plain(LogFindings, json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, RecursionError) as error:
        raise ReproduceError(f"cannot read {path}: {error}; import-log writes it again") from None


def _read_replay(path: Path) -> StoredReplay:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        origin = from_plain(ReplayOrigin, document.pop("origin"), "origin")
        return StoredReplay(origin, from_plain(Agreement, document))
    except (OSError, ValueError, RecursionError, AttributeError, KeyError) as error:
        raise ReproduceError(f"cannot read {path}: {error}; replay writes it again") from None


def _rank(name: str) -> int:
    return ORDER.index(name) if name in ORDER else len(ORDER)
