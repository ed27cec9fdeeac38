"""The rates in the catalog's files: peak learning rates that worked in the kept rows."""

from __future__ import annotations

import json
from functools import cache
from typing import NamedTuple

from paper_optimizers import names
from paper_optimizers.catalog import MeasuredRates
from reproduce.files import write_bytes
from reproduce.report.analysis.answers import data_words
from reproduce.report.cards.card import Card
from reproduce.report.cards.index import all_cards
from reproduce.report.collection import Collection
from reproduce.report.figures.rates import sensitivity
from reproduce.report.pages import ROOT
from reproduce.report.pages.answer import kept_collections
from reproduce.report.results import COMPARED, StudyResults


class StudyTask(NamedTuple):
    """A task of a study that compares every optimizer."""

    study: StudyResults
    task: str

    @property
    def title(self) -> str:
        """Its data set in words."""
        return data_words(next(each for each in self.study.protocol.tasks if each.name == self.task))

    @property
    def updates(self) -> int:
        """Updates of its longest run."""
        return max((row.steps for row in self.study.rows if row.task == self.task), default=0)

    @property
    def devices(self) -> str:
        """The devices that its runs were measured on."""
        return "; ".join(sorted({row.device for row in self.study.rows if row.task == self.task}))


def compared_tasks(found: Collection) -> list[StudyTask]:
    """The tasks of the studies that compare every optimizer, in the order of the report."""
    return [StudyTask(study, task) for study in found.studies if study.name in COMPARED for task in study.tasks_run]


@cache
def kept_cards() -> dict[str, dict[str, Card]]:
    """Collect every optimizer's card, by profile and name."""
    return {found.profile: {card.name: card for card in all_cards(found)} for found in kept_collections()}


def measured_rates(name: str) -> list[MeasuredRates]:
    """List the rates that worked for an optimizer on the tasks of the most telling profile.

    On a task that it was left out of, they are those of the optimizer that `stands_for` it, which ``on`` then names.
    """
    collections = kept_collections()
    found = []
    for task in compared_tasks(collections[0]) if collections else []:
        measured = stands_for(name, task)
        result = None if measured is None else task.study.result(task.task, measured)
        if result is not None and result.tuning:
            shown = sensitivity(result)
            on = task.title if measured == name else f"{task.title}, measured with {measured}"
            found.append(MeasuredRates(on, task.updates, max(shown.counts), *shown.good))
    return found


def stands_for(name: str, task: StudyTask) -> str | None:
    """Name the optimizer whose runs on a task count for this one: itself, or else one that is the same function.

    Which are the same function is decided by the first task, of any profile, that has this optimizer: there no run told
    them apart, which other tasks may.
    """
    known = (first for found in kept_collections() for first in compared_tasks(found)[:1])
    groups = (each.names for first in known for each in first.study.functions(first.task))
    twins = next((names for names in groups if name in names), ())
    return next((each for each in (name, *twins) if task.study.result(task.task, each) is not None), None)


def files() -> dict[str, bytes]:
    """The catalog's files with these rates, by their path in the checkout."""
    return {f"paper_optimizers/specs/optimizers/{name}.json": _file(name) for name in names()}


def _file(name: str) -> bytes:
    path = ROOT / "paper_optimizers" / "specs" / "optimizers" / f"{name}.json"
    document = json.loads(path.read_text("utf-8"))
    document["rates"] = [each._asdict() for each in measured_rates(name)]
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()


def main() -> None:
    """Write them: before the pages that read the catalog, which is read once in a process."""
    for path, data in files().items():
        write_bytes(ROOT / path, data)


if __name__ == "__main__":
    main()
