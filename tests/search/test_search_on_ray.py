"""A search on a Ray cluster writes the ledger of one process."""

from importlib.util import find_spec

import pytest

from reproduce.search.executors import InProcessExecutor
from reproduce.search.ray_executor import RayExecutor
from reproduce.search.ray_workers import RayWorkers
from reproduce.search.search import run_search
from tests.search.fake_scorer import FakeScorer
from tests.search.fakes import PLAN, FakeSurrogates, Witness
from tests.search.kills import untimed

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("ray") is None, reason="the extra cluster is not installed"),
]


def test_the_ledger_is_that_of_one_process(tmp_path):
    alone, together = tmp_path / "alone.jsonl", tmp_path / "together.jsonl"
    with InProcessExecutor(lambda: FakeScorer({}), batch=3) as executor:
        run_search(PLAN, alone, FakeSurrogates(executor), Witness())
    with RayWorkers(FakeScorer, count=2, notice=lambda text: None) as workers:
        executor = RayExecutor(workers, {"seconds": 0.01}, batch=2)
        run_search(PLAN, together, FakeSurrogates(executor), Witness())
    assert untimed(together) == untimed(alone)
