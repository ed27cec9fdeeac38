"""Tasks that several studies share: the same data, settings and initial weights, whatever each study calls them.

What is said over all studies counts such a task once, and of each optimizer the runs of one study alone: the others
trained the same again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from reproduce.counts import number_of
from reproduce.protocols import plain_settings, settings_hash
from reproduce.report.runs import tasks
from reproduce.study.protocol import Protocol
from reproduce.study.rows import Row

#: Settings of a task that change no number.
_IMMATERIAL = ("name", "runner")


class Place(NamedTuple):
    """A task as one study has it: the study's name and the task's name there."""

    study: str
    task: str


class Runs(NamedTuple):
    """How many runs there are of one optimizer on one task: those reported, and those that chose the rate."""

    final: int
    tuning: int


@dataclass(frozen=True)
class SameTask:
    """One task.

    Attributes:
        places: Where it has runs, in the order of the studies.
    """

    places: tuple[Place, ...]

    @property
    def label(self) -> str:
        """Its first study and its name there: ``"main/cifar10"``."""
        return "/".join(self.places[0])

    def most(self, runs: Mapping[Place, Mapping[str, Runs]]) -> dict[str, Place]:
        """Where each optimizer was run most often, of equals the first place.

        Args:
            runs: Its final runs, and the runs that tuned it, by place and optimizer; only where there are any.
        """
        chosen: dict[str, Place] = {}
        for place in self.places:
            for name, count in runs.get(place, {}).items():
                if name not in chosen or count > runs[chosen[name]][name]:
                    chosen[name] = place
        return chosen


def settings_of_tasks(protocols: Iterable[Protocol]) -> dict[Place, str]:
    """What the tasks of these studies are apart from their names: the hash of each one's settings."""
    return {
        Place(protocol.study, task.name): settings_hash(
            {key: value for key, value in plain_settings(task).items() if key not in _IMMATERIAL}
        )
        for protocol in protocols
        for task in protocol.tasks
    }


def same_tasks(studies: Mapping[str, Sequence[Row]], settings: Mapping[Place, str]) -> list[SameTask]:
    """The different tasks of these studies, in the order of their first rows.

    Args:
        studies: The rows of each study, by its name.
        settings: See `settings_of_tasks`; a task that is missing there is like no other.
    """
    groups: dict[object, list[Place]] = {}
    for study, rows in studies.items():
        first = {row.task: row for row in reversed(rows)}
        for task in tasks(rows):
            place, row = Place(study, task), first[task]
            groups.setdefault((settings.get(place, place), row.data, row.weights), []).append(place)
    return [SameTask(tuple(places)) for places in groups.values()]


def number_repeated(studies: Mapping[str, Sequence[Row]], settings: Mapping[Place, str]) -> int:
    """How many rows repeat another: the same task, optimizer, rate, seed, precision and back end."""
    labels = {place: same.label for same in same_tasks(studies, settings) for place in same.places}
    rows = [(labels[Place(study, row.task)], row) for study, of_study in studies.items() for row in of_study]
    different = {
        (label, row.fingerprint or row.optimizer, row.rate, row.seed, row.precision, row.backend) for label, row in rows
    }
    return len(rows) - len(different)


def repeated_words(repeated: int) -> str:
    """A sentence on runs that repeat others, with a space after it; nothing where there are none."""
    if not repeated:
        return ""
    repeat = "repeats another of the" if repeated == 1 else "repeat others of the"
    return f"{number_of(repeated, 'run')} {repeat} same data, settings, optimizer, rate and seed. "
