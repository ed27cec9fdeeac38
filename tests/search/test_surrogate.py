"""The surrogate on real digits: scores depend on candidate, seed and settings, and on nothing else."""

import dataclasses
import json
import pickle

import jax
import numpy as np
import pytest

from paper_optimizers import from_text, get
from reproduce.data import channel_statistics, load_dataset
from reproduce.errors import DataError, ProtocolError
from reproduce.executors.executor import Executor
from reproduce.outcomes import ScreenedOut, Trained
from reproduce.plain_data import read_settings
from reproduce.protocols import plain_settings
from reproduce.search.protocol import load_search_protocol
from reproduce.search.surrogate_settings import SurrogateSettings
from reproduce.stored_form import current_form, stored_surrogate
from reproduce.tasks.engine import EngineTrainer
from reproduce.tasks.networks import engine_problem
from reproduce.tasks.scoring import Scorer
from reproduce.tasks.task import AugmentationSettings
from reproduce.tasks.trainer import CROP_FLIP_CUTOUT, Candidate, train_under
from tests.search.surrogates import changed
from tests.settings import TEXT

SMOKE = load_search_protocol("smoke").evolution
SETTINGS = changed(
    SMOKE,
    model={"width": 2},
    training={"epochs": 2, "steps_per_epoch": 8},
    rates={
        **{"screening_epochs": 1, "first_rates": (0.1,), "second_rates": (0.01,)},
        **{"first_threshold": 0.05, "second_threshold": 0.15},
    },
)
(TASK,) = SETTINGS.tasks
CANDIDATES = [Candidate(get("Nesterov"), 1), Candidate(get("Adam"), 2), Candidate(from_text("None ~ (g)-(g)"), 3)]


@pytest.fixture(scope="module")
def trainer():
    return EngineTrainer.of(SETTINGS.work().task, load_dataset(TASK.data), largest=1)


def score(trainer, candidates=CANDIDATES):
    return train_under(TASK.rates, trainer, candidates)


@pytest.fixture(scope="module")
def scores(trainer):
    return score(trainer)


def test_what_learns_is_scored_and_what_stands_still_is_screened_out(scores):
    assert [type(score) for score in scores] == [Trained, Trained, ScreenedOut]
    assert all(0.15 < score.score <= 1 for score in scores[:2])


def test_a_score_depends_on_the_candidate_alone(trainer, scores):
    assert score(trainer, CANDIDATES[::-1])[::-1] == scores
    other = score(trainer, [Candidate(CANDIDATES[0].spec, 7)])[0]
    assert other.screening != scores[0].screening


def test_a_scorer_scores_on_its_executor(scores):
    work = SETTINGS.work(batch=2, largest=1)
    with Executor() as executor:
        scorer = Scorer(executor, work)
        assert sorted(scorer.score(CANDIDATES)) == list(enumerate(scores))
    assert (scorer.data_name, scorer.screening_epochs) == ("digits", 1)
    assert scorer.data == load_dataset(TASK.data).checksum()
    assert hash(work) == hash(pickle.loads(pickle.dumps(work)))  # So a worker knows it again.


@pytest.mark.slow
def test_how_many_are_trained_at_once_changes_no_score(scores):
    assert score(EngineTrainer.of(SETTINGS.work().task, load_dataset(TASK.data), largest=4)) == scores


def test_stored_settings_are_the_same_surrogate():
    plain = json.loads(json.dumps(dataclasses.asdict(SETTINGS)))
    assert read_settings(SurrogateSettings, plain, "here") == SETTINGS


def test_the_first_surrogates_had_a_bias_and_no_word_of_it():
    biased = changed(SETTINGS, model={"conv_bias": True})
    stored, without = (stored_surrogate(plain_settings(each)) for each in (biased, SETTINGS))
    assert without.pop("conv_bias") is False
    assert stored == without
    assert read_settings(SurrogateSettings, current_form(stored), "here") == biased
    problems = [engine_problem(each.work().task, load_dataset(TASK.data)) for each in (biased, SETTINGS)]
    assert [len(each.initial(np.random.default_rng(0))[0]) for each in problems] == [14, 11]


@pytest.mark.parametrize("pixels", ["unit", "standardised"])
def test_images_are_normalised_alike_in_training_and_outside(pixels):
    settings = changed(SETTINGS, model={"pixels": pixels, "dropout": 0.0, "batch_norm_momentum": 0.0})
    dataset = load_dataset(TASK.data)
    problem = engine_problem(settings.work().task, dataset)
    parameters, statistics = problem.initial(np.random.default_rng(0))
    images, labels = dataset.train.inputs[:64], dataset.train.labels[:64]
    shown = images / np.float32(dataset.largest_pixel)
    if pixels == "standardised":
        mean, deviation = channel_statistics(dataset.train, dataset.largest_pixel)
        shown = (shown - mean) / deviation
    loss, (updated, correct) = problem.train(parameters, statistics, (images, labels), jax.random.key(0))
    measures = problem.evaluate(parameters, updated, (images, labels))
    np.testing.assert_allclose(measures.loss.mean(), loss, rtol=1e-4)
    assert int(measures.correct.sum()) == int(correct)
    kernel = parameters[0]
    padded = np.pad(shown, ((0, 0), (1, 1), (1, 1), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
    first = np.einsum("bhwcij,ijcf->bhwf", windows, kernel)
    np.testing.assert_allclose(updated[0], first.mean((0, 1, 2)), rtol=1e-3, atol=1e-4)


def test_augmentation_changes_training_images_alone():
    sizes = AugmentationSettings(1, 2)
    settings = changed(
        SETTINGS, augmentation=sizes, model={"dropout": 0.0}, training={"augmentations": CROP_FLIP_CUTOUT}
    )
    dataset = load_dataset(TASK.data)
    problem = engine_problem(settings.work().task, dataset)
    parameters, statistics = problem.initial(np.random.default_rng(0))
    batch = dataset.train.inputs[:32], dataset.train.labels[:32]
    train = jax.jit(problem.train)
    losses = {float(train(parameters, statistics, batch, jax.random.key(seed))[0]) for seed in range(3)}
    assert len(losses) == 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": {"width": 0}}, r"tasks\[0\].model.width must be between 1 and 4096; received 0"),
        ({"model": {"dropout": 1.0}}, r"dropout must be in \[0, 1\)"),
        ({"model": {"batch_norm_momentum": 1.0}}, "batch_norm_momentum must be"),
        ({"augmentation": {"cutout": 4}}, r"missing key tasks\[0\].augmentation.crop_padding"),
        ({"augmentation": {"crop_padding": 1, "cutout": 0}}, "augmentation.cutout must be 1 or more; received 0"),
        ({"augmentation": {"crop_padding": 1, "cutout": 2}}, r"augmentations must be .* received \[\]"),
        ({"training": {"batch_size": 0}}, "batch_size must be 1 or more"),
        ({"training": {"steps_per_epoch": 0}}, "steps_per_epoch must be 1 or more"),
        ({"training": {"precision": "float16"}}, "precision must be one of float32, mixed_bfloat16, mixed_float16"),
        ({"training": {"accumulation": 2}}, "task digits: the engine has no training.accumulation = 2; set trainer"),
        ({"training": {"epochs": 0}}, "training.epochs must be 1 or more"),
        ({"training": {"warmup_fraction": 1.5}}, r"training.warmup_fraction must be in \[0, 1\)"),
        ({"rates": {"first_rates": []}}, "rates.first_rates must be at least one rate"),
        ({"rates": {"second_rates": [0.1]}}, "rates.second_rates must be new rates, each once"),
    ],
)
def test_settings_that_cannot_be_are_refused(change, message):
    plain = json.loads(json.dumps(dataclasses.asdict(SETTINGS)))
    (task,) = plain["tasks"]
    for name, part in change.items():
        task[name] = (task[name] or {}) | part
    with pytest.raises(ProtocolError, match=message):
        read_settings(SurrogateSettings, plain, "here")


def test_data_that_do_not_fit_are_refused():
    with pytest.raises(DataError, match="fewer than one batch"):
        changed(SETTINGS, training={"batch_size": 4096}).work().make()
    dataset = load_dataset(TEXT)
    with pytest.raises(DataError, match="takes images; received text, which is text"):
        EngineTrainer.of(SETTINGS.work().task, dataset)
