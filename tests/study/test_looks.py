"""A study is judged once, run on once, and judged once more: what a protocol, a ledger and a plan allow of it."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from reproduce.errors import LedgerError, ProtocolError
from reproduce.executors.executor import Executor
from reproduce.executors.processes import ProcessWorkers
from reproduce.plain_data import read_settings
from reproduce.stored_form import current_form
from reproduce.study import experiment as module
from reproduce.study.experiment import Experiment, run_study
from reproduce.study.looks import FIRST_LOOK, MOST_SEEDS, error_rate, later_seeds
from reproduce.study.plan import Plan
from reproduce.study.progress import StudyProgress
from reproduce.study.protocol import SeedSettings, StudyProtocol, parse_protocol
from reproduce.study.rows import Job, Row
from reproduce.study.work import Machine
from tests.study.cases import ENTRANTS, TASK, TINY, TINY_TOML, TWO_TASKS, InventedWork, all_rows, dataset, invented_row

ROOT = Path(__file__).resolve().parents[2]
FIRST = tuple(range(1, FIRST_LOOK + 1))
TWENTY = replace(TINY, seeds=SeedSettings((0,), FIRST))


def run_on(total: int | None, protocol: StudyProtocol = TWENTY, task: str = "digits") -> StudyProtocol:
    further = None if total is None else {task: total}
    return replace(protocol, seeds=replace(protocol.seeds, run_on_to=further))


def test_two_looks_spend_what_one_may() -> None:
    assert [error_rate(n) for n in (2, FIRST_LOOK, FIRST_LOOK + 1, MOST_SEEDS)] == [0.04, 0.04, 0.01, 0.01]


def test_the_seeds_of_a_second_look_are_the_lowest_that_are_free() -> None:
    assert later_seeds(3, (0, 1, 2, 4, 101)) == (3, 5, 6)
    assert run_on(23).seeds.final_of("digits") == (*FIRST, 21, 22, 23)
    assert run_on(23).seeds.final_of("other") == FIRST
    assert replace(TWENTY.seeds, tune=(0, 21), run_on_to={"digits": 22}).final_of("digits") == (*FIRST, 22, 23)


def test_running_on_changes_no_hash_and_is_stored() -> None:
    further = run_on(30)
    assert further.hash() == TWENTY.hash()
    assert "run_on_to" not in TWENTY.to_dict()["seeds"]
    stored = json.loads(json.dumps(further.to_dict()))
    assert stored["seeds"]["run_on_to"] == {"digits": 30}
    assert read_settings(StudyProtocol, current_form(stored), "here") == further


@pytest.mark.parametrize(
    ("final", "lines", "message"),
    [
        (
            FIRST,
            "digits = 20",
            "run_on_to.digits must be a number of final seeds in all from 21 to 60; received 20",
        ),
        (FIRST, "digits = 61", "from 21 to 60; received 61"),
        (FIRST, "digits = 30.0", r"seeds.run_on_to\S* must be an integer"),
        (FIRST, "digit = 30", "seeds.run_on_to must be a task of this protocol: digits; received 'digit'"),
        (FIRST, "", "run_on_to must be left out where no task is run on"),
        ((*FIRST, 21), "digits = 30", "must be left out, since a study of more than 20 final seeds is judged once"),
    ],
)
def test_a_protocol_is_run_on_once_and_no_further_than_is_said(
    final: tuple[int, ...], lines: str, message: str
) -> None:
    text = TINY_TOML.replace("final = [1, 2]", f"final = {list(final)}\n[seeds.run_on_to]\n{lines}")
    with pytest.raises(ProtocolError, match=message):
        parse_protocol(text)


def test_a_protocol_of_fewer_seeds_can_be_run_on_too() -> None:
    text = TINY_TOML.replace("final = [1, 2]", "final = [1, 2]\n[seeds.run_on_to]\ndigits = 21")
    assert parse_protocol(text).seeds.final_of("digits") == tuple(range(1, 22))


def test_a_study_of_one_task_keeps_how_far_that_is_run_on() -> None:
    both = run_on(30, replace(TWO_TASKS, seeds=TWENTY.seeds), "again")
    assert both.only("again").seeds.run_on_to == {"again": 30}
    assert both.only("digits").seeds.run_on_to is None
    mine = replace(run_on(30), folder=TASK.data).on_folder("mine")
    assert (mine.tasks[0].name, mine.seeds.run_on_to) == ("mine", {"mine": 30})


def test_a_plan_goes_on_with_all_optimizers_of_the_task_and_keeps_what_is_there() -> None:
    protocol = replace(TWO_TASKS, seeds=TWENTY.seeds)
    rows = all_rows(protocol)
    assert Plan(protocol, ENTRANTS, rows).left() == 0
    plan = Plan(run_on(22, protocol, "again"), ENTRANTS, rows)
    assert plan.left() == len(plan.jobs()) == 2 * len(ENTRANTS)
    assert [(job.seed, job.optimizer) for job in plan.jobs()] == [(n, each.name) for n in (21, 22) for each in ENTRANTS]
    assert {(job.task, job.phase) for job in plan.jobs()} == {("again", "final")}
    before = Plan(run_on(22, protocol, "again"), ENTRANTS, []).left()
    assert before - Plan(protocol, ENTRANTS, []).left() == 2 * len(ENTRANTS)


class TwentyWork(InventedWork):
    """A work whose rows are those of `TWENTY`."""

    def run(self, job: Job) -> Row:
        return invented_row(job, TWENTY)


@pytest.fixture
def experiment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Experiment:
    monkeypatch.setattr(module, "load_dataset", lambda *_: dataset())
    monkeypatch.setattr(module, "require_batch", lambda *_: None)
    return Experiment(TWENTY, ENTRANTS, tmp_path, None, tmp_path)


def run(experiment: Experiment, total: int | None) -> list[Row]:
    further = replace(experiment, protocol=run_on(total))
    progress = StudyProgress(Console(quiet=True))
    with Executor(ProcessWorkers(1, experiment.folder / "workers.log"), progress.notify) as pool:
        return run_study(further, Machine(), pool, progress, TwentyWork(experiment.folder))


def test_a_ledger_goes_on_under_the_rows_of_its_first_look_and_has_no_third(experiment: Experiment) -> None:
    first = run(experiment, None)
    second = run(experiment, 22)
    assert second[: len(first)] == first
    assert sorted(row.seed for row in second[len(first) :]) == [seed for seed in (21, 22) for _ in ENTRANTS]
    before = experiment.ledger_path.read_bytes()
    for other, now in ((None, "left out"), (23, "23")):
        with pytest.raises(LedgerError, match=f"run on to 22; seeds.run_on_to.digits is {now} now. .* give 22, or"):
            run(experiment, other)
    assert experiment.ledger_path.read_bytes() == before
    assert run(experiment, 22) == second


def test_before_the_first_run_of_a_second_look_its_number_can_be_changed(experiment: Experiment) -> None:
    first = run(experiment, None)
    settings = experiment.folder / "protocol.json"
    document = json.loads(settings.read_text())
    document["protocol"]["seeds"]["run_on_to"] = {"digits": 40}
    settings.write_text(json.dumps(document))
    assert len(run(experiment, 21)) == len(first) + len(ENTRANTS)


def test_the_tutorial_s_lines_run_a_study_of_the_project_on() -> None:
    text = (ROOT / "docs" / "tutorials" / "claim.md").read_text("utf-8")
    (lines,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    protocol = (ROOT / "artifact" / "protocols" / "small" / "main.toml").read_text("utf-8")
    further = parse_protocol(f"{protocol}\n{lines}")
    assert further.seeds.final_of("cifar10-2000")[FIRST_LOOK:] == tuple(range(21, 44))
    assert further.hash() == parse_protocol(protocol).hash()
