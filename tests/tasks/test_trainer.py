"""Candidates under a screening of rates, on a small linear problem: what is chosen, and independence of batching."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from paper_optimizers import from_text, get
from reproduce.outcomes import Diverged, ScreenedOut, Trained, Training, TrainingCurve
from reproduce.population.problems import classification
from reproduce.tasks.engine import EngineTrainer
from reproduce.tasks.rates import RateScreening
from reproduce.tasks.trainer import Candidate, GoOn, Run, train_under
from tests.population.test_waves import EXAMPLES, initial, linear
from tests.settings import TRAINING

RULE = RateScreening(1, (10.0, 0.01), 0.25, (0.5, 0.1), 0.75, patience=1)
SETTINGS = replace(TRAINING, batch_size=16, epochs=3, steps_per_epoch=10, warmup_fraction=0.05)


def trainer(largest: int) -> EngineTrainer:
    parts = EXAMPLES.train, EXAMPLES.validation
    return EngineTrainer(classification(initial, linear), SETTINGS, *parts, largest=largest)


@pytest.fixture(scope="module")
def engine() -> EngineTrainer:
    return trainer(8)


def test_the_rate_is_chosen_by_train_accuracy_and_the_score_is_the_best_epoch(engine: EngineTrainer) -> None:
    (outcome,) = train_under(RULE, engine, [Candidate(get("SGD"), 0)])
    assert isinstance(outcome, Trained)
    assert [rate for rate, _ in outcome.screening] == [10.0, 0.01, 0.5, 0.1]
    assert dict(outcome.screening)[outcome.rate] == max(accuracy for _, accuracy in outcome.screening)
    assert outcome.score == max(outcome.validation_accuracy)


def test_candidates_that_do_not_learn_are_screened_out_at_their_stage(engine: EngineTrainer) -> None:
    specs = [from_text("None ~ (1)-(1)"), from_text("None ~ exp(exp(exp(exp(g))))"), get("SGD")]
    strict = replace(RULE, first_threshold=0.3, second_threshold=0.999)
    standing, wild, sgd = train_under(strict, engine, [Candidate(spec, 0) for spec in specs])
    assert isinstance(sgd, ScreenedOut)
    assert sgd.stage == "second"
    assert [rate for rate, _ in sgd.screening] == [10.0, 0.01, 0.5, 0.1]
    assert isinstance(wild, ScreenedOut)
    assert wild.stage == "first"
    assert [accuracy for _, accuracy in wild.screening] == [0.0, 0.0]
    assert not isinstance(standing, Diverged)


def test_an_outcome_does_not_depend_on_the_other_candidates_nor_on_the_batch(engine: EngineTrainer) -> None:
    specs = [get("SGD"), get("A1"), get("Opt7"), from_text("Nest ~ expMovAvg(g)")]
    candidates = [Candidate(spec, seed) for seed, spec in enumerate(specs)]
    one = trainer(1)
    assert train_under(RULE, engine, candidates) == [train_under(RULE, one, [each])[0] for each in candidates]


class Standing:
    """A trainer whose trainings stand still; it notes the epochs and whether trainings may be cut short."""

    def __init__(self) -> None:
        self.asked: list[tuple[int | None, bool]] = []

    def run(self, runs: Sequence[Run], *, epochs: int | None = None, go_on: GoOn | None = None) -> list[Training]:
        self.asked.append((epochs, go_on is not None))
        return [Training(TrainingCurve((1.0,), (0.5,), (1.0,), (0.5,)), 1) for _ in runs]


@pytest.mark.parametrize("patience", [1, None])
def test_a_training_is_cut_short_only_by_a_rule_with_patience(patience: int | None) -> None:
    standing = Standing()
    rule = replace(RULE, second_threshold=0.5, patience=patience)
    (outcome,) = train_under(rule, standing, [Candidate(get("SGD"), 0)])
    assert isinstance(outcome, Trained)
    assert standing.asked == [(1, False), (1, False), (None, patience is not None)]
