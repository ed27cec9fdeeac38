"""A search writes the same ledger wherever its candidates are scored: here, in worker processes, on a Ray cluster."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

from reproduce.executors.executor import Executor
from reproduce.executors.processes import ProcessWorkers
from reproduce.executors.ray import RayWorkers
from reproduce.outcomes import Outcome
from reproduce.search.search import run_search
from reproduce.tasks.scoring import score_all
from reproduce.tasks.trainer import Candidate
from tests.executors.fake_work import FakeWork
from tests.search.fakes import PLAN, FakeScorer, Witness, fake_scorers
from tests.search.kills import untimed


@dataclass
class ExecutedScorer(FakeScorer):
    """Scores on an executor."""

    executor: Executor | None = None

    def score(self, candidates: Sequence[Candidate]) -> Iterator[tuple[int, Outcome]]:
        return score_all(self.executor, FakeWork(self.batch, self.seconds), candidates)


def ledger(path: Path, executor: Executor, batch: int) -> list[dict]:
    with executor:
        run_search(PLAN, path, fake_scorers(ExecutedScorer(batch, seconds=0.01, executor=executor)), Witness())
    return untimed(path)


def test_worker_processes_write_the_ledger_of_one_process(tmp_path: Path) -> None:
    pool = Executor(ProcessWorkers(2, tmp_path / "log"), print)
    assert ledger(tmp_path / "pool", pool, 2) == ledger(tmp_path / "alone", Executor(), 3)


@pytest.mark.slow
@pytest.mark.skipif(find_spec("ray") is None, reason="the extra cluster is not installed")
def test_a_ray_cluster_writes_the_ledger_of_one_process(tmp_path: Path) -> None:
    pool = Executor(RayWorkers(count=2), print)
    assert ledger(tmp_path / "cluster", pool, 2) == ledger(tmp_path / "alone", Executor(), 3)
