"""The program with everything in it but training: its protocols made small, and runs and scores invented."""

import argparse
import copy
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from reproduce import protocols
from reproduce.commands.executors import ScoreOn
from reproduce.data import load_dataset
from reproduce.executors.executor import Executor
from reproduce.report.rendering import Drawing, render_all
from reproduce.report.style import FORMATS, Picture
from reproduce.study.rows import Job, Row
from reproduce.study.work import StudyWork
from reproduce.tasks.optimizers import Entrant
from reproduce.tasks.pretraining import Pretraining, PretrainingRow
from tests.search.fakes import FakeScorer
from tests.study.cases import PRETRAINING_ROW, invented_row

Table = dict[str, Any]
#: Sources of data that need nothing from elsewhere, or name their own place.
_AT_HAND = ("digits", "digits100", "digits200", "text", "federalist", "folder")


@contextmanager
def miniature_program(folder: Path) -> Iterator[None]:
    """In ``folder``: commands read small protocols, nothing is trained or timed, and kept rows are those of ``folder``.

    What is not replaced: the command line, protocols but for their sizes, data that come with the project, ledgers,
    plans, verdicts, tables and figures.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        whole = protocols.read_protocol
        for place in ("reproduce.protocols", "reproduce.study.protocol"):
            patch.setattr(f"{place}.read_protocol", lambda path: miniature(whole(path)))
        patch.setattr("reproduce.commands.study.open_executor", _executor)
        for command in ("search", "elimination", "published"):
            patch.setattr(f"reproduce.commands.{command}.open_scoring", _scoring)
        patch.setattr("reproduce.bench.optimizer_steps.bench_optimizers", _measured("optimizers"))
        patch.setattr("reproduce.bench.engine.bench_engine", _measured("engine"))
        patch.setattr("reproduce.bench.frameworks.bench_frameworks", _measured("frameworks"))
        for place in ("results_layout", "commands.estimate"):
            patch.setattr(f"reproduce.{place}.STORED_RESULTS", folder / "output")
        # Each picture is drawn in one form, which is quick, and by this process, whose threads a fork would lose.
        patch.setattr("reproduce.report.page.writer.usable_cores", lambda: 1)
        patch.setattr("reproduce.report.style.FORMATS", {"svg": FORMATS["svg"]})
        patch.setattr("reproduce.report.page.report.render_all", _drawn_quickly)
        yield


def _drawn_quickly(drawings: Sequence[Drawing], *_: int) -> list[Picture]:
    return render_all([Drawing(each.picture, ("svg",)) for each in drawings])


def miniature(table: Table) -> Table:
    """A protocol file's table with few optimizers, runs and candidates, on data that come with the project."""
    small = copy.deepcopy(table)
    for data in _tables(small, "data"):
        if data.get("source") not in _AT_HAND:
            for key in ("image_size", "train_per_class", "test_per_class", "leave_out"):
                data.pop(key, None)
        if data.get("source", "digits") not in _AT_HAND:
            data |= {"source": "digits", "test_fraction": 0.4}
    if "tasks" in small:
        _make_study_small(small)
    if "sizes" in small:
        small["sizes"] |= {"initial": 10, "particles": 2, "steps": 1, "children": 2}
        small["rescoring"] |= {"top": 2, "seeds": small["rescoring"]["seeds"][:2]}
        small["noise"]["seeds"] = small["noise"]["seeds"][:3]
        small["comparison"] |= {"seeds": [0], "epochs": 20, "top": 2}
    for task in [task for surrogate in _surrogates(small) for task in surrogate["tasks"]]:
        task["training"] |= {"epochs": 2}
        task["rates"] |= {"screening_epochs": 1, "first_threshold": 0.05, "second_threshold": 0.05}
    return small


def _make_study_small(table: Table) -> None:
    optimizers = table["optimizers"]
    scheduled = [name for name in optimizers["keras"] if "+" in name][:1]
    optimizers |= {"catalog": optimizers["catalog"][:2], "keras": [optimizers["reference"], *scheduled]}
    if "optax" in optimizers:
        optimizers["optax"] = optimizers["optax"][:1]
    if "specs" in optimizers:
        optimizers["specs"] = dict(list(optimizers["specs"].items())[:1])
    decays = {
        name: values for name, values in optimizers.pop("weight_decays", {}).items() if name in optimizers["keras"]
    }
    if decays:
        optimizers["weight_decays"] = decays
    table["rates"] = {"grid": [0.1, 1.0], "most_extra_rates": 0}
    table["seeds"] = {"tune": table["seeds"]["tune"][:1], "final": table["seeds"]["final"][:2]}
    table["tasks"] = table["tasks"][:2]


def _surrogates(table: Table) -> list[Table]:
    """The surrogates of a search, or of the rounds of an elimination; none of a study."""
    stages = [table[stage] for stage in ("initial", "evolution") if stage in table]
    return [*stages, *(each["surrogate"] for each in table.get("rounds", ()))]


def _tables(table: Any, name: str) -> Iterator[Table]:
    """Every table of that name, wherever it lies."""
    if isinstance(table, list):
        for item in table:
            yield from _tables(item, name)
    elif isinstance(table, dict):
        for key, value in table.items():
            if key == name and isinstance(value, dict):
                yield value
            yield from _tables(value, name)


class InventedRows(Executor):
    """Takes the place of an executor: the rows that it gives are invented."""

    def __init__(self) -> None:
        super().__init__()
        self.source = SimpleNamespace(size=1, has_gpus=False, close=lambda workers: None)

    def run(self, work: StudyWork, jobs: Callable[[], Sequence[Job]]) -> Iterator[tuple[Job, Row]]:
        entrants = {entrant.name: entrant for entrant in work.entrants}
        while ready := jobs():
            yield ready[0], _row(ready[0], work, entrants[ready[0].optimizer])

    def ask(self, function: Callable[[], Any]) -> PretrainingRow:
        assert isinstance(function, Pretraining)
        return PRETRAINING_ROW


def _row(job: Job, work: StudyWork, entrant: Entrant) -> Row:
    return invented_row(
        job,
        work.protocol,
        data=dict(work.checksums)[job.task],
        kind=entrant.kind,
        fingerprint=entrant.fingerprint,
        schedule=entrant.schedule,
        decay=entrant.decay,
    )


@contextmanager
def _executor(*_: object, **__: object) -> Iterator[InventedRows]:
    yield InventedRows()


@contextmanager
def _scoring(options: argparse.Namespace, _: object) -> Iterator[ScoreOn]:
    yield lambda settings: FakeScorer(data=load_dataset(settings.tasks[0].data, options.data_dir).checksum())


def _measured(name: str) -> Callable[..., None]:
    """Takes the place of a measurement: notes what it was asked, in the folder that it would write to."""

    def note(*arguments: Any) -> None:
        asked = list(takewhile(lambda each: not isinstance(each, Path), arguments))
        folder = arguments[len(asked)]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"measured-{name}.json").write_text(json.dumps([str(each) for each in asked]))

    return note
