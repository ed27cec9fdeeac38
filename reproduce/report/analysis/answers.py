"""The question in one line a task: the best of the paper's optimizers beside the best tuned baseline."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from reproduce.report.analysis.families import Difference
from reproduce.report.analysis.studies import Compared, against, best_against_best, origin_of
from reproduce.report.results import COMPARED, Result, StudyResults
from reproduce.study.protocol import TaskSettings

#: Studies that compare every optimizer, in this order.
_STUDIES = (*COMPARED, "lengths", "transfer_learning")
_TITLES: Mapping[str, str] = {
    "cifar10": "CIFAR-10",
    "cifar100": "CIFAR-100",
    "tiny_imagenet": "Tiny ImageNet",
    "flowers102": "Flowers 102",
    "cars196": "Cars 196",
    "caltech101": "Caltech 101",
}
_STARTS: Mapping[str, str] = {"pretrained": "pretrained", "imagenet": "from ImageNet weights"}


@dataclass(frozen=True)
class TaskAnswer:
    """The answer of one task.

    Attributes:
        profile: The profile.
        study: The study.
        task: The task.
        data: The data set in words, with the size of its images.
        steps: Updates of a run.
        device: What the runs were measured on.
        compared: The best evolved optimizer beside the best baseline.
        difference: Their difference.
        missed: The baselines that tuning did not choose, and whose test accuracies are better than the chosen one's.
    """

    profile: str
    study: str
    task: str
    data: str
    steps: int
    device: str
    compared: Compared
    difference: Difference
    missed: tuple[Compared, ...]


def answers(profile: str, studies: Iterable[StudyResults]) -> Iterator[TaskAnswer]:
    """An answer for each task on which every optimizer is tuned and the two best were run on all planned seeds."""
    by_name = {study.name: study for study in studies}
    for study in (by_name[name] for name in _STUDIES if name in by_name):
        for task in study.protocol.tasks:
            found = best_against_best(study, task.name)
            if found is not None and found.difference is not None and found.difference.verdict != "NOT RUN":
                finals = found.result.finals
                yield TaskAnswer(
                    profile=profile,
                    study=study.name,
                    task=task.name,
                    data=data_words(task),
                    steps=max(row.steps for row in finals),
                    device="; ".join(sorted({row.device for row in finals})),
                    compared=found,
                    difference=found.difference,
                    missed=_missed(study, task.name, found.reference),
                )


def _missed(study: StudyResults, task: str, chosen: Result) -> tuple[Compared, ...]:
    return tuple(
        each
        for each in against(study, task, chosen)
        if origin_of(each.result.entrant) == "baseline" and each.difference and each.difference.verdict == "SUPPORTED"
    )


def data_words(task: TaskSettings) -> str:
    """A task's data set, the size of its images and where weights start: ``"CIFAR-10, 16 px"``."""
    pixels = getattr(task.data, "image_size", None)
    size = f"{pixels} px" if pixels else ""
    parts = (_TITLES.get(task.data.source, task.data.source), size, _STARTS.get(task.model.start, ""))
    return ", ".join(part for part in parts if part)
