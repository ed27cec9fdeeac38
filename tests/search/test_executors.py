"""Executors: no score depends on batches or order."""

import pytest

from paper_optimizers import get, names
from reproduce.search.executors import Candidate, InProcessExecutor
from tests.search.fake_scorer import FakeScorer, score_of

CANDIDATES = [Candidate(get(name), seed) for seed, name in enumerate(names())]


@pytest.mark.parametrize("batch", [1, 3, 1000])
def test_batches_change_nothing(batch):
    with InProcessExecutor(lambda: FakeScorer({}), batch) as executor:
        answers = list(executor.score(CANDIDATES))
    assert answers == [(index, score_of(candidate)) for index, candidate in enumerate(CANDIDATES)]


def test_the_scorer_is_made_when_there_is_something_to_score_and_once():
    made = []

    def make():
        made.append(FakeScorer({}))
        return made[-1]

    executor = InProcessExecutor(make, 2)
    assert list(executor.score([])) == []
    assert made == []
    list(executor.score(CANDIDATES))
    list(executor.score(CANDIDATES[:1]))
    assert len(made) == 1


def test_a_score_is_known_before_the_next_batch_is_scored():
    scored = []

    class Counting(FakeScorer):
        def score(self, candidates):
            scored.extend(candidates)
            return super().score(candidates)

    answers = InProcessExecutor(lambda: Counting({}), 2).score(CANDIDATES)
    next(answers)
    assert len(scored) == 2


def test_a_batch_holds_at_least_one_candidate():
    with pytest.raises(ValueError, match="at least 1 candidate; received 0"):
        InProcessExecutor(lambda: FakeScorer({}), 0)
