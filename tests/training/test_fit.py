import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from paper_optimizers import GraphOptimizer, from_text
from reproduce.data import Dataset
from reproduce.errors import ProtocolError
from reproduce.machine import backend_name
from reproduce.tasks.optimizers import Entrant
from reproduce.tasks.schedules import learning_rates
from reproduce.training.fit import Fit, first_failure
from reproduce.training.loop import cross_entropies
from reproduce.training.settings import RunLength, run_length
from tests.settings import MODEL, TRAINING, model_of
from tests.training.cases import ADAM, OPT7, SGD, digits, invented, losses, run, text, trainer, untimed

LSTM = model_of("char_lstm", depth=1)

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def data() -> Dataset:
    return digits()


@pytest.fixture(scope="module")
def adam(data: Dataset) -> Fit:
    return trainer(data)


def test_training_learns_and_is_measured(adam: Fit) -> None:
    measured = run(adam, 0.1, 1)
    assert measured.diverged_at is None
    assert measured.steps == 12
    assert measured.curve.train_loss[1] < measured.curve.train_loss[0]
    assert measured.validation_accuracy == measured.curve.validation_accuracy[-1] > 0.15
    assert measured.test_accuracy is not None
    assert measured.test_accuracy > 0.15
    assert (measured.weights, measured.precision) == ("scratch", "float32")
    assert run(adam, 0.1, 1, test=False).test_accuracy is None


def test_a_run_does_not_depend_on_those_before_it(adam: Fit, data: Dataset) -> None:
    first = untimed(run(adam, 0.1, 1))
    other = untimed(run(adam, 0.1, 2))
    run(adam, 1e6, 3)
    assert untimed(run(adam, 0.1, 1)) == first != other
    assert untimed(run(trainer(data), 0.1, 1)) == first


@pytest.mark.parametrize("entrant", [OPT7, Entrant("ScheduleFreeAdamW", "keras", None)], ids=lambda each: each.name)
def test_an_optimizer_with_decays_or_weights_of_its_own_starts_afresh_too(entrant: Entrant) -> None:
    made = trainer(invented(), entrant, training={"batch_size": 8})
    first = untimed(run(made, 0.1, 1, entrant))
    run(made, 10.0, 2, entrant)
    assert untimed(run(made, 0.1, 1, entrant)) == first


def test_masks_of_an_optimizer_with_dropout_follow_the_seed() -> None:
    data, spec = invented(), from_text("None ~ drop(g, 0.5)")

    def trained(seed: int) -> object:
        made = Fit(MODEL, replace(TRAINING, batch_size=8), data, lambda length: GraphOptimizer(spec, 0.1))
        return untimed(made.run(np.full(made.length.total_steps, 0.1, np.float32), seed, test=True))

    assert trained(1) == trained(1) != trained(2)


def test_every_optimizer_sees_the_same_weights_and_batches(adam: Fit, data: Dataset) -> None:
    sgd = trainer(data, SGD)
    # At so low a rate nothing moves, so the losses are those of the common start.
    both = [losses(run(adam, 1e-12, 5)), losses(run(sgd, 1e-12, 5, SGD))]
    np.testing.assert_allclose(both[0], both[1], rtol=1e-5)
    assert abs(losses(run(adam, 1e-12, 6))[0] - both[0][0]) > 1e-4


def test_divergence_is_typed_and_stops_the_run() -> None:
    made = trainer(invented(), SGD, training={"batch_size": 8})
    measured = run(made, 1e30, 1, SGD)
    assert measured.diverged_at is not None
    assert 1 <= measured.diverged_at <= 6
    assert measured.validation_accuracy is measured.test_accuracy is None
    assert all(np.isfinite(measured.curve.train_loss))


def test_where_a_loss_first_failed() -> None:
    ones = np.ones(4, np.float32)
    assert first_failure(ones, 1.0) is None
    assert first_failure(np.array([1, np.inf, np.nan, 1], np.float32), 1.0) == 1
    assert first_failure(ones, float("nan")) == 4


def test_the_steps_of_a_run_are_whole_batches_or_as_many_as_asked_for() -> None:
    assert run_length(TRAINING, 809) == RunLength(12, 2, 0)
    made = trainer(invented(), training={"batch_size": 8, "steps_per_epoch": 5})
    assert made.length.total_steps == 10
    orders = np.concatenate(list(made._orders(0, 5)))
    assert orders.shape == (10, 8)
    for first in (0, 3, 6):  # Each pass over 24 samples is a permutation of them, whatever the epochs.
        assert sorted(orders[first : first + 3].ravel()) == list(range(24))


def test_cross_entropy_by_hand() -> None:
    logits = np.array([[0.0, 0.0], [1000.0, 0.0], [np.inf, 0.0], [np.nan, 1.0]])
    values = cross_entropies(logits, np.array([0, 1, 0, 0], np.int32))
    assert values[:2] == pytest.approx([np.log(2), 1000.0])
    assert np.isnan(values[2:]).all()


def test_the_loop_is_what_keras_fit_does(data: Dataset) -> None:
    import keras

    made = trainer(data, model={"dropout": 0.0})
    ours = run(made, 0.05, 4)
    made._state.reset(4)
    rates = learning_rates(ADAM, 0.05, made.length)

    class SetRate(keras.callbacks.Callback):
        step = 0

        def on_train_batch_begin(self, batch, logs=None) -> None:
            self.model.optimizer.learning_rate = float(rates[self.step])
            self.step += 1

    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    network = made._state._network
    network.compile(keras.optimizers.Adam(0.05), loss, metrics=["accuracy"])
    setter = SetRate()
    for epoch, order in enumerate(made._orders(4, 6)):
        images, labels = data.train.inputs[order.ravel()], data.train.labels[order.ravel()]
        history = network.fit(images, labels, batch_size=128, shuffle=False, verbose=0, callbacks=[setter]).history
        assert history["loss"][0] == pytest.approx(ours.curve.train_loss[epoch], rel=2e-3)
        assert history["accuracy"][0] == pytest.approx(ours.curve.train_accuracy[epoch], abs=0.01)
    part = data.validation
    _, accuracy = network.evaluate(part.inputs, part.labels, batch_size=len(part), verbose=0)
    assert accuracy == pytest.approx(ours.validation_accuracy, abs=0.02)


def test_text_is_trained_and_measured_by_character() -> None:
    made = trainer(text(), model=LSTM, training={"batch_size": 8, "epochs": 8})
    measured = run(made, 0.1, 1)
    assert measured.test_accuracy == measured.validation_accuracy == 1.0
    assert 0 < measured.curve.train_accuracy[0] < measured.curve.train_accuracy[-1] <= 1
    assert measured.curve.train_loss[0] > 1 > measured.curve.train_loss[-1]


@pytest.mark.parametrize(
    ("training", "words"),
    [
        ({"batch_size": 25}, "batch_size is 25 and invented has 24"),
        ({"batch_size": 8, "frozen": "backbone"}, "frozen is 'backbone'.*drawn at random"),
    ],
)
def test_what_cannot_be_trained_is_named(training: dict[str, object], words: str) -> None:
    with pytest.raises(ProtocolError, match=words):
        trainer(invented(), training=training)


def test_text_is_not_augmented() -> None:
    with pytest.raises(ProtocolError, match="circle is text"):
        trainer(text(), model=LSTM, training={"batch_size": 8, "augmentations": ("flip",)})


_OTHER = """
import json
from tests.training.cases import OPT7, digits, invented, losses, run, trainer
masked = trainer(invented(), OPT7, training={"batch_size": 8})
print(json.dumps([losses(run(masked, 0.05, seed, OPT7)).tolist() for seed in (1, 1, 2)]))
made = trainer(digits(), OPT7, model={"dropout": 0.0})
runs = [losses(run(made, 0.05, 4, OPT7)).tolist() for _ in range(2)]
print(json.dumps([*runs, run(made, 1e38, 4, OPT7).diverged_at is not None]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("backend", sorted({"tensorflow", "jax", "torch"} - {backend_name()}))
def test_backends_agree(backend: str, data: Dataset) -> None:
    pytest.importorskip(backend)
    environment = {**os.environ, "KERAS_BACKEND": backend, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", _OTHER]
    output = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout
    masked, plain = map(json.loads, output.splitlines())
    assert masked[0] == masked[1] != masked[2], "masks of dropout follow the seed"
    first, second, diverged = plain
    ours = losses(run(trainer(data, OPT7, model={"dropout": 0.0}), 0.05, 4, OPT7))
    np.testing.assert_allclose(first, ours, rtol=2e-3)
    np.testing.assert_allclose(second, first, rtol=1e-3)
    assert diverged
