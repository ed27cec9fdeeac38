"""Candidates trained through Keras: the rule of the surrogate on a small network, the same twice."""

from dataclasses import replace

import pytest

from paper_optimizers import from_text, get
from reproduce.data import load_dataset
from reproduce.outcomes import ScreenedOut, Trained
from reproduce.tasks.keras import KerasTrainer
from reproduce.tasks.rates import RateScreening
from reproduce.tasks.task import Task
from reproduce.tasks.trainer import Candidate, Run, train_under
from tests.settings import DIGITS, MODEL, TRAINING

TASK = Task(
    data=DIGITS,
    model=replace(MODEL, width=4),
    training=replace(TRAINING, batch_size=64, epochs=3, steps_per_epoch=12, warmup_fraction=0.1),
)
RULE = RateScreening(1, (10.0, 0.01), 0.05, (0.1,), 0.15)


def test_what_keras_cannot_cut_short_is_refused():
    trainer = KerasTrainer(TASK, load_dataset(DIGITS))
    with pytest.raises(ValueError, match="leave patience out of the screening"):
        trainer.run([Run(get("Adam"), 0.1, 1)], go_on=lambda accuracies: False)


@pytest.mark.slow
def test_candidates_are_screened_and_scored():
    dataset = load_dataset(DIGITS)
    candidates = [Candidate(get("Adam"), 1), Candidate(from_text("None ~ (1)-(1)"), 1)]
    adam, standing = train_under(RULE, KerasTrainer(TASK, dataset), candidates)
    assert isinstance(adam, Trained)
    assert {rate for rate, _ in adam.screening} == {10.0, 0.01, 0.1}
    assert dict(adam.screening)[adam.rate] == max(accuracy for _, accuracy in adam.screening) >= 0.15
    assert adam.score == max(adam.validation_accuracy) > 0.2
    assert len(adam.train_accuracy) == 3
    assert isinstance(standing, ScreenedOut)
    (again,) = train_under(RULE, KerasTrainer(TASK, dataset), candidates[:1])
    assert (again.score, again.rate, again.screening) == (adam.score, adam.rate, adam.screening)
