"""Scoring through Keras: the rule of the surrogate on a small network, the same twice."""

from dataclasses import replace

import pytest

from paper_optimizers import from_text, get
from reproduce.data import load_dataset
from reproduce.elimination.keras_scorer import KerasScorer
from reproduce.elimination.protocol import KerasSettings, RateChoice, load_elimination_protocol
from reproduce.outcomes import ScreenedOut, Trained
from reproduce.search.executors import Candidate
from tests.settings import MODEL, TRAINING

SETTINGS = KerasSettings(
    data=load_elimination_protocol("smoke").rounds[0].data,
    model=replace(MODEL, width=4),
    training=replace(TRAINING, batch_size=64, epochs=3, steps_per_epoch=12, warmup_fraction=0.1),
    rates=RateChoice(1, (10.0, 0.01), 0.05, (0.1,), 0.15),
)


@pytest.mark.slow
def test_candidates_are_screened_and_scored():
    scorer = KerasScorer(SETTINGS, load_dataset(SETTINGS.data))
    candidates = [Candidate(get("Adam"), 1), Candidate(from_text("None ~ (1)-(1)"), 1)]
    adam, standing = scorer.score(candidates)
    assert isinstance(adam, Trained)
    assert {rate for rate, _ in adam.screening} == {10.0, 0.01, 0.1}
    assert dict(adam.screening)[adam.rate] == max(accuracy for _, accuracy in adam.screening) >= 0.15
    assert adam.score == max(adam.validation_accuracy) > 0.2
    assert len(adam.train_accuracy) == 3
    assert isinstance(standing, ScreenedOut)
    (again,) = KerasScorer(SETTINGS, load_dataset(SETTINGS.data)).score([candidates[0]])
    assert (again.score, again.rate, again.screening) == (adam.score, adam.rate, adam.screening)
