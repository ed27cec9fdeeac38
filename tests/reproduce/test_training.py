import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from reproduce.data import Dataset, load_dataset
from reproduce.errors import ProtocolError
from reproduce.machine import backend_name, device_name, versions
from reproduce.study.optimizers import KERAS, Entrant, RunLength, make_optimizer, roster
from reproduce.study.protocol import OptimizerSettings
from reproduce.study.rows import Diverged, Finished
from reproduce.training.trainer import Trainer, cross_entropies, first_failure, glorot_uniform, peak_rates, run_length
from tests.reproduce.cases import TINY

ADAM = Entrant("Adam", "keras", None)
SGD = Entrant("SGD", "keras", None)
OPT7 = Entrant("Opt7", "catalog", None)


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load_dataset(TINY.data(None))


@pytest.fixture(scope="module")
def adam(digits: Dataset) -> Trainer:
    return Trainer(TINY, digits, ADAM)


def untimed(measured: object) -> dict[str, object]:
    return {**vars(measured), "seconds": None}


def test_training_learns_and_is_measured(adam: Trainer) -> None:
    measured = adam.run(0.1, 1, test=True)
    assert measured.outcome == Finished()
    assert measured.steps == 12
    assert measured.curve.train_loss[1] < measured.curve.train_loss[0]
    assert measured.validation_accuracy == measured.curve.validation_accuracy[-1] > 0.15
    assert measured.test_accuracy is not None
    assert measured.test_accuracy > 0.15
    assert adam.run(0.1, 1, test=False).test_accuracy is None


def test_a_run_does_not_depend_on_those_before_it(adam: Trainer, digits: Dataset) -> None:
    first = untimed(adam.run(0.1, 1, test=True))
    other = untimed(adam.run(0.1, 2, test=True))
    adam.run(1e6, 3, test=True)
    assert untimed(adam.run(0.1, 1, test=True)) == first != other
    assert untimed(Trainer(TINY, digits, ADAM).run(0.1, 1, test=True)) == first


def test_a_spec_with_decays_and_state_starts_afresh_too(digits: Dataset) -> None:
    trainer = Trainer(TINY, digits, OPT7)
    first = untimed(trainer.run(1.0, 1, test=True))
    trainer.run(10.0, 2, test=True)
    assert untimed(trainer.run(1.0, 1, test=True)) == first


def test_every_optimizer_sees_the_same_weights_and_batches(adam: Trainer, digits: Dataset) -> None:
    sgd = Trainer(TINY, digits, SGD)
    # At so low a rate nothing moves, so the losses are those of the common start.
    losses = [trainer.run(1e-12, 5, test=False).curve.train_loss for trainer in (adam, sgd)]
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-5)
    other = adam.run(1e-12, 6, test=False).curve.train_loss
    assert abs(other[0] - losses[0][0]) > 1e-4


def test_divergence_is_typed_and_stops_the_run(digits: Dataset) -> None:
    measured = Trainer(TINY, digits, SGD).run(1e30, 1, test=True)
    assert isinstance(measured.outcome, Diverged)
    assert 1 <= measured.outcome.step <= 12
    assert measured.validation_accuracy is measured.test_accuracy is None
    assert all(np.isfinite(measured.curve.train_loss))


def test_where_a_loss_first_failed() -> None:
    ones = np.ones(4, np.float32)
    assert first_failure(ones, 1.0) is None
    assert first_failure(np.array([1, np.inf, np.nan, 1], np.float32), 1.0) == 1
    assert first_failure(ones, float("nan")) == 4


def test_rates_warm_up_and_fall() -> None:
    rates = peak_rates(0.5, RunLength(100, 10, 20))
    assert rates.dtype == np.float32
    assert rates[0] == 0
    assert rates[10:31] == pytest.approx(0.5)
    assert rates[-1] < 0.001
    assert run_length(TINY.training, 809) == RunLength(12, 2, 0)


def test_initial_kernels_are_glorots() -> None:
    kernel = glorot_uniform((3, 3, 4, 8), np.random.default_rng(0))
    assert np.abs(kernel).max() == pytest.approx((6 / (9 * 12)) ** 0.5, rel=0.02)
    assert np.abs(glorot_uniform((100, 50), np.random.default_rng(0))).max() == pytest.approx(0.2, rel=0.01)


def test_cross_entropy_by_hand() -> None:
    logits = np.array([[0.0, 0.0], [1000.0, 0.0], [np.inf, 0.0], [np.nan, 1.0]])
    values = cross_entropies(logits, np.array([0, 1, 0, 0], np.int32))
    assert values[:2] == pytest.approx([np.log(2), 1000.0])
    assert np.isnan(values[2:]).all()


def test_the_loop_is_what_keras_fit_does(digits: Dataset) -> None:
    import keras

    protocol = dataclasses.replace(TINY, model=dataclasses.replace(TINY.model, dropout=0.0))
    trainer = Trainer(protocol, digits, ADAM)
    ours = trainer.run(0.05, 4, test=False)
    trainer._reset(4)
    rates = peak_rates(0.05, run_length(TINY.training, len(digits.train)))

    class SetRate(keras.callbacks.Callback):
        step = 0

        def on_train_batch_begin(self, batch, logs=None) -> None:
            self.model.optimizer.learning_rate = float(rates[self.step])
            self.step += 1

    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    trainer._model.compile(keras.optimizers.Adam(0.05), loss, metrics=["accuracy"])
    setter = SetRate()
    for epoch, order in enumerate(trainer._orders(4)):
        images, labels = digits.train.inputs[order.ravel()], digits.train.labels[order.ravel()]
        history = trainer._model.fit(
            images, labels, batch_size=128, shuffle=False, verbose=0, callbacks=[setter]
        ).history
        assert history["loss"][0] == pytest.approx(ours.curve.train_loss[epoch], rel=2e-3)
        assert history["accuracy"][0] == pytest.approx(ours.curve.train_accuracy[epoch], abs=0.01)
    part = digits.validation
    _, accuracy = trainer._model.evaluate(part.inputs, part.labels, batch_size=len(part), verbose=0)
    assert accuracy == pytest.approx(ours.validation_accuracy, abs=0.02)


@pytest.mark.parametrize("name", KERAS)
def test_each_keras_baseline_is_made_with_a_settable_rate(name: str) -> None:
    optimizer = make_optimizer(Entrant(name, "keras", None), RunLength(10, 1, 0), rate=0.25)
    assert float(optimizer.learning_rate) == 0.25
    optimizer.learning_rate = 0.5
    assert float(optimizer.learning_rate) == 0.5


def test_a_spec_is_made_with_a_settable_rate_and_the_run_it_follows() -> None:
    optimizer = make_optimizer(Entrant("Opt9", "catalog", None), RunLength(10, 2, 1), rate=0.25)
    optimizer.learning_rate = 0.5
    assert float(optimizer.learning_rate) == 0.5
    assert (optimizer.total_steps, optimizer.warmup_steps, optimizer.hold_steps) == (10, 2, 1)


def test_the_roster_has_fingerprints_of_specs_alone() -> None:
    entrants = roster(OptimizerSettings(("Opt1", "A1"), ("SGD", "Adam"), "Adam"))
    assert [entrant.kind for entrant in entrants] == ["catalog", "catalog", "keras", "keras"]
    assert [entrant.fingerprint is None for entrant in entrants] == [False, False, True, True]


@pytest.mark.parametrize(
    ("catalog", "keras", "name"), [(("Opt11",), ("Adam",), "Opt11"), ((), ("Adam", "Adan"), "Adan")]
)
def test_unknown_optimizers_are_named(catalog: tuple[str, ...], keras: tuple[str, ...], name: str) -> None:
    with pytest.raises(ProtocolError, match=name):
        roster(OptimizerSettings(catalog, keras, "Adam"))


def test_the_machine_is_named() -> None:
    assert device_name()
    found = versions(backend_name())
    assert {"python", "keras", "numpy"} <= set(found)
    assert any(backend_name() in name for name in found)


_OTHER = """
import dataclasses, json
from reproduce.data import load_dataset
from reproduce.study.optimizers import Entrant
from reproduce.training.trainer import Trainer
from tests.reproduce.cases import TINY
protocol = dataclasses.replace(TINY, model=dataclasses.replace(TINY.model, dropout=0.0))
trainer = Trainer(protocol, load_dataset(protocol.data(None)), Entrant("Opt7", "catalog", None))
runs = [trainer.run(0.05, 4, test=True) for _ in range(2)]
diverged = trainer.run(1e38, 4, test=True)
print(json.dumps([*(run.curve.train_loss for run in runs), type(diverged.outcome).__name__]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("backend", sorted({"tensorflow", "jax", "torch"} - {backend_name()}))
def test_backends_agree(backend: str, digits: Dataset) -> None:
    pytest.importorskip(backend)
    environment = {**os.environ, "KERAS_BACKEND": backend, "OMP_NUM_THREADS": "1"}
    output = subprocess.run(
        [sys.executable, "-c", _OTHER],
        cwd=Path(__file__).resolve().parents[2],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    ).stdout
    first, second, outcome = json.loads(output)
    protocol = dataclasses.replace(TINY, model=dataclasses.replace(TINY.model, dropout=0.0))
    ours = Trainer(protocol, digits, OPT7).run(0.05, 4, test=False).curve.train_loss
    np.testing.assert_allclose(first, ours, rtol=2e-3)
    np.testing.assert_allclose(second, first, rtol=1e-3)
    assert outcome == "Diverged"
