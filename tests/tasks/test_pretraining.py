"""Pretraining and fine-tuning in the engine and in Keras: one file, one start, one last layer."""

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reproduce.data import load_dataset
from reproduce.errors import ProtocolError, ReproduceError
from reproduce.models.registry import build_model
from reproduce.outcomes import TrainingCurve
from reproduce.population.engine import Population
from reproduce.tasks.backbone import backbone_arrays, engine_start, problem_from
from reproduce.tasks.engine import EngineTrainer
from reproduce.tasks.keras import KerasTrainer
from reproduce.tasks.networks import engine_problem
from reproduce.tasks.optimizers import make_entrant
from reproduce.tasks.pretraining import (
    PRETRAINING_SCHEMA,
    PretrainingRow,
    pretrained_weights,
    pretraining_row_from_dict,
    read_pretraining_row,
)
from reproduce.tasks.task import Task
from reproduce.tasks.trainer import Run, trainer_of
from reproduce.training.settings import PretrainingSettings
from reproduce.training.start import Start, backbone_variables, read_start, write_start
from reproduce.training.state import TrainingState
from tests.settings import DIGITS, MODEL, TASK, TRAINING, model_of
from tests.training.cases import invented, text

#: Pairs of digits, then single ones, at one size; without dropout, so that both trainers compute the same.
PAIRS = dataclasses.replace(DIGITS, source="digits100", image_size=8, train_per_class=12, test_per_class=2)
NETWORK = dataclasses.replace(MODEL, dropout=0.0, conv_bias=False)
SETTINGS = PretrainingSettings(PAIRS, dataclasses.replace(TRAINING, batch_size=64), "Adam", 0.1, 7)
TUNED = Task(
    dataclasses.replace(DIGITS, image_size=8),
    dataclasses.replace(NETWORK, start="pretrained"),
    dataclasses.replace(TRAINING, epochs=1),
)


def pretrained(cache: Path, trainer: Any = "engine", settings: PretrainingSettings = SETTINGS) -> Path:
    return pretrained_weights(settings, TUNED.model, load_dataset(settings.data), trainer, cache)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pretrained(tmp_path_factory.mktemp("cache"))


def test_the_engine_keeps_a_record_of_what_it_trained_and_trains_once(
    weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row, start = read_pretraining_row(weights), read_start(weights)
    assert row.made == start.weights
    assert row.made.startswith("digits100 ")
    assert row.sha256 == hashlib.sha256(weights.read_bytes()).hexdigest()
    assert (row.backend, row.optimizer, row.rate, row.seed, row.num_classes) == ("engine", "Adam", 0.1, 7, 100)
    assert row.data == load_dataset(PAIRS).checksum()
    assert row.steps == 2 * (row.num_samples // 64)
    assert row.validation_accuracy == row.curve.validation_accuracy[-1]
    assert {"jax", "numpy"} <= row.versions.keys()
    monkeypatch.setattr("reproduce.tasks.pretraining._by_engine", None)
    assert pretrained(weights.parent) == weights
    with pytest.raises(TypeError):  # It would train.
        pretrained(weights.parent, settings=dataclasses.replace(SETTINGS, seed=8))


def test_weights_without_their_record_are_made_anew_to_the_same_bytes(weights: Path, tmp_path: Path) -> None:
    (tmp_path / weights.name).write_bytes(b"cut off")
    again = pretrained(tmp_path)
    assert again.name == weights.name
    assert again.read_bytes() == weights.read_bytes()
    again.with_suffix(".json").write_text("{}")
    with pytest.raises(ReproduceError, match=r"cannot read .*\.json: missing key schema; remove it and"):
        read_pretraining_row(again)


def test_keras_and_the_engine_start_alike_from_a_file_of_either(weights: Path, tmp_path: Path) -> None:
    dataset = load_dataset(TUNED.data)
    run = Run(make_entrant("SGD", "here"), 0.03, 3, test=True)
    for path in (weights, pretrained(tmp_path, "keras")):
        (engine,) = EngineTrainer.of(TUNED, dataset, pretrained=path).run([run])
        (keras,) = KerasTrainer(TUNED, dataset, pretrained=path).run([run])
        assert engine.weights == keras.weights == read_start(path).weights
        assert engine.diverged_at is None
        np.testing.assert_allclose(engine.curve.train_loss, keras.curve.train_loss, rtol=1e-4)
        np.testing.assert_allclose(engine.curve.validation_loss, keras.curve.validation_loss, rtol=1e-3)
    (scratch,) = EngineTrainer.of(TASK, dataset).run([run])
    assert scratch.weights == "scratch"


def test_the_engine_pretrains_as_keras_does(weights: Path, tmp_path: Path) -> None:
    ours, theirs = read_pretraining_row(weights), read_pretraining_row(pretrained(tmp_path, "keras"))
    assert theirs.backend != ours.backend
    assert theirs.made != ours.made
    np.testing.assert_allclose(ours.curve.train_loss, theirs.curve.train_loss, rtol=0.01)


@pytest.mark.parametrize("network", ["surrogate", "vision_transformer", "char_lstm", "char_transformer"])
def test_a_file_has_the_order_of_keras_layers_and_the_last_layer_is_that_of_a_run_from_scratch(
    network: str, tmp_path: Path
) -> None:
    dataset = text() if network.startswith("char_") else invented()
    model = build_model(model_of(network), dataset)
    TrainingState(model, make_entrant_optimizer(), None).reset(5)
    values = [np.asarray(variable.numpy()) for variable in backbone_variables(model)]
    problem = engine_problem(dataclasses.replace(TASK, model=model_of(network)), dataset)
    own = problem.initial(np.random.default_rng([5, 0]))
    for value, expected in zip(backbone_arrays(*own), values, strict=True):
        np.testing.assert_allclose(value, expected, rtol=1e-6)
    path = tmp_path / "weights.npz"
    write_start(path, Start("there 12ab", [value + 1 for value in values]))
    start = engine_start(model_of(network, start="file", weights_file=str(path)), problem, None)
    assert start is not None
    started = problem_from(problem, start).initial(np.random.default_rng([6, 0]))
    for value, expected in zip(backbone_arrays(*started), values, strict=True):
        np.testing.assert_array_equal(value, expected + 1)
    head = problem.initial(np.random.default_rng([6, 0]))[0][-2:]
    for value, expected in zip(started[0][-2:], head, strict=True):
        np.testing.assert_array_equal(value, expected)
    assert not np.array_equal(head[0], own[0][-2])


def make_entrant_optimizer() -> Any:
    import keras

    return keras.optimizers.SGD(0.1)


def test_a_network_is_handed_over_as_it_was_measured() -> None:
    dataset, kept = load_dataset(TASK.data), []
    trainer = EngineTrainer.of(TASK, dataset)
    runs = [Run(make_entrant("SGD", "here"), rate, 3, test=True) for rate in (0.03, 1e30)]
    sound, diverged = trainer.run(runs, keep=lambda member, *network: kept.append((member.rate, network)))
    assert diverged.diverged_at is not None
    ((rate, (parameters, statistics)),) = kept
    assert rate == 0.03
    problem = engine_problem(TASK, dataset)
    measures = problem.evaluate(parameters, statistics, (dataset.test.inputs, dataset.test.labels))
    assert np.mean(measures.correct) == pytest.approx(sound.test_accuracy, abs=1e-3)
    assert Population(problem).num_parameters == sum(array.size for array in parameters)


def test_weights_that_do_not_fit_are_refused_by_the_engine(weights: Path) -> None:
    dataset = load_dataset(TUNED.data)
    wide = dataclasses.replace(TUNED, model=dataclasses.replace(TUNED.model, width=3))
    with pytest.raises(ProtocolError, match=r"shape \(3, 3, 1, 2\) where array 0 of surrogate has \(3, 3, 1, 3\)"):
        EngineTrainer.of(wide, dataset, pretrained=weights)
    biased = dataclasses.replace(TUNED, model=dataclasses.replace(TUNED.model, conv_bias=True))
    with pytest.raises(ProtocolError, match="are 15 arrays and the network has 18 before its last layer"):
        EngineTrainer.of(biased, dataset, pretrained=weights)
    with pytest.raises(ProtocolError, match=r"no pretraining: add a table \[pretraining\]"):
        EngineTrainer.of(TUNED, dataset)


@pytest.mark.parametrize(("changes", "lacking"), [({}, None), ({"frozen": "batch_norm"}, "training.frozen")])
def test_the_engine_takes_networks_that_start_from_weights_and_trains_all_of_them(
    changes: dict[str, Any], lacking: str | None
) -> None:
    task = dataclasses.replace(TUNED, training=dataclasses.replace(TUNED.training, **changes))
    adam = make_entrant("Adam", "here")
    assert trainer_of("digits", task, adam, "auto") == ("engine" if lacking is None else "keras")
    if lacking is not None:
        with pytest.raises(ProtocolError, match=rf"task digits: the engine has no {lacking} = 'batch_norm'; set run"):
            trainer_of("digits", task, adam, "engine")


def test_a_pretraining_that_diverges_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ReproduceError, match=r"digits100 with Adam at rate 1e\+30 diverged at step \d.*lower pretrain"):
        pretrained(tmp_path, settings=dataclasses.replace(SETTINGS, rate=1e30))
    assert list(tmp_path.iterdir()) == []


def test_a_row_is_written_and_read_back(weights: Path) -> None:
    row = read_pretraining_row(weights)
    assert pretraining_row_from_dict(json.loads(json.dumps(row.to_dict()))) == row
    assert (row.schema, row.phase, row.diverged_at) == (PRETRAINING_SCHEMA, "pretrain", None)
    assert isinstance(row, PretrainingRow)
    assert isinstance(row.curve, TrainingCurve)
    for changes, words in (
        ({"validation_accuracy": 2}, "between 0 and 1"),
        ({"phase": "tune"}, "phase"),
        ({"new": 1}, "new"),
    ):
        with pytest.raises(ValueError, match=words):
            pretraining_row_from_dict({**row.to_dict(), **changes})
    with pytest.raises(ValueError, match=r"must be a table of keys and values; received \[\]"):
        pretraining_row_from_dict([])
