"""Protocols: every setting of a study that can change a number, from ``artifact/protocols/PROFILE/STUDY.toml``."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from reproduce.data.settings import DataSettings, leaking_setting
from reproduce.errors import ProtocolError
from reproduce.models.settings import ModelSettings
from reproduce.plain_data import read_settings, require, require_seeds
from reproduce.protocols import (
    find_protocol,
    is_path,
    parse_table,
    plain_settings,
    protocol_files,
    read_protocol,
    require_names,
    settings_hash,
)
from reproduce.stored_form import stored_study
from reproduce.study.looks import later_seeds, require_second_look
from reproduce.tasks.optimizers import Entrant, make_entrant, require_free_names, roster
from reproduce.tasks.rates import RateGrid
from reproduce.tasks.task import Task
from reproduce.tasks.trainer import TrainerName, trainer_of
from reproduce.training.settings import PretrainingSettings, TrainingSettings


@dataclass(frozen=True)
class TaskSettings:
    """One task: data, a network and the way it is trained.

    Attributes:
        name: The task's name in rows and tables.
        runner: "engine" trains many runs in one program and has some networks, the catalog's optimizers and those of
            Optax alone; "keras" trains one run after another; "auto" takes the engine for whatever it has.
        data: See `DataSettings`.
        model: See `ModelSettings`.
        training: See `TrainingSettings`.
        pretraining: How the weights of a model of start "pretrained" are trained first; None for other models.
    """

    name: str
    runner: Literal["auto", "engine", "keras"]
    data: DataSettings
    model: ModelSettings
    training: TrainingSettings
    pretraining: PretrainingSettings | None = None

    def __post_init__(self) -> None:
        start = self.model.start
        wanted = "given" if start == "pretrained" else "left out"
        fits = (self.pretraining is not None) == (start == "pretrained")
        require(fits, "pretraining", self.pretraining, f"{wanted} where model.start is {start!r}")
        require(re.fullmatch(r"[\w.-]+", self.name) is not None, "name", self.name, "letters, digits and any of _ . -")
        if self.pretraining is not None:
            self._keep_apart(self.pretraining.data)

    @property
    def task(self) -> Task:
        """The task that optimizers are trained on."""
        return Task(self.data, self.model, self.training)

    def trainer(self, entrant: Entrant) -> TrainerName:
        """Find what trains an optimizer on this task; errors as of `trainer_of`."""
        return trainer_of(self.name, self.task, entrant, self.runner)

    def pretrainer(self, settings: PretrainingSettings) -> TrainerName:
        """Find what trains the weights that runs of this task start from; errors as of `trainer_of`."""
        task = Task(settings.data, dataclasses.replace(self.model, start="scratch"), settings.training)
        entrant = make_entrant(settings.optimizer, "pretraining.optimizer")
        return trainer_of(f"{self.name}, pretraining", task, entrant, self.runner)

    def _keep_apart(self, other: DataSettings) -> None:
        name = leaking_setting(self.data, other)
        if name is not None:
            reason = (
                f"{getattr(self.data, name)!r} as in data, or weights would be trained on what they are tested with"
            )
            require(False, f"pretraining.data.{name}", getattr(other, name), reason)


@dataclass(frozen=True)
class SeedSettings:
    """Seeds of weights, batches and dropout; one seed gives every optimizer the same of each.

    Attributes:
        tune: Seeds of the runs that choose the rate.
        final: Fresh seeds of the runs that are reported, at the chosen rate.
        run_on_to: By task, how many final seeds it has in all once it is run on, see `reproduce.study.looks`; left out
            where none is. It takes no part in the protocol's hash, so that the rows of the first look stay.
    """

    tune: tuple[int, ...]
    final: tuple[int, ...]
    run_on_to: Mapping[str, int] | None = field(default=None, hash=False)

    def __post_init__(self) -> None:
        require_seeds("tune", self.tune)
        require_seeds("final", self.final)
        fresh = not set(self.tune) & set(self.final)
        require(fresh, "final", list(self.final), f"fresh seeds, none of tune = {list(self.tune)}")
        require(self.run_on_to != {}, "run_on_to", {}, "left out where no task is run on")
        for task, total in (self.run_on_to or {}).items():
            require_second_look(f"run_on_to.{task}", total, len(self.final))

    def final_of(self, task: str) -> tuple[int, ...]:
        """The final seeds of a task: those of the first look, then those that it is run on with."""
        total = (self.run_on_to or {}).get(task, len(self.final))
        return self.final + later_seeds(total - len(self.final), (*self.tune, *self.final))


@dataclass(frozen=True)
class OptimizerSettings:
    """Which optimizers take part.

    A name may end in "-nodecay", for an optimizer of the catalog without its decay functions and schedule factor, and
    then in "+LR1" to "+LR9", for one whose learning rate that evolved schedule multiplies, or in "+linear", for one
    whose rate falls on a straight line instead of half a cosine.

    Attributes:
        catalog: Names in the catalog of `paper_optimizers`.
        keras: Names of Keras' own optimizers, which run with Keras' default settings but for the rate.
        reference: The optimizer that differences are taken to.
        optax: Names of `reproduce.tasks.optimizers.OPTAX`, which the engine trains as transformations of Optax; left
            out where there are none.
        specs: Optimizers that are written out here, by the names that they get, in the notation of
            `OptimizerSpec.from_text`: those that a search found. Left out where there are none.
        weight_decays: By name, the weight decays that are tuned beside the rate; an optimizer that is not here has
            none, or its own.
        equal_mean_rates: Whether schedules are scaled to the mean rate that a run has without them, so that no
            schedule gains by being a larger rate; left out, they are not.
    """

    catalog: tuple[str, ...]
    keras: tuple[str, ...]
    reference: str
    optax: tuple[str, ...] | None = None
    specs: Mapping[str, str] | None = field(default=None, hash=False)
    weight_decays: Mapping[str, tuple[float, ...]] | None = field(default=None, hash=False)
    equal_mean_rates: bool | None = None

    def __post_init__(self) -> None:
        every = self.names
        require(len(every) > 0, "catalog", list(self.catalog), "at least one optimizer here or in keras")
        twice = sorted({name for name in every if every.count(name) > 1})
        require(not twice, "keras", list(self.keras), f"each name once; twice: {', '.join(twice)}")
        require(self.optax != (), "optax", [], "left out where there are none")
        require(self.specs != {}, "specs", {}, "left out where there are none")
        require(self.reference in every, "reference", self.reference, "one of the optimizers of this protocol")
        for name, decays in (self.weight_decays or {}).items():
            require(name in every, "weight_decays", name, "one of the optimizers of this protocol")
            good = len(decays) >= 2 and min(decays) >= 0 and len(set(decays)) == len(decays)
            require(good, f"weight_decays.{name}", list(decays), "two or more different numbers, none negative")

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all optimizers, in the order of the tables."""
        return tuple(name for names in (*self.lists, self.specs or {}) for name in names)

    @property
    def entrants(self) -> tuple[Entrant, ...]:
        """All optimizers that compete, in the order of the tables; errors as of `roster`."""
        return roster(*self.lists, self.specs, equal_mean=bool(self.equal_mean_rates))

    @property
    def lists(self) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
        """The names from the catalog, from Keras and from Optax."""
        return self.catalog, self.keras, self.optax or ()

    def decays_of(self, optimizer: str) -> tuple[float | None, ...]:
        """The weight decays it is tuned over; None where it has none to choose."""
        return (self.weight_decays or {}).get(optimizer, (None,))


@dataclass(frozen=True)
class StudyProtocol:
    """All settings of one study.

    Attributes:
        profile: The profile it belongs to, the name of its file's folder.
        study: Its name, that of its file.
        description: What it is for, in a sentence.
        tasks: See `TaskSettings`.
        rates: See `RateGrid`.
        seeds: See `SeedSettings`.
        optimizers: See `OptimizerSettings`.
        folder: The data of the one task when ``--data-dir`` names a data set to be used in its place; None where
            ``--data-dir`` is where the tasks' own data sets lie.
    """

    profile: str
    study: str
    description: str
    tasks: tuple[TaskSettings, ...]
    rates: RateGrid
    seeds: SeedSettings
    optimizers: OptimizerSettings
    folder: DataSettings | None = None

    def __post_init__(self) -> None:
        require(len(self.tasks) > 0, "tasks", [], "at least one task")
        names = [task.name for task in self.tasks]
        require(len(set(names)) == len(names), "tasks", names, "tasks of different names")
        alone = self.folder is None or len(self.tasks) == 1
        require(alone, "folder", names, "left out of a protocol of several tasks")
        for name in self.seeds.run_on_to or {}:
            require(name in names, "seeds.run_on_to", name, f"a task of this protocol: {', '.join(names)}")

    def task(self, name: str) -> TaskSettings:
        """The task called ``name``."""
        return next(task for task in self.tasks if task.name == name)

    def only(self, name: str) -> StudyProtocol:
        """The same study of one of its tasks alone."""
        return self._of(self.task(name), name)

    def on_folder(self, name: str) -> StudyProtocol:
        """The same study of the data set that ``--data-dir`` names; ``name`` is its name.

        Raises:
            ProtocolError: If the study has no settings ``folder``.
        """
        if self.folder is None:
            raise ProtocolError(f"study {self.study} has no table [folder], so its data cannot be replaced")
        task = dataclasses.replace(self.tasks[0], name=name, data=self.folder)
        return dataclasses.replace(self._of(task, self.tasks[0].name), study=f"{self.study}-{name}")

    def to_dict(self) -> dict[str, Any]:
        """The settings as plain data in their stored form."""
        return stored_study(plain_settings(self))

    def hash(self) -> str:
        """16 hexadecimal digits of the settings' stored form; description, ``run_on_to`` and None do not count."""
        counted = {key: value for key, value in self.to_dict().items() if key != "description"}
        counted["seeds"] = {key: value for key, value in counted["seeds"].items() if key != "run_on_to"}
        return settings_hash(counted)

    def _of(self, task: TaskSettings, name: str) -> StudyProtocol:
        """The study of ``task`` alone, run on as far as the task that is called ``name`` here."""
        total = (self.seeds.run_on_to or {}).get(name)
        seeds = dataclasses.replace(self.seeds, run_on_to=None if total is None else {task.name: total})
        return dataclasses.replace(self, tasks=(task,), seeds=seeds)


def load_protocol(profile: str, study: str = "main") -> StudyProtocol:
    """Read the protocol of this project for ``study`` in ``profile``, or the TOML file at the path ``profile``.

    Raises:
        ProtocolError: If there is none, or `parse_protocol` refuses it.
    """
    path = find_protocol(profile, study)
    if path is None or not (is_path(profile) or _is_study(path)):
        raise ProtocolError(_unknown(profile, study))
    protocol = _read(read_protocol(path), str(path))
    require_names(protocol, path, {"study": path.stem} if is_path(profile) else {"study": study, "profile": profile})
    return protocol


def parse_protocol(text: str, origin: str = "protocol") -> StudyProtocol:
    """Read a protocol from TOML text; ``origin`` names it in errors.

    The top level may hold ``runner``, [data], [model], [training] and [pretraining]: what every task and [folder] take
    from there unless they say otherwise, key by key. [pretraining] takes its data and training from there too.

    Raises:
        ProtocolError: Naming the key, for text that is not TOML and for any unknown, missing, ill-typed or
            out-of-range field.
    """
    return _read(parse_table(text, origin), origin)


def studies(profile: str) -> tuple[str, ...]:
    """The studies of a profile, by name."""
    return tuple(path.stem for path in protocol_files() if path.parent.name == profile and _is_study(path))


def profiles() -> tuple[str, ...]:
    """The profiles that have a study, by name."""
    return tuple(sorted({path.parent.name for path in protocol_files() if _is_study(path)}))


def _read(table: dict[str, Any], origin: str) -> StudyProtocol:
    protocol = read_settings(StudyProtocol, _spread(table), origin)
    require_free_names(protocol.optimizers.specs or {})
    return protocol


def _spread(table: dict[str, Any]) -> dict[str, Any]:
    """The table with what its tasks share written into each of them."""
    shared = {key: table[key] for key in ("runner", "data", "model", "training", "pretraining") if key in table}
    own = {key: value for key, value in table.items() if key not in shared}
    if "pretraining" in shared:
        same = {key: shared[key] for key in ("data", "training") if key in shared}
        shared["pretraining"] = _over(same, shared["pretraining"])
    if isinstance(own.get("tasks"), list):
        own["tasks"] = [_over(shared, task) for task in own["tasks"]]
    if "folder" in own:
        own["folder"] = _over(shared.get("data", {}), own["folder"])
    return own


def _over(shared: Any, own: Any) -> Any:
    if not isinstance(shared, dict) or not isinstance(own, dict):
        return own
    return {**shared, **{key: _over(shared.get(key), value) for key, value in own.items()}}


def _unknown(profile: str, study: str) -> str:
    if profile in profiles():
        own = " (a search and its rounds of elimination have a command each: make search)"
        more = "" if find_protocol(profile, study) is None else own
        return f"profile {profile} has no study {study!r}; there are: {', '.join(studies(profile))}{more}"
    return f"no profile {profile!r}; there are: {', '.join(profiles()) or 'none'} (or give a path ending in .toml)"


def _is_study(path: Path) -> bool:
    """Whether a file is a study's; one that cannot be read is none."""
    try:
        return "study" in read_protocol(path)
    except ProtocolError:
        return False
