"""Executors: no result depends on batches or order, and what a work needs is made once."""

import os

import pytest

from paper_optimizers import get, names
from reproduce.executors.executor import Executor
from reproduce.executors.processes import ProcessWorkers
from reproduce.tasks.scoring import in_order, score_all
from reproduce.tasks.trainer import Candidate
from tests.executors.fake_work import FakeWork, outcome_of

CANDIDATES = [Candidate(get(name), seed) for seed, name in enumerate(names())]


@pytest.mark.parametrize("batch", [1, 3, 1000])
def test_batches_change_nothing(batch):
    with Executor() as executor:
        answers = list(score_all(executor, FakeWork(batch), CANDIDATES))
    assert answers == [(index, outcome_of(candidate)) for index, candidate in enumerate(CANDIDATES)]


def test_equal_candidates_are_run_once():
    twice = [*CANDIDATES[:2], *CANDIDATES[:2]]
    answers = list(score_all(Executor(), FakeWork(9), twice))
    assert sorted(index for index, _ in answers) == [0, 1, 2, 3]
    assert [outcome for _, outcome in sorted(answers)] == [outcome_of(candidate) for candidate in twice]


def test_the_function_is_made_when_there_is_something_to_run_and_once(monkeypatch):
    made = []
    make = FakeWork.make
    monkeypatch.setattr(FakeWork, "make", lambda work: made.append(work) or make(work))
    executor = Executor()
    assert list(score_all(executor, FakeWork(2), [])) == []
    assert made == []
    list(score_all(executor, FakeWork(2), CANDIDATES))
    list(score_all(executor, FakeWork(2), CANDIDATES[:1]))
    assert made == [FakeWork(2)]
    for batch in (3, 4, 5, 2):  # Only the last few are kept.
        list(score_all(executor, FakeWork(batch), CANDIDATES[:1]))
    assert made == [FakeWork(batch) for batch in (2, 3, 4, 5, 2)]


def test_a_result_is_known_before_the_next_batch_is_run(monkeypatch):
    scored = []
    score = FakeWork.score
    monkeypatch.setattr(FakeWork, "score", lambda work, batch: scored.extend(batch) or score(work, batch))
    next(score_all(Executor(), FakeWork(2), CANDIDATES))
    assert len(scored) == 2


def test_a_function_is_called_where_jobs_are_run():
    assert Executor().ask(os.getpid) == os.getpid()


@pytest.mark.parametrize("source", [None, 2])
def test_a_run_goes_on_after_another_that_was_made_between(source, tmp_path):
    with Executor(source and ProcessWorkers(source, tmp_path / "log")) as executor:
        answers = {}
        for index, outcome in score_all(executor, FakeWork(3), CANDIDATES[:12]):
            answers[index] = outcome
            assert isinstance(executor.ask(os.getpid), int)
    assert answers == {index: outcome_of(candidate) for index, candidate in enumerate(CANDIDATES[:12])}


def test_outcomes_are_put_in_order_as_soon_as_they_can_be():
    arriving = iter([(1, "b"), (0, "a"), (3, "d"), (2, "c")])
    ordered = in_order(arriving)
    assert [next(ordered), next(ordered)] == ["a", "b"]
    assert next(arriving) == (3, "d")
